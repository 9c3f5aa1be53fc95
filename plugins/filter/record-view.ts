// One record as conditions ask about it; set to the next record instead of made again.

import { fieldNumber } from './c-number.js'
import { trimmedEnd } from './field-scan.js'
import { RegexpSet } from './regexp-set.js'
import type { FieldScan } from './field-scan.js'
import type { Interpretations } from './interpretations.js'
import type { RecordHeader } from './record-header.js'
import type { RegexpNode } from './regexp-syntax.js'

const ENRICHED_SEPARATOR = '\x1d'
const NUL = '\0'
const UNKNOWN = -1
const ZERO = 0x30
const NINE = 0x39
/** A number of as many digits has 32 bits for sure. */
const SAFE_DIGITS = 9

/** Whether no interpretation escaped anything to come to a text: it has neither a control character nor a backslash. */
export function isPlain(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- these are what is escaped
  return !/[\x00-\x1f\\]/.test(text)
}

/** What a view needs besides the record. */
export interface ViewParts {
  readonly header: RecordHeader
  readonly scan: FieldScan
  readonly interpretations: Interpretations
  readonly regexps: readonly RegexpNode[]
  /** Texts of which a record has to have one for any of the expressions to match; undefined if there are none. */
  readonly literals: readonly string[] | undefined
  /** Whether SELinux's words without names are fields. */
  readonly hasWords: boolean
}

/** For records of one type. */
export class RecordView {
  readonly header: RecordHeader
  readonly scan: FieldScan
  readonly #parts: ViewParts
  readonly #typeSlot: number
  readonly #nodeSlot: number
  readonly #found: Uint8Array
  readonly #isEmpty: boolean
  /** By slot: the record whose number is known, and the number. */
  readonly #numberIn: Float64Array
  readonly #numbers: Float64Array
  /** Made when a record has one of the literals: most types never have. */
  #regexps: RegexpSet | undefined
  #record = 0
  #isSearched = false
  #end = UNKNOWN
  #bytes: Uint8Array = new Uint8Array(0)

  constructor(parts: ViewParts) {
    const { names } = parts.scan
    this.#parts = parts
    this.header = parts.header
    this.scan = parts.scan
    this.#isEmpty = names.length === 0
    this.#typeSlot = names.indexOf('type')
    this.#nodeSlot = names.indexOf('node')
    this.#found = new Uint8Array(parts.regexps.length)
    this.#numberIn = new Float64Array(names.length)
    this.#numbers = new Float64Array(names.length)
  }

  /** Takes the next record, whose header was read. */
  set(bytes: Uint8Array): void {
    const { scan, header, hasWords, interpretations } = this.#parts
    this.#bytes = bytes
    this.#record += 1
    this.#isSearched = false
    this.#end = UNKNOWN
    if (this.#isEmpty) return
    const { text, nodeStart, nodeEnd, typeStart, typeEnd } = header
    interpretations.begin(header)
    scan.begin(text, header.bodyStart, this.#subjectEnd(), hasWords)
    if (this.#nodeSlot !== -1 && nodeEnd > nodeStart)
      scan.put(this.#nodeSlot, text, nodeStart, trimmedEnd(text, nodeStart, nodeEnd))
    if (this.#typeSlot !== -1) scan.put(this.#typeSlot, text, typeStart, trimmedEnd(text, typeStart, typeEnd))
  }

  has(slot: number): boolean {
    return this.scan.has(slot)
  }

  isRaw(slot: number, wanted: string): boolean {
    const start = this.scan.start(slot)
    return this.scan.end(slot) - start === wanted.length && this.scan.source(slot).startsWith(wanted, start)
  }

  /** `isWantedPlain`: the wanted text is one that is never the result of an escape. */
  isInterpreted(slot: number, wanted: string, isWantedPlain: boolean): boolean {
    const end = isWantedPlain ? this.quotedEnd(slot) : -1
    if (end === -1) return this.interpreted(slot) === wanted
    const start = this.scan.start(slot) + 1
    return end - start === wanted.length && this.scan.source(slot).startsWith(wanted, start)
  }

  /** Up to where a quoted value means what stands in it; -1 if it has to be interpreted. */
  quotedEnd(slot: number): number {
    return this.#parts.interpretations.quotedEnd(slot)
  }

  interpreted(slot: number): string {
    return this.#parts.interpretations.text(slot)
  }

  number(slot: number): number {
    const known = this.#numbers[slot]
    if (known !== undefined && this.#numberIn[slot] === this.#record) return known
    const number = this.#readNumber(slot)
    this.#numberIn[slot] = this.#record
    this.#numbers[slot] = number
    return number
  }

  /** Whether a regular expression matches; all are looked for at the first question. */
  matches(index: number): boolean {
    if (!this.#isSearched) {
      this.#isSearched = true
      if (this.#mayMatch()) this.#search()
      else this.#found.fill(0)
    }
    return this.#found[index] === 1
  }

  #search(): void {
    this.#regexps ??= new RegexpSet(this.#parts.regexps)
    this.#regexps.search(this.#bytes, this.#subjectEnd(), this.#found)
  }

  #readNumber(slot: number): number {
    const source = this.scan.source(slot)
    const start = this.scan.start(slot)
    const end = this.scan.end(slot)
    let number = 0
    for (let at = start; at < end; at++) {
      const byte = source.charCodeAt(at)
      if (byte < ZERO || byte > NINE || at - start >= SAFE_DIGITS) return fieldNumber(source.slice(start, end))
      number = number * 10 + byte - ZERO
    }
    return number
  }

  #mayMatch(): boolean {
    const { literals } = this.#parts
    if (literals === undefined) return true
    for (let index = 0; index < literals.length; index++)
      if (this.header.text.includes(literals[index] ?? '')) return true
    return false
  }

  /** Where the record ends for an expression. */
  #subjectEnd(): number {
    if (this.#end !== UNKNOWN) return this.#end
    const { text } = this.header
    const separator = text.indexOf(ENRICHED_SEPARATOR)
    const nul = text.indexOf(NUL)
    const end = nul === -1 ? text.length : nul
    this.#end = separator === -1 ? end : Math.min(end, separator)
    return this.#end
  }
}
