// Numbers by byte strings, found without making a string of the bytes.

const NONE = -1
const FIRST_PLACES = 16
/** FNV-1a. */
const HASH_START = 0x811c9dc5 | 0
const HASH_PRIME = 0x01000193

/** Byte strings and what they stand for. */
export class ByteTable {
  readonly #keys: Uint8Array[] = []
  readonly #hashes: number[] = []
  readonly #values: number[] = []
  /** By the low bits of the hash: an index of the lists, or NONE; what does not fit there stands in the next free place. */
  #places = new Int32Array(FIRST_PLACES).fill(NONE)

  get size(): number {
    return this.#keys.length
  }

  /** The value of a byte string; -1 if it is not here. */
  find(bytes: Uint8Array, start: number, end: number): number {
    const hash = hashBytes(bytes, start, end)
    const places = this.#places
    const mask = places.length - 1
    for (let place = spread(hash) & mask; ; place = (place + 1) & mask) {
      const index = places[place] ?? NONE
      if (index === NONE) return NONE
      if (this.#hashes[index] === hash && this.#isKey(index, bytes, start, end)) return this.#values[index] ?? NONE
    }
  }

  /** Adds a byte string that is not here yet; its bytes are copied. Values are not negative. */
  add(key: Uint8Array, value: number): void {
    if ((this.#keys.length + 1) * 2 > this.#places.length) this.#grow()
    const hash = hashBytes(key, 0, key.length)
    this.#hashes.push(hash)
    this.#values.push(value)
    this.#put(this.#keys.push(Uint8Array.from(key)) - 1, hash)
  }

  #isKey(index: number, bytes: Uint8Array, start: number, end: number): boolean {
    const key = this.#keys[index]
    if (key === undefined || key.length !== end - start) return false
    for (let at = 0; at < key.length; at++) if (key[at] !== bytes[start + at]) return false
    return true
  }

  #grow(): void {
    this.#places = new Int32Array(this.#places.length * 2).fill(NONE)
    for (const [index, hash] of this.#hashes.entries()) this.#put(index, hash)
  }

  #put(index: number, hash: number): void {
    const mask = this.#places.length - 1
    let place = spread(hash) & mask
    while (this.#places[place] !== NONE) place = (place + 1) & mask
    this.#places[place] = index
  }
}

/** The last byte is in the low bits of a hash, the others hardly are. */
function spread(hash: number): number {
  return hash ^ (hash >>> 15)
}

function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  let hash = HASH_START
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ (bytes[at] ?? 0), HASH_PRIME)
  return hash
}
