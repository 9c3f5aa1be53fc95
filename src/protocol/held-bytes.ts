import { viewOf } from './frame.js'

/** How far before the read position bytes are kept: a payload that counts part of the next header can be at most this wrong. */
export const BEHIND_BYTES = 15
// Far more than the longest wait (a padded frame and the header after it), so that moving the bytes down is rare.
const CAPACITY_BYTES = 32 * 1024

/** The unread end of the last chunk, and BEHIND_BYTES before it where the stream has them. */
export class HeldBytes {
  readonly #bytes = Buffer.alloc(CAPACITY_BYTES)
  readonly view = viewOf(this.#bytes)
  #from = 0
  #to = 0

  /** Where in `window` the unread bytes begin. */
  get from(): number {
    return this.#from
  }

  get unread(): number {
    return this.#to - this.#from
  }

  /** Everything held; its end is the end of the unread bytes. */
  window(): Buffer {
    return this.#bytes.subarray(0, this.#to)
  }

  append(chunk: Buffer, at: number, count: number): void {
    if (this.#to + count > CAPACITY_BYTES) this.#moveDown()
    this.#to += chunk.copy(this.#bytes, this.#to, at, at + count)
  }

  readTo(at: number): void {
    this.#from = at
  }

  /** Holds the end of `chunk`, unread from `at`, in place of everything before. */
  replace(chunk: Buffer, at: number): void {
    const start = Math.max(0, at - BEHIND_BYTES)
    this.#from = at - start
    this.#to = chunk.copy(this.#bytes, 0, start)
  }

  clear(): void {
    this.#from = 0
    this.#to = 0
  }

  #moveDown(): void {
    const start = Math.max(0, this.#from - BEHIND_BYTES)
    this.#bytes.copyWithin(0, start, this.#to)
    this.#from -= start
    this.#to -= start
  }
}
