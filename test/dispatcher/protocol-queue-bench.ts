// Queues of the line protocol that share one log, fed as the fan-out feeds them, each beside its model.

import assert from 'node:assert/strict'
import { SEGMENT_BYTES, SegmentLog, type Segment } from '../../src/dispatcher/segment.js'
import type { QueueLimits } from '../../src/dispatcher/settings.js'
import type { ModelRecord } from './protocol-queue-model.js'
import { ProtocolQueueReader } from './protocol-queue-reader.js'
import type { SpyPool } from './spy-pool.js'

export const LONGEST_LINE = 65_536
/** Segments that a queue may pin beyond its records: those that its lists begin and end in, and its own. */
const SPARE_PINS = 5
/** A queue that holds less of a sealed segment copies its records out of it. */
const WORTH_PINNING = 0.9
/** What a process that does not acknowledge may leave unread, and so is kept. */
const KEPT_BYTES = (1 << 20) + (1 << 16)

export class ProtocolQueueBench {
  readonly pool: SpyPool
  readonly readers: readonly ProtocolQueueReader[]
  readonly #log: SegmentLog
  #seq: number
  #from = 0
  #run: ModelRecord[] = []

  /** The first reader is picky. `seq`: the last that has been given away. */
  constructor(pool: SpyPool, limits: readonly QueueLimits[], seq = 0) {
    this.pool = pool
    this.#seq = seq
    this.#log = new SegmentLog(pool, (segment) => this.#seal(segment))
    this.readers = limits.map((each, index) => new ProtocolQueueReader(pool, each, index === 0 && limits.length > 1))
  }

  /** One record comes in. Readers that are not picky get it with the next offer(). */
  come(size: number, isPicked: boolean, own = false): void {
    const record = this.#record(size)
    const { line, seq } = record
    const segment = this.#log.reserve(line.length)
    const start = segment.used
    segment.used += line.copy(segment.bytes, start)
    this.#run.push(record)
    for (const reader of this.readers) {
      if (!reader.isPicky) continue
      reader.queue.ledger.in++
      reader.model.ledger.in++
      if (isPicked) {
        reader.memory.offered.set(seq, line)
        reader.queue.offer(segment, start, segment.used, 1, own, seq, seq)
        reader.offered([record], own)
      } else {
        reader.queue.ledger.filtered++
        reader.model.ledger.filtered++
      }
    }
  }

  /** Numbers go by that nobody here gets. */
  skip(): void {
    this.#seq++
  }

  offer(own = false): void {
    const { segment } = this.#log
    const run = this.#run
    const from = this.#from
    const [first] = run
    const last = run.at(-1)
    this.#from = segment.used
    this.#run = []
    if (first === undefined || last === undefined) return
    for (const reader of this.readers) {
      if (reader.isPicky) continue
      reader.queue.ledger.in += run.length
      reader.model.ledger.in += run.length
      for (const { seq, line } of run) reader.memory.offered.set(seq, line)
      reader.queue.offer(segment, from, segment.used, run.length, own, first.seq, last.seq)
      reader.offered(run, own)
    }
  }

  /** A record for one reader alone. */
  comeAlone(reader: ProtocolQueueReader, size: number): void {
    this.offer()
    const record = this.#record(size)
    reader.memory.offered.set(record.seq, record.line)
    reader.queue.offerAlone(record.line, record.seq)
    reader.model.ledger.in++
    reader.offered([record], true)
  }

  comeTooLong(): void {
    this.offer()
    const seq = ++this.#seq
    for (const { queue, model, memory } of this.readers) {
      memory.offered.set(seq, Buffer.alloc(0))
      queue.ledger.in++
      model.ledger.in++
      queue.dropTooLong(seq)
      model.tooLong(seq)
    }
  }

  noteGap(): void {
    this.offer()
    const seq = ++this.#seq
    for (const { queue, model } of this.readers) {
      queue.noteGap(seq)
      model.noteGap(seq)
    }
  }

  check(): void {
    for (const reader of this.readers) reader.check()
    const held = this.readers.reduce((sum, { model }) => sum + model.heldBytes + (model.acks ? 0 : KEPT_BYTES), 0)
    const worth = held / (WORTH_PINNING * (SEGMENT_BYTES - LONGEST_LINE))
    const most = worth + SPARE_PINS * this.readers.length + 1
    assert.ok(this.pool.out.size <= most, `${this.pool.out.size} segments for ${held} bytes`)
  }

  /** Reads everything that is left, and sees all memory come back. */
  end(): void {
    this.offer()
    for (const reader of this.readers) reader.finish()
    this.check()
    for (const { queue } of this.readers) queue.close()
    this.#log.close()
    assert.equal(this.pool.out.size, 0, 'every segment has come back')
  }

  #record(size: number): ModelRecord {
    const seq = ++this.#seq
    const line = Buffer.from(`${`RECORD ${seq} type=EOE msg=audit(1.000:${seq}): `.padEnd(size - 1, '.')}\n`)
    return { kind: 'record', seq, line, at: -1 }
  }

  #seal(segment: Segment): void {
    this.offer()
    for (const { queue } of this.readers) queue.settle(segment)
    this.#from = 0
  }
}
