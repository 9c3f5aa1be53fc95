import { HEADER_BYTES } from './frame.js'
import { LostTail } from './lost-tail.js'
import type { StreamReport } from './stream-report.js'
import type { StreamSink } from './stream-trouble.js'

const LF = 0x0a

/** Hands the records of one window after another to the sink. */
export class FrameDelivery {
  readonly #sink: StreamSink
  readonly #report: StreamReport
  #lostTail: LostTail | undefined = new LostTail()
  #windowOffset = 0
  /** Where the window's next LF was found last: one search serves all the records before it. */
  #nextLf = -1

  constructor(sink: StreamSink, report: StreamReport) {
    this.#sink = sink
    this.#report = report
  }

  /** Begins a window, whose first byte has that offset in the stream. */
  enter(windowOffset: number): void {
    this.#windowOffset = windowOffset
    this.#nextLf = -1
  }

  deliver(
    version: number,
    type: number,
    window: Buffer,
    view: DataView,
    start: number,
    end: number,
    hasNul: boolean,
  ): void {
    if (this.#nextLf < start) {
      const lf = window.indexOf(LF, start)
      this.#nextLf = lf === -1 ? window.length : lf
    }
    this.#report.counters.frames++
    this.#sink.frame(version === 0 ? 0 : 1, type, window, start, end, !hasNul && this.#nextLf >= end, view)
    if (version === 0 && this.#lostTail?.recognisedIn(type, window, start, end) === true) {
      this.#lostTail = undefined
      this.#report.lostTail(this.#windowOffset + start - HEADER_BYTES)
    }
  }
}
