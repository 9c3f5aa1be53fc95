// What one process of a plugin of the line protocol is being written, byte by byte: records and lost ranges as they stand in
// line, and control lines between them.

import { ControlLines } from './control-lines.js'
import { firstOf, lineOf, wholeUpTo, type Entry } from './entry.js'
import type { EntryList } from './entry-list.js'
import type { Output } from './outbox.js'

export interface StreamOwner {
  /** How many more records and lost ranges may be on their way. */
  allowed(): number
  /** Everything up to here has been acknowledged. */
  ackedSeq(): number
  /** The first entry, or the beginning of it, has been written whole. `written`: bytes written to the process in all. */
  wroteWhole(entry: Entry, written: number): void
}

export class ProcessStream {
  readonly control = new ControlLines()
  readonly #waiting: EntryList
  readonly #owner: StreamOwner
  #writes: 'control' | 'entry' = 'entry'
  /** Bytes of the first entry that have been written. */
  #partial = 0
  /** Bytes behind them that are on their way and may go in at any moment. */
  #handedOver = 0
  #written = 0

  constructor(waiting: EntryList, owner: StreamOwner) {
    this.#waiting = waiting
    this.#owner = owner
  }

  /** Bytes written to this process. */
  get written(): number {
    return this.#written
  }

  /** Bytes of what stands first that have been written. */
  get partial(): number {
    return this.#partial
  }

  /** Bytes of what stands first that the process has got, or may get at any moment. */
  get begun(): number {
    return this.#writes === 'entry' ? this.#partial + this.#handedOver : 0
  }

  /**
   * The last seq of what stands first that the process may have got whole; 0 is none. A piece that was handed over may be
   * answered before it is told to be written: what the event loop has found out last it may tell first.
   */
  get begunSeq(): number {
    const { first } = this.#waiting
    const { begun } = this
    if (first === undefined || begun === 0) return 0
    if (first.kind === 'gap') return begun < lineOf(first).length ? 0 : first.last
    const whole = wholeUpTo(first, first.start + begun)
    return whole.records === 0 ? 0 : whole.last
  }

  next(): Output | undefined {
    const control = this.control.fixNext()
    if (control !== undefined && this.#partial === 0) {
      this.#writes = 'control'
      return { segment: { bytes: control }, start: this.control.from, end: control.length }
    }
    const { first } = this.#waiting
    const allowed = this.#owner.allowed()
    if (first === undefined || (allowed <= 0 && this.#partial === 0)) return undefined
    this.#writes = 'entry'
    if (first.kind === 'gap') {
      const line = lineOf(first)
      return { segment: { bytes: line }, start: this.#partial, end: line.length }
    }
    // What has been begun is finished, whatever is allowed by now. A control line comes right behind it, and what was
    // acknowledged meanwhile, from what an earlier process had got, does not come at all.
    const isLast = control !== undefined || first.first <= this.#owner.ackedSeq()
    const { end } = firstOf(first, isLast ? 1 : Math.max(allowed, 1))
    return { segment: first.segment, start: first.start + this.#partial, end }
  }

  handOver(limit: number): Buffer {
    const output = this.next()
    if (output === undefined) return Buffer.alloc(0)
    this.#handedOver = Math.min(limit, output.end - output.start)
    return Buffer.from(output.segment.bytes.subarray(output.start, output.start + this.#handedOver))
  }

  wrote(count: number): void {
    this.#handedOver = 0
    this.#written += count
    if (this.#writes === 'control') return this.control.wrote(count)
    this.#partial += count
    const entry = this.#takeWhole()
    if (entry !== undefined) this.#owner.wroteWhole(entry, this.#written)
  }

  /** The process has gone. */
  end(): void {
    this.control.clear()
    this.#partial = this.#handedOver = this.#written = 0
  }

  /** Takes what has been written whole off the line. */
  #takeWhole(): Entry | undefined {
    const { first } = this.#waiting
    if (first === undefined) return undefined
    const at = this.#written - this.#partial
    if (first.kind === 'gap') {
      if (this.#partial < lineOf(first).length) return undefined
      this.#partial = 0
      first.at = at
      return this.#waiting.takeFirst()
    }
    const whole = wholeUpTo(first, first.start + this.#partial)
    if (whole.records === 0) return undefined
    this.#partial -= whole.end - first.start
    const run = this.#waiting.takeBeginning(first, whole)
    run.at = at
    return run
  }
}
