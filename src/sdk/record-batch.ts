// The records of a batch where they lie in the input: a line is looked at when somebody asks for it, and an object is made
// for a record only when somebody iterates.

import { recordNumber } from '../protocol/line.js'
import { readRecord, type AuditRecord } from '../protocol/record-fields.js'
import { DispatcherViolation } from './sdk-error.js'

const LF = 0x0a
const BLANK = 0x20
/** `RECORD ` and at least one digit. */
const LEAST_BEFORE_RECORD_BYTES = 8

/** One record of a batch, read no further than it is asked for. */
export class BatchRecord {
  readonly #bytes: Buffer
  readonly #start: number
  readonly #recordAt: number
  readonly #end: number
  #parsed: AuditRecord | undefined
  #isParsed = false

  constructor(bytes: Buffer, start: number, recordAt: number, end: number) {
    this.#bytes = bytes
    this.#start = start
    this.#recordAt = recordAt
    this.#end = end
  }

  /** The dispatcher's number of this record: rises strictly, may skip. With `Hello.run` it names the record for good. */
  get seq(): number {
    return recordNumber(this.#bytes, this.#start, this.#end)
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
  /** The seq of the last record. */
  readonly last: number
  /** How many records. */
  readonly count: number

  constructor(bytes: Buffer, start: number, end: number, count: number, last: number) {
    this.#bytes = bytes
    this.#start = start
    this.#end = end
    this.count = count
    this.last = last
  }

  /** The seq of the first record. */
  get first(): number {
    return recordNumber(this.#bytes, this.#start, this.#end)
  }

  /** The records one after the other; each may be kept until the batch is done. */
  *[Symbol.iterator](): Generator<BatchRecord, void, undefined> {
    for (let at = this.#start; at < this.#end;) {
      const bytes = this.#bytes
      const next = bytes.indexOf(LF, at) + 1
      if (next === 0) throw over()
      yield new BatchRecord(bytes, at, recordIn(bytes, at), next - 1)
      at = next
    }
  }

  /**
   * The records as they are to stand in a file, copied together in pieces of at most `maxBytes`; a longer record is a piece of its own.
   * For whoever stores them: no object is made for a record, and the copies are the caller's for good.
   */
  *lines(maxBytes: number): Generator<RecordLines, void, undefined> {
    for (let at = this.#start; at < this.#end;) {
      const bytes = this.#bytes
      if (bytes === NOTHING) throw over()
      const first = recordIn(bytes, at)
      const copy = Buffer.allocUnsafeSlow(
        Math.max(bytes.indexOf(LF, at) + 1 - first, Math.min(maxBytes, this.#end - at)),
      )
      let [filled, count, lastAt] = [0, 0, at]
      while (at < this.#end) {
        const from = recordIn(bytes, at)
        const next = bytes.indexOf(LF, at) + 1
        if (filled + next - from > copy.length) break
        filled += bytes.copy(copy, filled, from, next)
        count++
        lastAt = at
        at = next
      }
      yield { bytes: copy.subarray(0, filled), count, last: recordNumber(bytes, lastAt, this.#end) }
    }
  }

  /** Whoever holds the batch too long finds nothing in it, instead of later records. */
  retire(): void {
    this.#bytes = NOTHING
  }
}

const NOTHING = Buffer.alloc(0)

/** Where the record of the line begins that begins at `at`. */
function recordIn(bytes: Buffer, at: number): number {
  for (let to = at + LEAST_BEFORE_RECORD_BYTES; to < bytes.length && bytes[to] !== LF; to++) {
    if (bytes[to] === BLANK) return to + 1
  }
  throw new DispatcherViolation('RECORD without a record')
}

/** The batch was left to somebody who goes on after it was done. */
function over(): Error {
  return new Error('the batch is over: its handler has returned')
}
