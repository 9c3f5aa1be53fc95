// The writing side of one format: the log that all its plugins read, and who gets what of it. Plugins without a selector are
// offered everything since the last turn as one run; those with one have it gathered for them.

import type { Audience } from './audience.js'
import type { Format } from './format.js'
import type { Gatherer } from './gatherer.js'
import type { Outbox } from './outbox.js'
import { SegmentLog, type Segment, type SegmentPool } from './segment.js'

const NOBODY: readonly Gatherer[] = []

export class Lane {
  readonly format: Format
  readonly log: SegmentLog
  /** Every queue of this format, whatever it is offered: they may hold what lies in a segment. */
  queues: readonly Outbox[] = []
  gatherers: readonly Gatherer[] = []
  /** Nobody wants any of the records at hand. */
  isIdle = true
  /** The records at hand are the daemon's own. */
  ownRecords = false
  #audience: Audience
  // Asked for each record, so they are kept apart from the audience: looked up there they would cost a tenth of a record.
  #hasWhole = false
  #isPicky = false
  #wanting: readonly Gatherer[] = NOBODY
  /** The run that the whole queues have not been offered yet. */
  #from = 0
  #records = 0
  #first = 0
  #last = 0

  constructor(format: Format, pool: SegmentPool, audience: Audience) {
    this.format = format
    this.#audience = audience
    this.log = new SegmentLog(pool, (segment) => this.#seal(segment))
  }

  /** Who gets the records at hand. */
  get audience(): Audience {
    return this.#audience
  }

  /** The next records are for these. */
  turnTo(audience: Audience): void {
    this.#audience = audience
    this.#hasWhole = audience.whole.length > 0
    this.#isPicky = audience.isPicky
    this.#wanting = NOBODY
    this.isIdle = audience.isEmpty
  }

  /** Asks who wants the record at hand; true if anybody does. Not asked while the lane is idle. */
  wants(type: number, node: string): boolean {
    if (!this.#isPicky) return true
    this.#wanting = this.#audience.wanting(type, node)
    return this.#hasWhole || this.#wanting.length > 0
  }

  /** The record at hand has been written, ending at `end`. */
  wrote(segment: Segment, end: number, seq: number): void {
    const start = segment.used
    segment.used = end
    if (this.#hasWhole) this.#add(1, seq)
    if (!this.#isPicky) return
    for (const gatherer of this.#wanting) gatherer.take(segment, start, end, seq)
  }

  /** The record at hand cannot be written in this format. */
  tooLong(seq: number): void {
    this.offer()
    for (const queue of this.#audience.whole) queue.dropTooLong(seq)
    for (const gatherer of this.#wanting) gatherer.tooLong(seq)
  }

  /** A run of records has been written, ending at `end`; only where nobody is picky. */
  wroteRun(segment: Segment, end: number, records: number, lastSeq: number): void {
    segment.used = end
    if (records > 0) this.#add(records, lastSeq)
  }

  /** Hands what has come since the last call to the whole queues. */
  offer(): void {
    const { segment } = this.log
    const from = this.#from
    const records = this.#records
    this.#from = segment.used
    this.#records = 0
    if (records === 0) return
    for (const queue of this.#audience.whole) {
      queue.offer(segment, from, segment.used, records, this.ownRecords, this.#first, this.#last)
    }
  }

  #add(records: number, lastSeq: number): void {
    if (this.#records === 0) this.#first = lastSeq - records + 1
    this.#records += records
    this.#last = lastSeq
  }

  #seal(segment: Segment): void {
    this.offer()
    for (const gatherer of this.gatherers) gatherer.letGo()
    for (const queue of this.queues) queue.settle(segment)
    this.#from = 0
  }
}
