// The beginning of a record, `[node=NAME ]type=TYPE msg=audit(SECONDS.MILLIS:SERIAL)`, taken apart without making strings.
// What it takes for a record is what `readRecord` takes; a test says so.

const BLANK = 0x20
const ZERO = 0x30
const NINE = 0x39
const FIRST_PRINTABLE = 0x20
const NODE = Buffer.from('node=')
const TYPE = Buffer.from('type=')
const TIME = Buffer.from(' msg=audit(')
const MAX_HEADER_BYTES = 1024
const MAX_SECONDS_DIGITS = 12
const MAX_MILLIS_DIGITS = 3
const MAX_SERIAL_DIGITS = 16
const DOT = 0x2e
const COLON = 0x3a
const CLOSING = 0x29

/** One is enough for all records, one after the other. */
export class RecordHeader {
  /** Where the node stands; the same twice if the record has none. */
  nodeStart = 0
  nodeEnd = 0
  typeStart = 0
  typeEnd = 0
  /** Where the first word behind `msg=audit(...)` may begin. */
  bodyStart = 0
  seconds = 0
  millis = 0
  serial = 0
  /** Whether bytes stand in node or type that end a record for an expression. */
  isStrange = false
  #at = 0

  /** Reads the beginning of a record; false if it is none. */
  read(bytes: Uint8Array): boolean {
    this.isStrange = false
    this.nodeStart = 0
    this.nodeEnd = 0
    this.#at = 0
    if (isAt(bytes, 0, NODE)) {
      this.nodeStart = NODE.length
      this.nodeEnd = this.#word(bytes, NODE.length)
      this.#at = this.nodeEnd + 1
    }
    if (!isAt(bytes, this.#at, TYPE)) return false
    this.typeStart = this.#at + TYPE.length
    this.typeEnd = this.#word(bytes, this.typeStart)
    if (this.typeEnd === this.typeStart || !isAt(bytes, this.typeEnd, TIME)) return false
    this.#at = this.typeEnd + TIME.length
    this.seconds = this.#digits(bytes, MAX_SECONDS_DIGITS, DOT)
    this.millis = this.#digits(bytes, MAX_MILLIS_DIGITS, COLON)
    this.serial = this.#digits(bytes, MAX_SERIAL_DIGITS, CLOSING)
    if (this.seconds < 0 || this.millis < 0 || this.serial < 0 || this.#at > MAX_HEADER_BYTES) return false
    if (!Number.isSafeInteger(this.serial)) return false
    this.bodyStart = this.#word(bytes, this.#at)
    return true
  }

  #word(bytes: Uint8Array, start: number): number {
    let at = start
    for (; at < bytes.length && bytes[at] !== BLANK; at++) if ((bytes[at] ?? 0) < FIRST_PRINTABLE) this.isStrange = true
    return at
  }

  /** The number from here to the byte that is to end it; below zero if it is not well written. */
  #digits(bytes: Uint8Array, max: number, end: number): number {
    let value = 0
    const start = this.#at
    let at = start
    for (; at < bytes.length; at++) {
      const byte = bytes[at] ?? 0
      if (byte < ZERO || byte > NINE) break
      value = value * 10 + byte - ZERO
    }
    this.#at = at + 1
    return at === start || at - start > max || bytes[at] !== end ? -1 : value
  }
}

function isAt(bytes: Uint8Array, start: number, wanted: Uint8Array): boolean {
  for (let at = 0; at < wanted.length; at++) if (bytes[start + at] !== wanted[at]) return false
  return true
}
