// Queues that share one log, fed as the fan-out feeds them, each beside its model and compared with it.

import assert from 'node:assert/strict'
import { STRING, type Format } from '../../src/dispatcher/format.js'
import { balances } from '../../src/dispatcher/ledger.js'
import { Queue } from '../../src/dispatcher/queue.js'
import { SEGMENT_BYTES, SegmentLog, type Segment } from '../../src/dispatcher/segment.js'
import type { QueueLimits } from '../../src/dispatcher/settings.js'
import { exactFrame, LONGEST_PAYLOAD } from '../protocol/wire.js'
import { QueueModel } from './queue-model.js'
import type { SpyPool } from './spy-pool.js'

export const LONGEST_RECORD = 65_536
/** Segments that a queue may pin beyond its records: those that its lists begin and end in, and its own. */
const SPARE_PINS = 5
/** A queue that holds less of a sealed segment copies its records out of it. */
const WORTH_PINNING = 0.9

export interface Reader {
  readonly queue: Queue
  readonly model: QueueModel
  /** Offered record by record and not all of them, as a plugin with a selector is. */
  readonly isPicky: boolean
  readonly told: string[]
}

export class QueueBench {
  readonly pool: SpyPool
  readonly format: Format
  readonly readers: readonly Reader[]
  readonly #log: SegmentLog
  #serial = 0
  #from = 0
  #run: Buffer[] = []

  /** The first reader is picky. */
  constructor(pool: SpyPool, format: Format, limits: readonly QueueLimits[]) {
    this.pool = pool
    this.format = format
    this.#log = new SegmentLog(pool, (segment) => this.#seal(segment))
    this.readers = limits.map((each, index) => this.#reader(each, index === 0))
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

  /** Writes as a plugin does: of what stands next, as much as its FIFO takes. */
  write({ queue, model }: Reader, most: number): void {
    const span = queue.next()
    if (span === undefined) return assert.equal(model.waiting.length, 0, 'something waits, but nothing comes next')
    assert.ok(span.end > span.start, 'what comes next is not empty')
    const count = Math.min(most, span.end - span.start)
    assertNext(model, span.segment.bytes.subarray(span.start, span.start + count))
    queue.wrote(count)
    model.write(count)
  }

  check(): void {
    for (const { queue, model, told } of this.readers) {
      assert.deepEqual(queue.ledger, model.ledger)
      assert.ok(balances(queue.ledger), 'the ledger balances')
      assert.deepEqual(told, model.told)
      const seen = [queue.flow, queue.isEmpty, queue.waitingBytes, queue.blocks, queue.unblocks]
      assert.deepEqual(seen, [model.flow, model.waiting.length === 0, model.waitingBytes, model.blocks, model.unblocks])
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
      while (!reader.queue.isEmpty) this.write(reader, Infinity)
      assert.equal(reader.queue.next(), undefined)
      assert.equal(reader.model.waiting.length, 0)
    }
    this.check()
    for (const { queue } of this.readers) queue.close()
    this.#log.close()
    assert.equal(this.pool.out.size, 0, 'every segment has come back')
  }

  #reader(limits: QueueLimits, isPicky: boolean): Reader {
    const told: string[] = []
    const owed = recordOf(this.format, 0, 200)
    const model = new QueueModel(limits, owed)
    const queue: Queue = new Queue(this.format, limits, this.pool, {
      makeRoom: () => {},
      lossBegan: (reason) => told.push(`began ${reason}`),
      lossEnded: (lost) => {
        told.push(`ended ${lost}`)
        queue.offerAlone(owed)
      },
    })
    return { queue, model, isPicky, told }
  }

  #seal(segment: Segment): void {
    this.offer()
    for (const { queue } of this.readers) queue.settle(segment)
    this.#from = 0
  }
}

/** A record that tells its number; a binary one may hold any bytes, so LF as well. */
export function recordOf(format: Format, serial: number, size: number): Buffer {
  if (format === STRING) return Buffer.from(`${`type=EOE ${serial} `.padEnd(size - 1, '.')}\n`)
  const payload = Buffer.from(`${serial}\n`.padEnd(Math.min(size, LONGEST_PAYLOAD), '\n'))
  return exactFrame({ version: 0, type: 1300, payload })
}

function assertNext(model: QueueModel, bytes: Buffer): void {
  let at = 0
  let skip = model.partial
  for (const waiting of model.waiting) {
    if (at === bytes.length) return
    const part = waiting.subarray(skip, skip + bytes.length - at)
    assert.ok(part.equals(bytes.subarray(at, at + part.length)), `other bytes than the model's at ${at}`)
    at += part.length
    skip = 0
  }
  assert.equal(at, bytes.length, 'more comes next than waits')
}
