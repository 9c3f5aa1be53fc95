import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { test } from 'tap'
import { BINARY, STRING } from '../../src/dispatcher/format.js'
import { KEPT_BYTES } from '../../src/dispatcher/queue.js'
import { SEGMENT_BYTES } from '../../src/dispatcher/segment.js'
import type { OverflowAction, QueueLimits } from '../../src/dispatcher/settings.js'
import { balances } from '../../src/dispatcher/ledger.js'
import { LONGEST_RECORD, QueueBench } from './queue-bench.js'
import type { QueueReader } from './queue-reader.js'
import { SpyPool } from './spy-pool.js'

const RUNS = 5000
const ROOMY: QueueLimits = { depth: 1e9, bytes: 1e12, overflow: 'drop-newest' }
const ACTIONS: readonly OverflowAction[] = [
  'drop-newest',
  'drop-oldest',
  'block',
  'suspend',
  'single',
  'halt',
  'ignore',
]

/** What can happen to queues; `at` is the reader it happens to. */
type Op =
  | { do: 'records'; sizes: [size: number, isPicked: boolean][]; times: number; isTurn: boolean }
  | { do: 'own-record'; isPicked: boolean }
  | { do: 'write'; at: number; most: number }
  | { do: 'write-spans'; at: number; spans: number }
  | { do: 'hand-over'; at: number; limit: number }
  /** So much more the plugin takes whenever the queue asks it to make room. */
  | { do: 'room'; at: number; bytes: number }
  /** A death with this share of what can come back unread. */
  | { do: 'die'; at: number; unreadShare: number }
  /** A death with the last so many records unread, give or take a byte. */
  | { do: 'die-near'; at: number; records: number; bytes: number }
  | { do: 'adopt'; at: number; limits: QueueLimits }
  | { do: 'resume'; at: number }
  | { do: 'shut'; at: number; reason: 'failed' | 'stopped' }
  | { do: 'reopen'; at: number }

const AT = fc.nat(2)
const LIMITS = fc.record({
  depth: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constant(1000)),
  bytes: fc.oneof(fc.integer({ min: 1, max: 100_000 }), fc.integer({ min: 65_536, max: 3_000_000 })),
  overflow: fc.constantFrom(...ACTIONS),
})
const SIZE = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 20, max: 400 }) },
  { weight: 3, arbitrary: fc.integer({ min: 400, max: 9000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 9000, max: LONGEST_RECORD }) },
)
const SHARE = fc.oneof(fc.constantFrom(0, 1), fc.double({ min: 0, max: 1, noNaN: true }))
const MOST = fc.oneof(fc.nat(300), fc.nat(70_000))

const OP: fc.Arbitrary<Op> = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.record({
      do: fc.constant('records' as const),
      sizes: fc.array(fc.tuple(SIZE, fc.boolean()), { minLength: 1, maxLength: 6 }),
      times: fc.oneof(
        { weight: 4, arbitrary: fc.constant(1) },
        { weight: 1, arbitrary: fc.integer({ min: 2, max: 9 }) },
      ),
      isTurn: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('own-record' as const), isPicked: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('write' as const), at: AT, most: MOST }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('write-spans' as const), at: AT, spans: fc.nat(9) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('hand-over' as const), at: AT, limit: fc.integer({ min: 1, max: 4096 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('room' as const), at: AT, bytes: MOST }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('die' as const), at: AT, unreadShare: SHARE }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('die-near' as const),
      at: AT,
      records: fc.nat(4),
      bytes: fc.integer({ min: -1, max: 1 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('adopt' as const), at: AT, limits: LIMITS }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('resume' as const), at: AT }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('shut' as const),
      at: AT,
      reason: fc.constantFrom('failed' as const, 'stopped' as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('reopen' as const), at: AT }) },
)

function run(bench: QueueBench, op: Op): void {
  switch (op.do) {
    case 'records':
      for (let time = 0; time < op.times; time++) {
        for (const [size, isPicked] of op.sizes) bench.come(bench.record(size), isPicked)
      }
      if (op.isTurn) bench.offer()
      return
    case 'own-record':
      // As publish() does: what has come before goes first, and nothing is offered with it.
      bench.offer()
      bench.come(bench.record(180), op.isPicked, true)
      bench.offer(true)
      return
    default:
      runAt(readerAt(bench, op.at), op)
  }
}

function runAt(reader: QueueReader, op: Extract<Op, { at: number }>): void {
  const { queue, model } = reader
  switch (op.do) {
    case 'write':
      return reader.write(op.most)
    case 'write-spans':
      for (let span = 0; span < op.spans; span++) reader.write(Infinity)
      return
    case 'hand-over':
      return reader.handOver(op.limit)
    case 'room':
      reader.roomBytes = op.bytes
      return
    case 'die':
      return reader.die(Math.floor(op.unreadShare * model.returnableBytes))
    case 'die-near': {
      const records = op.records === 0 ? [] : model.written.slice(-op.records)
      return reader.die(records.reduce((sum, { length }) => sum + length, model.partial) + op.bytes)
    }
    case 'adopt':
      queue.setLimits(op.limits)
      queue.resume()
      return model.adopt(op.limits)
    case 'resume':
      queue.resume()
      return model.resume()
    case 'shut':
      return reader.shut(op.reason)
    case 'reopen':
      return assert.equal(queue.reopen(), model.reopen())
    default:
      op satisfies never
  }
}

function readerAt(bench: QueueBench, at: number): QueueReader {
  const reader = bench.readers[at % bench.readers.length]
  assert.ok(reader)
  return reader
}

void test('whatever happens to queues in whatever order, each is as its model', (t) => {
  // One pool for all runs: that its segments come back spoiled from the run before is welcome.
  let pool = new SpyPool()
  fc.assert(
    fc
      .property(
        fc.constantFrom(STRING, BINARY),
        fc.array(LIMITS, { minLength: 1, maxLength: 3 }),
        fc.array(OP, { minLength: 1, maxLength: 40, size: 'max' }),
        (format, limits, ops) => {
          const bench = new QueueBench(pool, format, limits)
          for (const op of ops) {
            run(bench, op)
            bench.check()
          }
          bench.end()
        },
      )
      .beforeEach(() => {
        // A run that failed let nothing go.
        if (pool.out.size > 0) pool = new SpyPool()
      }),
    { numRuns: RUNS },
  )
  t.end()
})

void test('memory is bounded by the records that wait, whatever share of the stream they are', (t) => {
  for (const picked of [1, 5, 7, 9, 10]) {
    const pool = new SpyPool()
    const bench = new QueueBench(pool, STRING, [ROOMY])
    for (let come = 0; come < 1000; come++) bench.come(bench.record(10_000), come % 10 < picked)
    const { heldBytes } = readerAt(bench, 0).queue
    const most = heldBytes / 0.9 / SEGMENT_BYTES + 3
    t.ok(pool.out.size <= most, `${pool.out.size} segments for ${heldBytes} bytes`)
  }
  t.end()
})

void test('records that are rare keep no segments, whatever is lost in between', (t) => {
  const pool = new SpyPool()
  const bench = new QueueBench(pool, STRING, [{ depth: 2, bytes: 65_536, overflow: 'drop-newest' }])
  const reader = readerAt(bench, 0)
  let most = 0
  for (let cycle = 0; cycle < 200; cycle++) {
    for (let picked = 0; picked < 3; picked++) bench.come(bench.record(100), true)
    // The third was lost, and with the end of that loss comes a record for this queue alone.
    while (!reader.queue.isEmpty) reader.write(Infinity)
    bench.come(bench.record(100), true)
    for (let others = 0; others < 5; others++) bench.come(bench.record(60_000), false)
    while (!reader.queue.isEmpty) reader.write(Infinity)
    most = Math.max(most, pool.out.size)
  }
  t.equal(reader.queue.ledger.dropped['queue-full'], 200)
  t.ok(most <= 8, `${most} segments for 200 kB`)
  bench.end()
  t.end()
})

void test('what a pipe can hold comes back, however much was written', (t) => {
  const bench = new QueueBench(new SpyPool(), BINARY, [ROOMY])
  const reader = readerAt(bench, 0)
  writeMuch(bench, reader)
  const { queue, model } = reader
  t.equal(queue.takeBack(KEPT_BYTES), 0)
  model.die(KEPT_BYTES)
  bench.end()
  t.end()
})

void test('more unread than is kept: what is kept comes back, and how much more it was is told', (t) => {
  const bench = new QueueBench(new SpyPool(), STRING, [ROOMY])
  const reader = readerAt(bench, 0)
  writeMuch(bench, reader)
  const { queue } = reader
  const beyond = queue.takeBack(3 * KEPT_BYTES)
  t.ok(queue.heldBytes >= KEPT_BYTES && queue.heldBytes < KEPT_BYTES + SEGMENT_BYTES)
  t.equal(beyond, 3 * KEPT_BYTES - queue.heldBytes)
  t.ok(balances(queue.ledger))
  t.end()
})

/** Some four times what is kept, in records of many sizes. */
function writeMuch(bench: QueueBench, reader: QueueReader): void {
  for (let count = 0; count < 5000; count++) {
    bench.come(bench.record(1 + ((count * 7) % 1999)), true)
    if (count % 10 === 9) while (!reader.queue.isEmpty) reader.write(Infinity)
  }
}
