// The records in a file, whatever kind of file it is, as a string plugin would get them: whole lines. What else stands in it, such
// as the separators of ausearch, is left out and counted.

import { looksLikeRecord, maxLineBytes, writeLine } from '../../protocol/record.js'
import { readRecord } from '../../protocol/record-fields.js'
import { StreamReader, type StreamSink } from '../../protocol/stream.js'

const LF = 0x0a
const NO_NODE = Buffer.alloc(0)
/** ausearch puts these between events: they are not missed. */
const SEPARATOR = /^(?:----|time->.*)?$/

/** What the reader says of records that it hands on all the same. */
const NO_LOSSES = new Set(['resynchronised', 'lost-tail'])

/** Times in milliseconds since 1970; the first is wanted, the last is not. */
export interface TimeSpan {
  readonly fromMs: number
  readonly toMs: number
}

export const ALWAYS: TimeSpan = { fromMs: -Infinity, toMs: Infinity }

/** Records side by side. */
export interface RecordBatch {
  readonly bytes: Buffer
  /** Where each ends, behind its LF. */
  readonly ends: readonly number[]
  /** When each happened. */
  readonly timesMs: readonly number[]
}

export interface ReadCounts {
  records: number
  /** Not of the time that was asked for. */
  passedOver: number
  /** Lines and pieces that are no records. */
  strange: number
}

/** Takes a file's bytes and gives its records. */
export class RecordReader {
  readonly counts: ReadCounts = { records: 0, passedOver: 0, strange: 0 }
  readonly #span: TimeSpan
  readonly #reader: StreamReader
  #pieces: Buffer[] = []
  #ends: number[] = []
  #timesMs: number[] = []
  #bytes = 0

  /** `beginning`: the first bytes, which tell a recorded stream from a log. */
  constructor(beginning: Buffer, span: TimeSpan) {
    this.#span = span
    const sink: StreamSink = {
      frame: (version, type, bytes, start, end, clean) => this.#frame(version, type, bytes, start, end, clean),
      lines: (bytes, start, end) => this.#lines(bytes, start, end),
      trouble: ({ code }) => {
        if (!NO_LOSSES.has(code)) this.counts.strange++
      },
    }
    // A version word, of either byte order, begins with a NUL or with 1; a text never does.
    const [first = LF] = beginning
    this.#reader = new StreamReader(sink, first > 1 ? { force: 'text' } : {})
  }

  /** Takes the next bytes; false: there are no records in them, nor in sight. */
  push(chunk: Buffer): boolean {
    return this.#reader.push(chunk) === 'ok'
  }

  end(): void {
    this.#reader.finishLine()
    this.#reader.end()
  }

  /** What has come since the last call. */
  batch(): RecordBatch {
    const batch = { bytes: Buffer.concat(this.#pieces), ends: this.#ends, timesMs: this.#timesMs }
    this.#pieces = []
    this.#ends = []
    this.#timesMs = []
    this.#bytes = 0
    return batch
  }

  #frame(version: 0 | 1, type: number, bytes: Buffer, start: number, end: number, clean: boolean): void {
    const line = Buffer.alloc(maxLineBytes(end - start, 0))
    const to = writeLine(line, 0, version, type, bytes, start, end, clean, NO_NODE)
    this.#lines(line, 0, to)
  }

  #lines(bytes: Buffer, start: number, end: number): void {
    let from = start
    for (let at = start; at < end;) {
      const next = bytes.indexOf(LF, at) + 1
      const timeMs = this.#timeOf(bytes, at, next - 1)
      if (timeMs === undefined) {
        this.#keep(bytes, from, at)
        from = next
      } else {
        this.counts.records++
        this.#ends.push(this.#bytes + next - from)
        this.#timesMs.push(timeMs)
      }
      at = next
    }
    this.#keep(bytes, from, end)
  }

  /** Undefined for what is not wanted. */
  #timeOf(bytes: Buffer, start: number, end: number): number | undefined {
    if (!looksLikeRecord(bytes, start, end)) {
      if (!SEPARATOR.test(bytes.toString('latin1', start, Math.min(end, start + 80)))) this.counts.strange++
      return undefined
    }
    const timeMs = readRecord(bytes, start, end)?.timeMs ?? -Infinity
    if (timeMs >= this.#span.fromMs && timeMs < this.#span.toMs) return timeMs
    this.counts.passedOver++
    return undefined
  }

  #keep(bytes: Buffer, start: number, end: number): void {
    if (end === start) return
    this.#pieces.push(Buffer.from(bytes.subarray(start, end)))
    this.#bytes += end - start
  }
}
