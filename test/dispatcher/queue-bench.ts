// Queues that share one log, fed as the fan-out feeds them, each beside its model and compared with it.

import assert from 'node:assert/strict'
import type { Format } from '../../src/dispatcher/format.js'
import { balances } from '../../src/dispatcher/ledger.js'
import { SEGMENT_BYTES, SegmentLog, type Segment } from '../../src/dispatcher/segment.js'
import type { QueueLimits } from '../../src/dispatcher/settings.js'
import { QueueReader } from './queue-reader.js'
import { recordOf } from './numbered-record.js'
import type { SpyPool } from './spy-pool.js'

export const LONGEST_RECORD = 65_536
/** Segments that a queue may pin beyond its records: those that its lists begin and end in, and its own. */
const SPARE_PINS = 5
/** A queue that holds less of a sealed segment copies its records out of it. */
const WORTH_PINNING = 0.9

export class QueueBench {
  readonly pool: SpyPool
  readonly format: Format
  readonly readers: readonly QueueReader[]
  readonly #log: SegmentLog
  #serial = 0
  #from = 0
  #run: Buffer[] = []

  /** The first reader is picky. */
  constructor(pool: SpyPool, format: Format, limits: readonly QueueLimits[]) {
    this.pool = pool
    this.format = format
    this.#log = new SegmentLog(pool, (segment) => this.#seal(segment))
    this.readers = limits.map((each, index) => new QueueReader(pool, format, each, index === 0))
  }

  /** A new record, of about this size. */
  record(size: number): Buffer {
    return recordOf(this.format, ++this.#serial, size)
  }

  /** One record comes in. Readers that are not picky get it with the next offer(). */
  come(record: Buffer, isPicked: boolean, own = false): void {
    const segment = this.#log.reserve(record.length)
    const start = segment.used
    segment.used += record.copy(segment.bytes, start)
    this.#run.push(record)
    for (const { queue, model, isPicky } of this.readers) {
      if (!isPicky) continue
      queue.ledger.in++
      model.ledger.in++
      if (isPicked) {
        queue.offer(segment, start, segment.used, 1, own)
        model.offer([record], own)
      } else {
        queue.ledger.filtered++
        model.ledger.filtered++
      }
    }
  }

  offer(own = false): void {
    const { segment } = this.#log
    const run = this.#run
    const from = this.#from
    this.#from = segment.used
    this.#run = []
    if (run.length === 0) return
    for (const { queue, model, isPicky } of this.readers) {
      if (isPicky) continue
      queue.ledger.in += run.length
      model.ledger.in += run.length
      queue.offer(segment, from, segment.used, run.length, own)
      model.offer(run, own)
    }
  }

  check(): void {
    for (const reader of this.readers) {
      reader.check()
      assert.ok(balances(reader.queue.ledger), 'the ledger balances')
    }
    const held = this.readers.reduce((sum, { model }) => sum + model.heldBytes, 0)
    const worth = held / (WORTH_PINNING * (SEGMENT_BYTES - LONGEST_RECORD))
    const most = worth + SPARE_PINS * this.readers.length + 1
    assert.ok(this.pool.out.size <= most, `${this.pool.out.size} segments for ${held} bytes`)
  }

  /** Reads everything that is left, and sees all memory come back. */
  end(): void {
    this.offer()
    for (const reader of this.readers) {
      while (!reader.queue.isEmpty) reader.write(Infinity)
      assert.equal(reader.queue.next(), undefined)
      assert.equal(reader.model.waiting.length, 0)
    }
    this.check()
    for (const { queue } of this.readers) queue.close()
    this.#log.close()
    assert.equal(this.pool.out.size, 0, 'every segment has come back')
  }

  #seal(segment: Segment): void {
    this.offer()
    for (const { queue } of this.readers) queue.settle(segment)
    this.#from = 0
  }
}
