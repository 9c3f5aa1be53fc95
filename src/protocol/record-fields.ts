// One record, read into its fields when somebody asks for them. Whether it is a record at all, its node, type, time and
// serial are looked at first, in a bounded number of bytes; the rest is scanned once, at the first question about it.

import { isAscii } from 'node:buffer'
import { RecordField } from './record-field.js'
import type { FieldSource } from './record-field.js'
import { bodySpans, enrichedSpans } from './record-field-spans.js'
import type { BodySpans } from './record-field-spans.js'
import { recordTypeNumber } from './record-type.js'

/** A node of up to 255 bytes, a type and a time take a third of this. */
const MAX_HEADER_BYTES = 1024
// Blanks and the rest exclude each other everywhere: there is one way to match, and it is found in one pass. Without its
// colon auditd 2.8.5 writes DAEMON_CONFIG.
const HEADER = /^(?:node=([^ ]*) )?type=([^ ]+) msg=audit\((\d{1,12})\.(\d{1,3}):(\d{1,16})\):? ?/
/** Between what the kernel wrote and what auditd added. */
const ENRICHED_SEPARATOR = 0x1d
/** Between the keys of a rule that has several. */
const KEY_SEPARATOR = '\x01'
/** Between the arguments in a process title. */
const TITLE_SEPARATOR = '\0'
const NO_KEY = '(null)'

/** What stands before a record's fields. */
interface Header {
  readonly node: string
  readonly typeName: string
  readonly seconds: number
  readonly millis: number
  readonly serial: number
  readonly length: number
}

/** A record: `[node=NAME ]type=TYPE msg=audit(SECONDS.MILLIS:SERIAL): key=value ...`. Made by `readRecord`. */
export class AuditRecord {
  readonly #headerBytes: number
  #body: FieldSource | undefined
  #spans: BodySpans | undefined
  #fields: readonly RecordField[] | undefined
  #firsts: ReadonlyMap<string, RecordField> | undefined
  #enriched: readonly RecordField[] | undefined
  #enrichedFirsts: ReadonlyMap<string, RecordField> | undefined
  /** The whole record as it came, without LF: a view of what `readRecord` was given. */
  readonly bytes: Buffer
  /** The machine it came from; empty if the record does not say. */
  readonly node: string
  /** The name after `type=` as it is written, such as `SYSCALL` or `UNKNOWN[1423]`. */
  readonly typeName: string
  /** The number of the type, from the kernel's and libaudit's tables; 4294967295 for a name that is in neither. */
  readonly type: number
  /** Seconds since the epoch, whole ones. */
  readonly seconds: number
  /** The milliseconds after them, 0 to 999. */
  readonly millis: number
  /** What tells the event from others of the same time. The kernel counts in 32 bits; up to 2^53-1 is read. */
  readonly serial: number

  constructor(bytes: Buffer, header: Header) {
    this.bytes = bytes
    this.#headerBytes = header.length
    this.node = header.node
    this.typeName = header.typeName
    this.type = recordTypeNumber(header.typeName)
    this.seconds = header.seconds
    this.millis = header.millis
    this.serial = header.serial
  }

  /** Milliseconds since the epoch, as `Date` takes them. */
  get timeMs(): number {
    return this.seconds * 1000 + this.millis
  }

  /** What follows `msg=audit(...):`, without the enriched part. Bytes that are not UTF-8 become U+FFFD. */
  get body(): string {
    return this.#bodySource().bytes.toString('utf8')
  }

  /** What a user-space program said: the text between the single quotes of `msg='...'`; undefined if there is none. */
  get message(): string | undefined {
    const { message } = this.#bodySpans()
    return message && this.#bodySource().bytes.toString('utf8', message.start, message.end)
  }

  /** Every field in its order, repeated ones too; those of `msg='...'` stand in its place. */
  fields(): readonly RecordField[] {
    this.#fields ??= this.#bodySpans().fields.map((span) => new RecordField(this.#bodySource(), span))
    return this.#fields
  }

  /** The first field of this name. The kernel's own fields stand before a program's. */
  field(key: string): RecordField | undefined {
    this.#firsts ??= firstOfEach(this.fields())
    return this.#firsts.get(key)
  }

  /** The value of the first field of this name as it is written, without quotes. */
  get(key: string): string | undefined {
    return this.field(key)?.value
  }

  /** The decoded value of the first field of this name: see `RecordField.text`. */
  text(key: string): string | undefined {
    return this.field(key)?.text
  }

  /** The keys (`auditctl -k`) of the rule that asked for this record: none, one or several. */
  ruleKeys(): readonly string[] {
    const field = this.field('key')
    if (field === undefined || (!field.isQuoted && field.value === NO_KEY)) return []
    return field.text.split(KEY_SEPARATOR)
  }

  /** The arguments in a PROCTITLE record's `proctitle`. The kernel cuts the title at 128 bytes, so the last may be cut. */
  titleArguments(): readonly string[] | undefined {
    const text = this.text('proctitle')
    return text?.replace(/\0$/, '').split(TITLE_SEPARATOR)
  }

  /** What auditd added with `log_format = ENRICHED`: `SYSCALL`, `ARCH`, `AUID`, `SADDR` and so on. */
  enrichedFields(): readonly RecordField[] {
    this.#enriched ??= this.#readEnriched()
    return this.#enriched
  }

  /** The decoded value of an enriched field, such as the user's name for `AUID`; undefined if auditd added none. */
  enriched(key: string): string | undefined {
    this.#enrichedFirsts ??= firstOfEach(this.enrichedFields())
    return this.#enrichedFirsts.get(key)?.text
  }

  #bodySpans(): BodySpans {
    this.#spans ??= bodySpans(this.#bodySource().text)
    return this.#spans
  }

  #bodySource(): FieldSource {
    this.#body ??= this.#source(this.#headerBytes, this.#separatorAt() ?? this.bytes.length, false)
    return this.#body
  }

  #readEnriched(): readonly RecordField[] {
    const separatorAt = this.#separatorAt()
    if (separatorAt === undefined) return []
    const source = this.#source(separatorAt + 1, this.bytes.length, true)
    return enrichedSpans(source.text).map((span) => new RecordField(source, span))
  }

  #separatorAt(): number | undefined {
    const at = this.bytes.indexOf(ENRICHED_SEPARATOR, this.#headerBytes)
    return at === -1 ? undefined : at
  }

  #source(start: number, end: number, isEnriched: boolean): FieldSource {
    const bytes = this.bytes.subarray(start, end)
    return { bytes, text: bytes.toString('latin1'), isAscii: isAscii(bytes), isEnriched, type: this.type }
  }
}

/**
 * Reads a textual record without its LF; a string is read as UTF-8. Undefined for what is not a record: no
 * `[node=NAME ]type=TYPE msg=audit(SECONDS.MILLIS:SERIAL)` at its beginning, one of more than 1024 bytes, or a time or a
 * serial of more digits than can be kept exactly. The bytes are not copied: do not change them afterwards.
 */
export function readRecord(line: Buffer | string, start = 0, end = line.length): AuditRecord | undefined {
  const bytes = typeof line === 'string' ? Buffer.from(line.slice(start, end)) : line.subarray(start, end)
  const header = readHeader(bytes)
  return header && new AuditRecord(bytes, header)
}

function readHeader(bytes: Buffer): Header | undefined {
  const found = HEADER.exec(bytes.toString('latin1', 0, MAX_HEADER_BYTES))
  if (found === null) return undefined
  const [{ length }, node = '', typeName = '', seconds, millis, digits] = found
  const serial = Number(digits)
  if (!Number.isSafeInteger(serial)) return undefined
  return {
    node: node === '' ? '' : Buffer.from(node, 'latin1').toString('utf8'),
    typeName,
    seconds: Number(seconds),
    millis: Number(millis),
    serial,
    length,
  }
}

function firstOfEach(fields: readonly RecordField[]): ReadonlyMap<string, RecordField> {
  const firsts = new Map<string, RecordField>()
  for (const field of fields) if (!firsts.has(field.key)) firsts.set(field.key, field)
  return firsts
}
