// The few names that are wanted among the many that a record has. Most are told from them by their length and three of
// their bytes; only then all bytes are compared.

const NONE = -1
const CASE_BIT = 0x20
const UPPER_A = 0x41
const UPPER_Z = 0x5a
/** Of places to names; the more are free, the sooner a name is known not to be wanted. */
const PLACES_A_NAME = 8

/** Names in latin1, by their bytes. */
export class NameTable {
  readonly #names: readonly Uint8Array[]
  readonly #places: Int32Array
  /** Room for the longest of the names. */
  readonly #lowerCase: Uint8Array

  constructor(names: readonly string[]) {
    this.#names = names.map((name) => Buffer.from(name, 'latin1'))
    this.#lowerCase = new Uint8Array(Math.max(0, ...this.#names.map((name) => name.length)))
    this.#places = new Int32Array(powerOfTwo(names.length * PLACES_A_NAME)).fill(NONE)
    for (const [index, name] of this.#names.entries()) {
      let place = this.#place(name, 0, name.length)
      while (this.#places[place] !== NONE) place = (place + 1) & (this.#places.length - 1)
      this.#places[place] = index
    }
  }

  /** Which name stands here; -1 if it is none of them. */
  find(bytes: Uint8Array, start: number, end: number): number {
    const places = this.#places
    for (let place = this.#place(bytes, start, end); ; place = (place + 1) & (places.length - 1)) {
      const index = places[place] ?? NONE
      if (index === NONE || this.#isName(index, bytes, start, end)) return index
    }
  }

  /** The same for a name in capitals. */
  findLowerCase(bytes: Uint8Array, start: number, end: number): number {
    const length = end - start
    if (length > this.#lowerCase.length) return NONE
    for (let at = 0; at < length; at++) {
      const byte = bytes[start + at] ?? 0
      this.#lowerCase[at] = byte >= UPPER_A && byte <= UPPER_Z ? byte | CASE_BIT : byte
    }
    return this.find(this.#lowerCase, 0, length)
  }

  #place(bytes: Uint8Array, start: number, end: number): number {
    const length = end - start
    const first = length > 0 ? (bytes[start] ?? 0) : 0
    const second = length > 1 ? (bytes[start + 1] ?? 0) : 0
    const last = length > 0 ? (bytes[end - 1] ?? 0) : 0
    return (first * 5 + second * 17 + last * 3 + length * 11) & (this.#places.length - 1)
  }

  #isName(index: number, bytes: Uint8Array, start: number, end: number): boolean {
    const name = this.#names[index]
    if (name === undefined || name.length !== end - start) return false
    for (let at = 0; at < name.length; at++) if (name[at] !== bytes[start + at]) return false
    return true
  }
}

function powerOfTwo(least: number): number {
  let size = 1
  while (size < least) size *= 2
  return size
}
