import type { Link } from '../../src/remote/ports.js'

/** Shorter pieces are copied together: each piece costs a write more than its copy. */
const SMALL_BYTES = 4096
const MERGED_BYTES = 64 * 1024

/** What is said in one turn, for one write. Blocks of many lines are not copied. */
export class Outgoing {
  #pieces: Buffer[] = []
  #small: Buffer[] = []
  #smallBytes = 0

  add(pieces: readonly Buffer[]): void {
    for (const piece of pieces) {
      if (piece.length >= SMALL_BYTES || this.#smallBytes + piece.length > MERGED_BYTES) this.#merge()
      if (piece.length >= SMALL_BYTES) {
        this.#pieces.push(piece)
      } else if (piece.length > 0) {
        this.#small.push(piece)
        this.#smallBytes += piece.length
      }
    }
  }

  /**
   * That the link is full is passed over: a window bounds what waits in it, and control messages are few and short.
   */
  writeTo(link: Link): void {
    this.#merge()
    const pieces = this.#pieces
    this.#pieces = []
    if (pieces.length > 0) link.write(pieces)
  }

  forget(): void {
    this.#pieces = []
    this.#small = []
    this.#smallBytes = 0
  }

  #merge(): void {
    const [first] = this.#small
    if (first === undefined) return
    this.#pieces.push(this.#small.length === 1 ? first : Buffer.concat(this.#small, this.#smallBytes))
    this.#small = []
    this.#smallBytes = 0
  }
}
