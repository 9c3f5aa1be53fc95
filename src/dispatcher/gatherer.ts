// Gathers what one plugin with a selector wants. Its records lie apart in the segments that all plugins share, and writing
// each by itself would cost a system call a record: so they are copied side by side, and offered as one run.

import type { Outbox } from './outbox.js'
import { SegmentLog, type Segment, type SegmentPool } from './segment.js'

export class Gatherer {
  readonly queue: Outbox
  /** The records at hand are the daemon's own. */
  ownRecords = false
  readonly #log: SegmentLog
  /** Records taken since the last flush(), for the ledger. */
  #taken = 0
  /** The run of neighbours in a shared segment that is to be copied next. */
  #source: Segment | undefined
  #start = 0
  #end = 0
  #runRecords = 0
  #runFirst = 0
  #runLast = 0
  /** What has been copied and not offered yet. */
  #from = 0
  #records = 0
  #first = 0
  #last = 0

  constructor(queue: Outbox, pool: SegmentPool) {
    this.queue = queue
    this.#log = new SegmentLog(pool, () => {
      this.#offer()
      this.#from = 0
    })
  }

  /** Takes the record [start, end) of `segment`, which the writer is filling. */
  take(segment: Segment, start: number, end: number, seq: number): void {
    if (this.#end !== start || this.#source !== segment) {
      this.#copyRun()
      this.#source = segment
      this.#start = start
      this.#runFirst = seq
    }
    this.#end = end
    this.#runLast = seq
    this.#runRecords++
    this.#taken++
  }

  /** The record at hand cannot be written in its format. */
  tooLong(seq: number): void {
    this.#copyRun()
    this.#offer()
    this.queue.dropTooLong(seq)
    this.#taken++
  }

  /** Offers what was gathered; returns how many records have been taken since the last time. */
  flush(): number {
    this.letGo()
    const taken = this.#taken
    this.#taken = 0
    return taken
  }

  /** The shared segment is sealed, or all is to be offered: nothing refers to the segment afterwards. */
  letGo(): void {
    this.#copyRun()
    this.#source = undefined
    this.#offer()
  }

  close(): void {
    this.#log.close()
  }

  #copyRun(): void {
    const source = this.#source
    if (source === undefined || this.#runRecords === 0) return
    const target = this.#log.reserve(this.#end - this.#start)
    target.used += source.bytes.copy(target.bytes, target.used, this.#start, this.#end)
    if (this.#records === 0) this.#first = this.#runFirst
    this.#last = this.#runLast
    this.#records += this.#runRecords
    this.#runRecords = 0
    this.#end = -1
  }

  #offer(): void {
    const { segment } = this.#log
    const records = this.#records
    if (records === 0) return
    this.#records = 0
    const from = this.#from
    this.#from = segment.used
    this.queue.offer(segment, from, segment.used, records, this.ownRecords, this.#first, this.#last)
  }
}
