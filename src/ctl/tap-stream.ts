// What comes behind the answer to `tap`: whole records as lines, and between them notes of how many are missing at that place.

import { LineSplitter } from '../protocol/line-splitter.js'

const LF = 0x0a
const BRACE = 0x7b
const NOTE = /^\{"lost":(\d{1,16})\}$/
/** A note is shorter; a record that begins like one is none. */
const MAX_NOTE_BYTES = 32

export interface TapSink {
  /** A run of whole records, each with its LF: bytes[start, end), valid only during the call. */
  records(bytes: Buffer, start: number, end: number): void
  /** So many are missing here. */
  lost(count: number): void
}

/** Takes chunks of any size. */
export class TapStream {
  readonly #sink: TapSink
  readonly #splitter: LineSplitter

  constructor(sink: TapSink) {
    this.#sink = sink
    this.#splitter = new LineSplitter({
      lines: (bytes, start, end) => this.#lines(bytes, start, end),
      // The daemon has no such record; what it is, nobody can say.
      tooLong: () => sink.lost(1),
    })
  }

  push(chunk: Buffer): void {
    this.#splitter.push(chunk)
  }

  #lines(bytes: Buffer, start: number, end: number): void {
    let from = start
    for (let at = nextBrace(bytes, start, end); at < end;) {
      const next = bytes.indexOf(LF, at) + 1
      const count = noteIn(bytes, at, next - 1)
      if (count > 0) {
        if (at > from) this.#sink.records(bytes, from, at)
        this.#sink.lost(count)
        from = next
      }
      at = nextBrace(bytes, next, end)
    }
    if (end > from) this.#sink.records(bytes, from, end)
  }
}

/** Where the next line begins that begins with a brace; `end` if none does. */
function nextBrace(bytes: Buffer, start: number, end: number): number {
  if (bytes[start] === BRACE) return start
  // Cut to the run first: in a buffer without braces each search would go to the end of the buffer.
  const at = bytes.subarray(start, end).indexOf('\n{')
  return at === -1 ? end : start + at + 1
}

function noteIn(bytes: Buffer, start: number, end: number): number {
  if (end - start > MAX_NOTE_BYTES) return 0
  return Number(NOTE.exec(bytes.toString('latin1', start, end))?.[1] ?? 0)
}
