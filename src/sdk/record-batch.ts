// The records of a batch where they lie in the input: a line is looked at when somebody asks for it, and an object is made
// for a record only when somebody iterates.

import { readRecord, type AuditRecord } from '../protocol/record-fields.js'
import { NUMBERED_LINES, type LineLayout } from './line-layout.js'

const LF = 0x0a

/** One record of a batch, read no further than it is asked for. */
export class BatchRecord {
  readonly #bytes: Buffer
  readonly #start: number
  readonly #recordAt: number
  readonly #end: number
  readonly #layout: LineLayout
  readonly #index: number
  #parsed: AuditRecord | undefined
  #isParsed = false

  /** Of the line bytes[start, end), the `index`th of its batch. */
  constructor(bytes: Buffer, start: number, end: number, layout: LineLayout, index: number) {
    this.#bytes = bytes
    this.#start = start
    this.#recordAt = layout.recordAt(bytes, start)
    this.#end = end
    this.#layout = layout
    this.#index = index
  }

  /**
   * The dispatcher's number of this record: rises strictly, may skip. With `Hello.run` it names the record for good. Without a
   * dispatcher, under auditd itself, records are numbered from 1 in each process.
   */
  get seq(): number {
    return this.#layout.seqOf(this.#bytes, this.#start, this.#end, this.#index)
  }

  /**
   * The record as it came, without its LF: `[node=… ]type=… msg=audit(…): …`. A view, valid until the batch is done: a
   * record that is kept longer is copied with `Buffer.from(record.bytes)`.
   */
  get bytes(): Buffer {
    return this.#bytes.subarray(this.#recordAt, this.#end)
  }

  /** The record as text; bytes that are not UTF-8 become U+FFFD. */
  get text(): string {
    return this.#bytes.toString('utf8', this.#recordAt, this.#end)
  }

  /** Node, type, time, serial and fields; undefined if the bytes are no audit record. Valid as long as `bytes`. */
  get parsed(): AuditRecord | undefined {
    if (!this.#isParsed) this.#parsed = readRecord(this.bytes)
    this.#isParsed = true
    return this.#parsed
  }

  /** The value of the first field of this name as it is written, without quotes; undefined if there is none. */
  get(key: string): string | undefined {
    return this.parsed?.get(key)
  }
}

/** Some records of a batch as whole lines, each with its LF, in a copy of their own. */
export interface RecordLines {
  /** The lines, one after the other. */
  readonly bytes: Buffer
  /** How many lines. */
  readonly count: number
  /** The seq of the last of them. */
  readonly last: number
}

/** Whole records in their order, as many as were waiting. Valid until its handler has returned, or its promise is settled. */
export class RecordBatch {
  #bytes: Buffer
  readonly #start: number
  readonly #end: number
  readonly #layout: LineLayout
  /** The seq of the last record. */
  readonly last: number
  /** How many records. */
  readonly count: number

  constructor(
    bytes: Buffer,
    start: number,
    end: number,
    count: number,
    last: number,
    layout: LineLayout = NUMBERED_LINES,
  ) {
    this.#bytes = bytes
    this.#start = start
    this.#end = end
    this.#layout = layout
    this.count = count
    this.last = last
  }

  /** The seq of the first record. */
  get first(): number {
    return this.#layout.seqOf(this.#bytes, this.#start, this.#end, 0)
  }

  /** The records one after the other; each may be kept until the batch is done. */
  *[Symbol.iterator](): Generator<BatchRecord, void, undefined> {
    let index = 0
    for (let at = this.#start; at < this.#end;) {
      const bytes = this.#bytes
      const next = bytes.indexOf(LF, at) + 1
      if (next === 0) throw over()
      yield new BatchRecord(bytes, at, next - 1, this.#layout, index++)
      at = next
    }
  }

  /**
   * The records as they are to stand in a file, copied together in pieces of at most `maxBytes`; a longer record is a piece of its own.
   * For whoever stores them: no object is made for a record, and the copies are the caller's for good.
   */
  *lines(maxBytes: number): Generator<RecordLines, void, undefined> {
    const layout = this.#layout
    let before = 0
    for (let at = this.#start; at < this.#end;) {
      const bytes = this.#bytes
      if (bytes === NOTHING) throw over()
      const first = layout.recordAt(bytes, at)
      const copy = Buffer.allocUnsafeSlow(
        Math.max(bytes.indexOf(LF, at) + 1 - first, Math.min(maxBytes, this.#end - at)),
      )
      let [filled, count, lastAt] = [0, 0, at]
      while (at < this.#end) {
        const from = layout.recordAt(bytes, at)
        const next = bytes.indexOf(LF, at) + 1
        if (filled + next - from > copy.length) break
        filled += bytes.copy(copy, filled, from, next)
        count++
        lastAt = at
        at = next
      }
      before += count
      yield { bytes: copy.subarray(0, filled), count, last: layout.seqOf(bytes, lastAt, this.#end, before - 1) }
    }
  }

  /**
   * The records as whole lines, in pieces of at most `maxBytes`; a longer record is a piece of its own. For whoever is done with
   * them when the batch is: unlike `lines`, they are not copied where they are lines already.
   */
  *pieces(maxBytes: number): Generator<Buffer, void, undefined> {
    if (!this.#layout.isBare) {
      for (const { bytes } of this.lines(maxBytes)) yield bytes
      return
    }
    for (let at = this.#start; at < this.#end;) {
      const bytes = this.#bytes
      if (bytes === NOTHING) throw over()
      const most = Math.min(this.#end, at + maxBytes)
      const last = bytes.lastIndexOf(LF, most - 1)
      const next = (last < at ? bytes.indexOf(LF, most) : last) + 1
      yield bytes.subarray(at, next)
      at = next
    }
  }

  /** Whoever holds the batch too long finds nothing in it, instead of later records. */
  retire(): void {
    this.#bytes = NOTHING
  }
}

const NOTHING = Buffer.alloc(0)

/** The batch was left to somebody who goes on after it was done. */
function over(): Error {
  return new Error('the batch is over: its handler has returned')
}
