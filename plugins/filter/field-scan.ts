// Finds the fields that somebody wants in a record, each the first of its name, without making strings: where a value
// stands is two numbers. What a field is has to be what `auparseFields` says, to the byte; a test holds both against each
// other. SELinux's words without names are not read here: see `take`.

import { auparseFields } from '../../src/sdk/interpret/auparse-fields.js'
import { keyValues } from '../../src/sdk/interpret/rule-keys.js'
import { NameTable } from './name-table.js'
import type { AuparseFields } from '../../src/sdk/interpret/auparse-fields.js'

const BLANK = 0x20
const EQUALS = 0x3d
const QUOTE = 0x22
const APOSTROPHE = 0x27
const OPENING = 0x28
const CLOSING = 0x29
const COLON = 0x3a
const COMMA = 0x2c
const LETTER_A = 0x61
const NUL = 0
const ENRICHED_SEPARATOR = 0x1d
const MESSAGE = Buffer.from('msg')
const NOTHING = [Buffer.from('(none)'), Buffer.from('(null)')]
const SADDR = Buffer.from('SADDR=')
const EMPTY = new Uint8Array(0)
const NOT_WANTED = -1

/** Which fields are wanted, and where the values of the last record stand. */
export class FieldScan {
  readonly names: readonly string[]
  readonly #wanted: NameTable
  readonly #keySlot: number
  readonly #nodeSlot: number
  /** By slot: the record in which the field was found last. */
  readonly #foundIn: Float64Array
  readonly #starts: Int32Array
  readonly #ends: Int32Array
  readonly #sources: Uint8Array[]
  /** The same of what auditd added. */
  readonly #addedIn: Float64Array
  readonly #addedStarts: Int32Array
  readonly #addedEnds: Int32Array
  #record = 0
  #left = 0
  #isRepeated = false

  constructor(names: readonly string[]) {
    this.names = names
    this.#wanted = new NameTable(names)
    this.#keySlot = names.indexOf('key')
    this.#nodeSlot = names.indexOf('node')
    this.#foundIn = new Float64Array(names.length)
    this.#starts = new Int32Array(names.length)
    this.#ends = new Int32Array(names.length)
    this.#sources = names.map(() => EMPTY)
    this.#addedIn = new Float64Array(names.length)
    this.#addedStarts = new Int32Array(names.length)
    this.#addedEnds = new Int32Array(names.length)
  }

  has(slot: number): boolean {
    return this.#foundIn[slot] === this.#record && (this.#starts[slot] ?? -1) >= 0
  }

  source(slot: number): Uint8Array {
    return this.#sources[slot] ?? EMPTY
  }

  start(slot: number): number {
    return this.#starts[slot] ?? 0
  }

  end(slot: number): number {
    return this.#ends[slot] ?? 0
  }

  /** Whether auditd added what a field means. */
  hasAdded(slot: number): boolean {
    return this.#addedIn[slot] === this.#record
  }

  addedStart(slot: number): number {
    return this.#addedStarts[slot] ?? 0
  }

  addedEnd(slot: number): number {
    return this.#addedEnds[slot] ?? 0
  }

  /** Whether a field that is wanted was seen a second time. */
  get isRepeated(): boolean {
    return this.#isRepeated
  }

  /** Forgets the last record. */
  begin(): void {
    this.#record += 1
    this.#left = this.names.length
    this.#isRepeated = false
  }

  /** Notes where a value stands; the first of a name stays. */
  put(slot: number, source: Uint8Array, start: number, end: number): void {
    if (this.#foundIn[slot] === this.#record) return
    this.#foundIn[slot] = this.#record
    this.#sources[slot] = source
    this.#starts[slot] = start
    this.#ends[slot] = end
    this.#left -= 1
  }

  /** Takes the fields from a list of all. */
  take(fields: AuparseFields): void {
    for (const { name, value } of fields) {
      const slot = this.names.indexOf(name)
      if (slot === -1 || this.#foundIn[slot] === this.#record) continue
      const source = Buffer.from(value, 'latin1')
      this.put(slot, source, slot === this.#keySlot && value === '' ? -1 : 0, source.length)
    }
  }

  /**
   * Looks for the fields behind `start`, and returns where it stopped: at the end of what expressions are about, unless
   * all were found before and `toTheEnd` is false.
   */
  scan(bytes: Uint8Array, start: number, toTheEnd: boolean): number {
    const length = bytes.length
    let at = start
    while (at < length) {
      let byte = bytes[at] ?? NUL
      if (byte === BLANK) {
        at += 1
        continue
      }
      if (this.#left === 0 && !toTheEnd) return at
      let first = byte === OPENING ? at + 1 : at
      const mayBeMessage = byte === MESSAGE[0]
      at = first
      for (; at < length; at++) {
        byte = bytes[at] ?? NUL
        if (byte === EQUALS || (byte <= BLANK && isEnd(byte))) break
      }
      if (at >= length || byte !== EQUALS) {
        if (at >= length || byte !== BLANK) return at
        continue
      }
      if (mayBeMessage && at - first === MESSAGE.length && isAt(bytes, first, MESSAGE)) {
        const next = bytes[at + 1]
        if (next === LETTER_A || next === APOSTROPHE) {
          at += 2
          if (next === LETTER_A) {
            at = wordEnd(bytes, at)
            continue
          }
          first = bytes[at] === OPENING ? at + 1 : at
          for (at = first; at < length; at++) {
            byte = bytes[at] ?? NUL
            if (byte === EQUALS || isEnd(byte)) break
          }
          if (at >= length || byte !== EQUALS) continue
        }
      }
      const value = at + 1
      const slot = this.#wanted.find(bytes, first, at)
      at = wordEnd(bytes, value)
      if (slot === NOT_WANTED || at === value) continue
      if (this.#foundIn[slot] === this.#record) this.#isRepeated = true
      else this.#found(slot, bytes, value, at)
    }
    return at
  }

  /** Takes what auditd added from the text that begins at `start`; all of it is taken together for an address. */
  scanAdded(bytes: Uint8Array, start: number): void {
    if (isAt(bytes, start, SADDR)) {
      for (let slot = 0; slot < this.names.length; slot++) this.#added(slot, start, bytes.length)
      return
    }
    let at = start
    while (at < bytes.length && bytes[at] !== NUL) {
      const first = at
      let byte = NUL
      for (; at < bytes.length; at++) {
        byte = bytes[at] ?? NUL
        if (byte === EQUALS || byte === BLANK || byte === NUL) break
      }
      if (byte !== EQUALS) {
        at += 1
        continue
      }
      const value = at + 1
      const slot = this.#wanted.findLowerCase(bytes, first, at)
      for (at = value; at < bytes.length; at++) if (bytes[at] === BLANK || bytes[at] === NUL) break
      if (slot !== NOT_WANTED) this.#added(slot, value, at)
      if (bytes[at] === BLANK) at += 1
    }
  }

  #found(slot: number, bytes: Uint8Array, start: number, wordsEnd: number): void {
    const end = trimmedEnd(bytes, start, wordsEnd)
    const first = end === start ? NUL : (bytes[start] ?? NUL)
    // Keys of several rules stand in hex.
    if (slot === this.#keySlot && first !== QUOTE && bytes[start] !== OPENING) this.#foundKeys(bytes, start, end)
    else this.put(slot, bytes, start, end)
  }

  #foundKeys(bytes: Uint8Array, start: number, end: number): void {
    const [key] = keyValues(latin1(bytes, start, end))
    if (key === undefined) return
    const source = Buffer.from(key, 'latin1')
    this.put(this.#keySlot, source, key === '' ? -1 : 0, source.length)
  }

  #added(slot: number, start: number, end: number): void {
    if (this.#addedIn[slot] === this.#record) return
    this.#addedIn[slot] = this.#record
    this.#addedStarts[slot] = start
    this.#addedEnds[slot] = end
  }

  /** Puts the node, which stands before all that is scanned. */
  putNode(bytes: Uint8Array, start: number, wordsEnd: number): void {
    if (this.#nodeSlot !== -1 && wordsEnd > start)
      this.put(this.#nodeSlot, bytes, start, trimmedEnd(bytes, start, wordsEnd))
  }
}

/** Cuts one colon, one comma, one apostrophe and one closing parenthesis, in this order, each if it stands last then. */
export function trimmedEnd(bytes: Uint8Array, start: number, wordsEnd: number): number {
  let end = wordsEnd
  const last = bytes[end - 1] ?? NUL
  if (last > COLON) return end
  if (last === COLON) end -= 1
  if (end > start && bytes[end - 1] === COMMA) end -= 1
  if (end > start && bytes[end - 1] === APOSTROPHE) end -= 1
  if (end > start && bytes[end - 1] === CLOSING && !isNothing(bytes, start, end)) end -= 1
  return end
}

/** Latin1 text, a character a byte. */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1')
}

/** All fields, for what has to be told in strings. */
export function allFields(bytes: Uint8Array): AuparseFields {
  return auparseFields(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
}

function wordEnd(bytes: Uint8Array, start: number): number {
  let at = start
  for (; at < bytes.length; at++) {
    const byte = bytes[at] ?? NUL
    if (byte <= BLANK && isEnd(byte)) break
  }
  return at
}

function isEnd(byte: number): boolean {
  return byte === BLANK || byte === ENRICHED_SEPARATOR || byte === NUL
}

function isNothing(bytes: Uint8Array, start: number, end: number): boolean {
  return NOTHING.some((nothing) => nothing.length === end - start && isAt(bytes, start, nothing))
}

function isAt(bytes: Uint8Array, start: number, wanted: Uint8Array): boolean {
  for (let at = 0; at < wanted.length; at++) if (bytes[start + at] !== wanted[at]) return false
  return true
}
