// One record as conditions ask about it; set to the next record instead of made again.

import { fieldNumber } from './c-number.js'
import { allFields, latin1, trimmedEnd } from './field-scan.js'
import type { FieldScan } from './field-scan.js'
import type { Interpretations } from './interpretations.js'
import type { RecordHeader } from './record-header.js'
import type { RegexpSet } from './regexp-set.js'

const ENRICHED_SEPARATOR = 0x1d
const NUL = 0
const UNKNOWN = -1
const ZERO = 0x30
const NINE = 0x39
/** A number of as many digits has 32 bits for sure. */
const SAFE_DIGITS = 9

/** A text as bytes, if no interpretation escaped anything to come to it; undefined if it has a control character or a backslash. */
export function plainBytes(text: string): Uint8Array | undefined {
  // oxlint-disable-next-line no-control-regex -- these are what is escaped
  return /[\x00-\x1f\\]/.test(text) ? undefined : Buffer.from(text, 'latin1')
}

/** What a view needs besides the record. */
export interface ViewParts {
  readonly header: RecordHeader
  readonly scan: FieldScan
  readonly interpretations: Interpretations
  readonly regexps: RegexpSet | undefined
  readonly regexpCount: number
  /** Whether SELinux's words without names are fields. */
  readonly hasWords: boolean
  /** Whether what auditd added matters. */
  readonly isInterpreted: boolean
}

/** For records of one type. */
export class RecordView {
  readonly header: RecordHeader
  readonly scan: FieldScan
  readonly #parts: ViewParts
  readonly #typeSlot: number
  readonly #found: Uint8Array
  readonly #isEmpty: boolean
  #isSearched = false
  #end = UNKNOWN
  #bytes: Uint8Array = new Uint8Array(0)

  constructor(parts: ViewParts) {
    this.#parts = parts
    this.header = parts.header
    this.scan = parts.scan
    this.#isEmpty = parts.scan.names.length === 0
    this.#typeSlot = parts.scan.names.indexOf('type')
    this.#found = new Uint8Array(parts.regexpCount)
  }

  get bytes(): Uint8Array {
    return this.#bytes
  }

  get bodyStart(): number {
    return this.header.bodyStart
  }

  /** Takes the next record, whose header was read. */
  set(bytes: Uint8Array): void {
    const { scan, header, hasWords, isInterpreted, interpretations } = this.#parts
    this.#bytes = bytes
    this.#isSearched = false
    this.#end = UNKNOWN
    if (this.#isEmpty) return
    interpretations.begin()
    scan.begin()
    if (hasWords) scan.take(allFields(bytes))
    else {
      scan.putNode(bytes, header.nodeStart, header.nodeEnd)
      if (this.#typeSlot !== -1) {
        scan.put(this.#typeSlot, bytes, header.typeStart, trimmedEnd(bytes, header.typeStart, header.typeEnd))
      }
      const end = scan.scan(bytes, header.bodyStart, isInterpreted)
      if (isInterpreted) this.#end = end
    }
    const end = isInterpreted ? this.#subjectEnd() : UNKNOWN
    if (bytes[end] === ENRICHED_SEPARATOR) scan.scanAdded(bytes, end + 1)
  }

  has(slot: number): boolean {
    return this.scan.has(slot)
  }

  isRaw(slot: number, wanted: Uint8Array): boolean {
    return isSame(this.scan.source(slot), this.scan.start(slot), this.scan.end(slot), wanted)
  }

  /** `plain`: the wanted text as bytes, if it is one that is never the result of an escape. */
  isInterpreted(slot: number, wanted: string, plain: Uint8Array | undefined): boolean {
    const end = plain === undefined ? -1 : this.quotedEnd(slot)
    if (plain === undefined || end === -1) return this.interpreted(slot) === wanted
    return isSame(this.scan.source(slot), this.scan.start(slot) + 1, end, plain)
  }

  /** Up to which byte a quoted value means what stands in it; -1 if it has to be interpreted. */
  quotedEnd(slot: number): number {
    return this.#parts.interpretations.quotedEnd(slot)
  }

  interpreted(slot: number): string {
    return this.#parts.interpretations.text(slot, this)
  }

  number(slot: number): number {
    const source = this.scan.source(slot)
    const start = this.scan.start(slot)
    const end = this.scan.end(slot)
    let number = 0
    for (let at = start; at < end; at++) {
      const byte = source[at] ?? NUL
      if (byte < ZERO || byte > NINE || at - start >= SAFE_DIGITS) return fieldNumber(latin1(source, start, end))
      number = number * 10 + byte - ZERO
    }
    return number
  }

  /** Whether a regular expression matches; all are looked for at the first question. */
  matches(index: number): boolean {
    if (!this.#isSearched) {
      this.#isSearched = true
      this.#parts.regexps?.search(this.#bytes, this.#subjectEnd(), this.#found)
    }
    return this.#found[index] === 1
  }

  /** Where the record ends for an expression. */
  #subjectEnd(): number {
    if (this.#end !== UNKNOWN) return this.#end
    const bytes = this.#bytes
    const separator = bytes.indexOf(ENRICHED_SEPARATOR)
    const nul = bytes.indexOf(NUL)
    const end = nul === -1 ? bytes.length : nul
    this.#end = separator === -1 ? end : Math.min(end, separator)
    return this.#end
  }
}

function isSame(bytes: Uint8Array, start: number, end: number, wanted: Uint8Array): boolean {
  if (end - start !== wanted.length) return false
  for (let at = 0; at < wanted.length; at++) if (bytes[start + at] !== wanted[at]) return false
  return true
}
