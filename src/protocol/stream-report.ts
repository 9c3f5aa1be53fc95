import { HEADER_BYTES, headerFault } from './frame.js'
import { LOST_TAIL_RELEASES } from './lost-tail.js'
import type { StreamCounters, StreamSink, StreamTrouble } from './stream-trouble.js'

export type TornPart = Extract<StreamTrouble, { code: 'torn-end' }>['part']

/** Counts what goes wrong in one stream and tells the sink, once for a run of the same. */
export class StreamReport {
  readonly counters: StreamCounters = {
    frames: 0,
    lines: 0,
    bytes: 0,
    skippedBytes: 0,
    badHeaders: 0,
    resyncs: 0,
    damaged: 0,
    tornRecords: 0,
    tooLong: 0,
  }
  readonly #sink: StreamSink
  #framesAtDamage = -1
  #linesAtTooLong = -1

  constructor(sink: StreamSink) {
    this.#sink = sink
  }

  badHeader(offset: number, window: Buffer, view: DataView, at: number): void {
    const code = headerFault(view, at)
    if (code === undefined) return
    this.counters.badHeaders++
    this.#sink.trouble({ code, offset, bytes: Buffer.from(window.subarray(at, at + HEADER_BYTES)) })
  }

  resynchronised(offset: number, skippedBytes: number): void {
    this.counters.resyncs++
    this.counters.skippedBytes += skippedBytes
    this.#sink.trouble({ code: 'resynchronised', offset, skippedBytes })
  }

  /** A record was left out because the header `skippedBytes` behind its own stands in its payload. */
  damagedPayload(offset: number, size: number, skippedBytes: number): void {
    const { counters } = this
    counters.damaged++
    counters.skippedBytes += skippedBytes
    if (counters.frames === this.#framesAtDamage) return
    this.#framesAtDamage = counters.frames
    this.#sink.trouble({ code: 'damaged-payload', offset, size, skippedBytes })
  }

  lineTooLong(offset: number): void {
    const { counters } = this
    counters.tooLong++
    if (counters.lines === this.#linesAtTooLong) return
    this.#linesAtTooLong = counters.lines
    this.#sink.trouble({ code: 'line-too-long', offset })
  }

  partialLine(skippedBytes: number): void {
    this.counters.skippedBytes += skippedBytes
    this.#sink.trouble({ code: 'partial-line', offset: 0, skippedBytes })
  }

  lostTail(offset: number): void {
    this.#sink.trouble({ code: 'lost-tail', offset, releases: LOST_TAIL_RELEASES })
  }

  tornEnd(offset: number, part: TornPart, heldBytes: number, missingBytes?: number): void {
    if (part !== 'padding') this.counters.tornRecords++
    this.#sink.trouble({ code: 'torn-end', offset, part, heldBytes, missingBytes })
  }

  unrecognised(offset: number, skippedBytes: number): void {
    this.counters.skippedBytes += skippedBytes
    this.#sink.trouble({ code: 'unrecognised', offset, skippedBytes })
  }

  gaveUp(offset: number, skippedBytes: number): void {
    this.counters.skippedBytes += skippedBytes
    this.#sink.trouble({ code: 'gave-up', offset, skippedBytes })
  }
}
