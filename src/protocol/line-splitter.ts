// Parts a stream into lines, byte for byte, for whoever speaks the line protocol: whole lines are handed on where they lie,
// an unfinished one is held, and one that is too long is thrown away and told.

import { LONGEST_LINE_BYTES } from './line.js'

const LF = 0x0a

export interface LineSink {
  /** A run of whole lines, each with its LF: bytes[start, end), valid only during the call. */
  lines(bytes: Buffer, start: number, end: number): void
  /** A line was longer than LONGEST_LINE_BYTES; `beginning` is how it began. */
  tooLong(beginning: Buffer): void
}

const SHOWN_BYTES = 64

export class LineSplitter {
  readonly #sink: LineSink
  readonly #held = Buffer.alloc(LONGEST_LINE_BYTES)
  #heldBytes = 0
  /** The line at hand is too long: its rest is thrown away. */
  #isSkipping = false

  constructor(sink: LineSink) {
    this.#sink = sink
  }

  /** Bytes of the line that has not ended yet. */
  get heldBytes(): number {
    return this.#heldBytes
  }

  /** Takes the next bytes; the caller may reuse them. */
  push(chunk: Buffer): void {
    const from = this.#isSkipping ? this.#skip(chunk) : this.#completeHeld(chunk)
    const end = chunk.lastIndexOf(LF) + 1
    if (end > from) this.#handOn(chunk, from, end)
    this.#hold(chunk, Math.max(from, end))
  }

  #skip(chunk: Buffer): number {
    const lf = chunk.indexOf(LF)
    if (lf === -1) return chunk.length
    this.#isSkipping = false
    return lf + 1
  }

  #completeHeld(chunk: Buffer): number {
    if (this.#heldBytes === 0) return 0
    const lf = chunk.indexOf(LF)
    if (lf === -1) return 0
    const bytes = this.#heldBytes + lf + 1
    if (bytes > LONGEST_LINE_BYTES) {
      this.#tellTooLong(this.#held.subarray(0, this.#heldBytes))
    } else {
      chunk.copy(this.#held, this.#heldBytes, 0, lf + 1)
      this.#heldBytes = 0
      this.#sink.lines(this.#held, 0, bytes)
    }
    this.#heldBytes = 0
    return lf + 1
  }

  /** Whole lines, of which only those that lie in a chunk longer than a line may be too long. */
  #handOn(chunk: Buffer, from: number, end: number): void {
    let start = from
    if (end - from > LONGEST_LINE_BYTES) {
      for (let at = from; at < end;) {
        const next = chunk.indexOf(LF, at) + 1
        if (next - at > LONGEST_LINE_BYTES) {
          if (at > start) this.#sink.lines(chunk, start, at)
          this.#tellTooLong(chunk.subarray(at, next))
          start = next
        }
        at = next
      }
    }
    if (end > start) this.#sink.lines(chunk, start, end)
  }

  #hold(chunk: Buffer, from: number): void {
    if (from === chunk.length || this.#isSkipping) return
    const bytes = this.#heldBytes + chunk.length - from
    // A line that fills all the room has none for its LF.
    if (bytes < LONGEST_LINE_BYTES) {
      chunk.copy(this.#held, this.#heldBytes, from)
      this.#heldBytes = bytes
      return
    }
    const beginning = this.#heldBytes > 0 ? this.#held.subarray(0, this.#heldBytes) : chunk.subarray(from)
    this.#heldBytes = 0
    this.#isSkipping = true
    this.#tellTooLong(beginning)
  }

  #tellTooLong(line: Buffer): void {
    this.#sink.tooLong(Buffer.from(line.subarray(0, SHOWN_BYTES)))
  }
}
