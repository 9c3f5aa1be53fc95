import { decodeHex, isEncodedBytes, isEncodedEnriched, isEncodedText } from './record-field-encoding.js'
import type { FieldSpan } from './record-field-spans.js'

/** What a field is read out of: the record's body, or its enriched part. */
export interface FieldSource {
  readonly bytes: Buffer
  /** The same, one character a byte, so that offsets in it are offsets in the bytes. */
  readonly text: string
  readonly isAscii: boolean
  readonly isEnriched: boolean
  /** The number of the record's type. */
  readonly type: number
}

/** One `key=value` of a record. Its value is looked at when it is asked for. */
export class RecordField {
  readonly #source: FieldSource
  readonly #span: FieldSpan

  constructor(source: FieldSource, span: FieldSpan) {
    this.#source = source
    this.#span = span
  }

  /** The name before the `=`. */
  get key(): string {
    const { key } = this.#span
    return this.#source.isAscii ? key : Buffer.from(key, 'latin1').toString('utf8')
  }

  /** The value as it is written, without the double quotes around it; hex digits stay. Bytes that are not UTF-8 become U+FFFD. */
  get value(): string {
    const { start, end } = this.#span
    return this.#source.isAscii ? this.#source.text.slice(start, end) : this.#source.bytes.toString('utf8', start, end)
  }

  /** Whether double quotes stood around the value. */
  get isQuoted(): boolean {
    return this.#span.isQuoted
  }

  /** Whether a user-space program wrote it, between the single quotes of `msg='...'`. The kernel vouches for the others. */
  get isNested(): boolean {
    return this.#span.isNested
  }

  /**
   * The value decoded. Hex is decoded only in fields which audit encodes, as the field dictionary of the audit project has
   * them (`comm`, `exe`, `name`, `cwd`, `key`, `acct`, `proctitle`, the arguments in EXECVE, `data` in TTY and others), and
   * there only an even number of upper-case digits without quotes: a word that looks like hex, bare in such a field, is
   * hex, as audit would have quoted the word. Anything else is as in `value`.
   */
  get text(): string {
    const { value } = this
    return this.#isEncoded(isEncodedText) ? (decodeHex(value)?.toString('utf8') ?? value) : value
  }

  /** The same as bytes: for a text that is not UTF-8, and for `saddr`, an address in the kernel's form and no text. */
  get bytes(): Buffer {
    const { start, end } = this.#span
    const decoded = this.#isEncoded(isEncodedBytes) ? decodeHex(this.value) : undefined
    return decoded ?? this.#source.bytes.subarray(start, end)
  }

  #isEncoded(inBody: (key: string, type: number) => boolean): boolean {
    const { isQuoted, key } = this.#span
    if (isQuoted) return false
    return this.#source.isEnriched ? isEncodedEnriched(key) : inBody(key, this.#source.type)
  }
}
