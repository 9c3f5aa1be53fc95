import { findByte } from './find-byte.js'
import { looksLikeRecord, MAX_LINE_BYTES } from './record.js'
import type { StreamReport } from './stream-report.js'
import type { StreamSink } from './stream-trouble.js'

const LF = 0x0a

/** Reads text records out of chunks of any size: whole lines are handed on where they lie, an unfinished one is held. */
export class LineReader {
  readonly #sink: StreamSink
  readonly #report: StreamReport
  readonly #held = Buffer.alloc(MAX_LINE_BYTES)
  #heldBytes = 0
  /** Where the lines of a run end. */
  readonly #ends: number[] = []
  /** `skipping`: the line at the read position is too long, and its beginning was dropped. */
  #state: 'line' | 'skipping' = 'line'
  /** Stream offset of the read position. */
  #offset: number

  constructor(sink: StreamSink, report: StreamReport, offset: number) {
    this.#sink = sink
    this.#report = report
    this.#offset = offset
  }

  get heldBytes(): number {
    return this.#heldBytes
  }

  push(chunk: Buffer): void {
    const at = this.#state === 'skipping' ? this.#skip(chunk) : this.#completeHeld(chunk)
    if (at < chunk.length) this.#hold(chunk, this.#readLines(chunk, at))
  }

  /** Hands on an unfinished line that looks like a record as if its LF had come; false if there is none. */
  finishLine(): boolean {
    const bytes = this.#heldBytes
    if (!looksLikeRecord(this.#held, 0, bytes)) return false
    this.#held[bytes] = LF
    this.#heldBytes = 0
    this.#deliver(this.#held, 0, bytes + 1, 1)
    return true
  }

  end(): void {
    if (this.#heldBytes > 0) this.#report.tornEnd(this.#offset, 'line', this.#heldBytes)
    this.#heldBytes = 0
  }

  /** Drops up to the end of a line that is too long; returns where the next one begins. */
  #skip(chunk: Buffer): number {
    const lf = chunk.indexOf(LF)
    const next = lf === -1 ? chunk.length : lf + 1
    if (lf !== -1) this.#state = 'line'
    this.#drop(next)
    return next
  }

  /** Completes the held line, if there is one, from the chunk; returns where the next one begins. */
  #completeHeld(chunk: Buffer): number {
    if (this.#heldBytes === 0) return 0
    const lf = chunk.indexOf(LF)
    if (lf === -1) {
      this.#hold(chunk, 0)
      return chunk.length
    }
    const bytes = this.#heldBytes + lf + 1
    if (bytes > MAX_LINE_BYTES) {
      this.#dropTooLong(bytes)
    } else {
      chunk.copy(this.#held, this.#heldBytes, 0, lf + 1)
      this.#deliver(this.#held, 0, bytes, 1)
    }
    this.#heldBytes = 0
    return lf + 1
  }

  /** Hands on whole lines, as many as possible at a time; returns where the unfinished one begins. */
  #readLines(chunk: Buffer, from: number): number {
    let start = from
    let at = from
    let count = 0
    for (let lf = findByte(chunk, LF, at); lf !== -1; lf = findByte(chunk, LF, at)) {
      const next = lf + 1
      if (next - at > MAX_LINE_BYTES) {
        this.#deliver(chunk, start, at, count)
        this.#dropTooLong(next - at)
        start = next
        count = 0
      } else {
        this.#ends[count++] = next
      }
      at = next
    }
    this.#deliver(chunk, start, at, count)
    return at
  }

  #hold(chunk: Buffer, from: number): void {
    const bytes = this.#heldBytes + chunk.length - from
    // A line that fills all the room has none for its LF.
    if (bytes < MAX_LINE_BYTES) {
      chunk.copy(this.#held, this.#heldBytes, from)
      this.#heldBytes = bytes
      return
    }
    this.#heldBytes = 0
    this.#state = 'skipping'
    this.#dropTooLong(bytes)
  }

  #deliver(bytes: Buffer, start: number, end: number, count: number): void {
    if (count === 0) return
    this.#report.counters.lines += count
    this.#offset += end - start
    this.#sink.lines(bytes, start, end, count, this.#ends)
  }

  #dropTooLong(bytes: number): void {
    this.#report.lineTooLong(this.#offset)
    this.#drop(bytes)
  }

  #drop(bytes: number): void {
    this.#report.counters.skippedBytes += bytes
    this.#offset += bytes
  }
}
