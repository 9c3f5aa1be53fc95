import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { test } from 'tap'
import { MAX_WINDOW } from '../../src/dispatcher/delivery-gate.js'
import type { OverflowAction } from '../../src/dispatcher/settings.js'
import { LONGEST_LINE, ProtocolQueueBench } from './protocol-queue-bench.js'
import type { Opening, ProtocolQueueReader } from './protocol-queue-reader.js'
import { SpyPool } from './spy-pool.js'

const RUNS = 2500
const ACTIONS: readonly OverflowAction[] = [
  'drop-newest',
  'drop-oldest',
  'block',
  'suspend',
  'single',
  'halt',
  'ignore',
]

const AT = fc.nat(1)
const LIMITS = fc.record({
  depth: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constant(1000)),
  bytes: fc.oneof(fc.integer({ min: 1, max: 100_000 }), fc.integer({ min: 65_536, max: 3_000_000 })),
  overflow: fc.constantFrom(...ACTIONS),
})
const SIZE = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 60, max: 400 }) },
  { weight: 3, arbitrary: fc.integer({ min: 400, max: 9000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 9000, max: LONGEST_LINE }) },
)
const SHARE = fc.oneof(fc.constantFrom(0, 1), fc.double({ min: 0, max: 1, noNaN: true }))
const MOST = fc.oneof(fc.nat(300), fc.nat(70_000))
const OPENING: fc.Arbitrary<Opening> = fc.record({
  acks: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
  window: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constant(4096)),
  fromShare: fc.option(SHARE, { nil: undefined, freq: 2 }),
  isStillborn: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
})

/** What can happen to queues; `at` is the reader that it happens to. */
const IN_OP = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('records' as const),
      sizes: fc.array(fc.tuple(SIZE, fc.boolean(), fc.boolean()), { minLength: 1, maxLength: 6 }),
      times: fc.oneof(
        { weight: 4, arbitrary: fc.constant(1) },
        { weight: 1, arbitrary: fc.integer({ min: 2, max: 9 }) },
      ),
      isTurn: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('own-record' as const), isPicked: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('too-long' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('gap' as const) }) },
)
const AT_OP = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('write' as const), at: AT, most: MOST }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('write-all' as const), at: AT, entries: fc.nat(9) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('hand-over' as const), at: AT, limit: fc.integer({ min: 1, max: 4096 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('room' as const), at: AT, bytes: MOST }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('start' as const), at: AT, opening: OPENING }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('ack' as const), at: AT, share: SHARE }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('say' as const), at: AT, bytes: fc.integer({ min: 7, max: 200 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('die' as const), at: AT, unreadShare: SHARE, isCrash: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('crash-loop' as const),
      at: AT,
      opening: OPENING,
      times: fc.integer({ min: 2, max: 6 }),
      most: MOST,
      unreadShare: SHARE,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('alone' as const), at: AT, size: SIZE }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('pause' as const), at: AT, isPaused: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('close-gate' as const), at: AT }) },
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
const OP = fc.oneof({ weight: 1, arbitrary: IN_OP }, { weight: 3, arbitrary: AT_OP })
type InOp = typeof IN_OP extends fc.Arbitrary<infer Op> ? Op : never
type AtOp = typeof AT_OP extends fc.Arbitrary<infer Op> ? Op : never

function run(bench: ProtocolQueueBench, op: InOp | AtOp): void {
  switch (op.do) {
    case 'records':
      for (let time = 0; time < op.times; time++) {
        for (const [size, isPicked, isSkip] of op.sizes) {
          if (isSkip) bench.skip()
          bench.come(size, isPicked)
        }
      }
      if (op.isTurn) bench.offer()
      return
    case 'own-record':
      // As publish() does: what has come before goes first, and nothing is offered with it.
      bench.offer()
      bench.come(180, op.isPicked, true)
      return bench.offer(true)
    case 'too-long':
      return bench.comeTooLong()
    case 'gap':
      return bench.noteGap()
    default:
      return runAt(bench, readerAt(bench, op.at), op)
  }
}

function runAt(bench: ProtocolQueueBench, reader: ProtocolQueueReader, op: AtOp): void {
  const { queue, model } = reader
  switch (op.do) {
    case 'write':
      reader.write(Math.max(1, op.most))
      return
    case 'write-all':
      for (let entry = 0; entry < op.entries; entry++) reader.write(Infinity)
      return
    case 'hand-over':
      return reader.handOver(op.limit)
    case 'room':
      reader.roomBytes = op.bytes
      return
    case 'start':
      return reader.start(op.opening)
    case 'ack':
      return reader.ack(op.share)
    case 'say':
      return reader.say(`${'PING 1'.padEnd(op.bytes - 1)}\n`)
    case 'die':
      return reader.die(op.unreadShare, op.isCrash)
    case 'crash-loop':
      for (let time = 0; time < op.times; time++) {
        reader.start(op.opening)
        reader.write(Math.max(1, op.most))
        reader.write(Infinity)
        reader.die(time === 0 ? 0 : op.unreadShare, true)
      }
      return
    case 'alone':
      return bench.comeAlone(reader, op.size)
    case 'pause':
      queue.setPaused(op.isPaused)
      return model.setPaused(op.isPaused)
    case 'close-gate':
      queue.closeGate()
      return model.closeGate()
    case 'adopt':
      queue.setLimits(op.limits)
      queue.resume()
      model.limits = op.limits
      return model.resume()
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

function readerAt(bench: ProtocolQueueBench, at: number): ProtocolQueueReader {
  const reader = bench.readers[at % bench.readers.length]
  assert.ok(reader)
  return reader
}

void test('whatever happens to queues in whatever order, each is as its model, and its plugin gets what it was promised', (t) => {
  // One pool for all runs: that its segments come back spoiled from the run before is welcome.
  let pool = new SpyPool()
  fc.assert(
    fc
      .property(
        fc.array(LIMITS, { minLength: 1, maxLength: 2 }),
        fc.constantFrom(0, 7, 95, 99_990),
        fc.array(OP, { minLength: 1, maxLength: 50, size: 'max' }),
        (limits, seq, ops) => {
          const bench = new ProtocolQueueBench(pool, limits, seq)
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

const ROOMY = { depth: 1000, bytes: 1e9, overflow: 'drop-newest' } as const
const ACKS: Opening = { acks: true, window: 4096, fromShare: undefined, isStillborn: false }

/** A queue with so many records, and its plugin. */
function newReader(records: number): ProtocolQueueReader {
  const bench = new ProtocolQueueBench(new SpyPool(), [ROOMY])
  for (let count = 0; count < records; count++) bench.come(100, true)
  bench.offer()
  return readerAt(bench, 0)
}

/** Seqs of all that a process is sent until it acknowledges something. */
function seqsOf(reader: ProtocolQueueReader): number[] {
  const seqs: number[] = []
  for (let bytes = reader.write(Infinity); bytes !== undefined; bytes = reader.write(Infinity)) {
    for (const [, seq] of bytes.toString('latin1').matchAll(/^(?:RECORD|LOST \d+) (\d+)/gm)) seqs.push(Number(seq))
  }
  return seqs
}

void test('a record that three processes died of is sent alone to the fourth, and is lost to the fifth', (t) => {
  const reader = newReader(3)
  for (let death = 1; death <= 3; death++) {
    reader.start(ACKS)
    t.same(seqsOf(reader), [1, 2, 3])
    reader.die(0, true)
  }
  reader.start(ACKS)
  t.same(seqsOf(reader), [1])
  reader.die(0, true)
  reader.check()
  t.match(reader.queue.ledger, { queued: 2, dropped: { poison: 1 } })
  reader.start(ACKS)
  t.same(seqsOf(reader), [1, 2, 3], 'the first of them as LOST')
  t.same([...reader.memory.told], [[1, 'poison']])
  t.end()
})

void test('one poisonous record behind another is found too, though the first is still told to be lost', (t) => {
  const reader = newReader(4)
  for (let death = 1; death <= 8; death++) {
    reader.start(ACKS)
    seqsOf(reader)
    // Whoever gets one of these two does not come to acknowledge anything.
    if (reader.queue.held.from > 2) break
    // Sent alone is sent behind what is lost, when that has been acknowledged.
    if (reader.queue.firstSeq === 1 && reader.memory.told.size > 0) reader.ack(0)
    seqsOf(reader)
    reader.die(0, true)
  }
  reader.check()
  t.equal(reader.queue.ledger.dropped.poison, 2)
  t.equal(reader.queue.held.from, 3)
  t.end()
})

void test('a process that dies before it has read anything says nothing against the record', (t) => {
  const reader = newReader(1)
  for (let death = 1; death <= 9; death++) {
    reader.start(ACKS)
    seqsOf(reader)
    reader.die(1, true)
  }
  reader.check()
  t.equal(reader.queue.ledger.dropped.poison, 0)
  t.end()
})

void test('a plugin that is stopped again and again dies of nothing', (t) => {
  const reader = newReader(2)
  for (let stop = 1; stop <= 9; stop++) {
    reader.start(ACKS)
    t.same(seqsOf(reader), [1, 2])
    reader.die(0, false)
  }
  t.equal(reader.queue.ledger.dropped.poison, 0)
  t.end()
})

void test('no more is on its way than the window, and an acknowledgement lets as much follow', (t) => {
  const reader = newReader(9)
  reader.start({ ...ACKS, window: 4 })
  t.same(seqsOf(reader), [1, 2, 3, 4])
  reader.ack(0.5)
  t.same(seqsOf(reader), [5, 6])
  reader.ack(1)
  t.same(seqsOf(reader), [7, 8, 9])
  t.end()
})

void test('an acknowledgement may come before a piece is told to be written', (t) => {
  const { queue } = newReader(9)
  queue.open(true, 4096)
  const piece = queue.handOver(4096)
  t.equal(piece.toString('latin1').split('\n').length, 10)
  t.equal(queue.sentSeq, 9, 'whatever is in the piece may have been read')
  queue.acked(8)
  t.match(queue.ledger, { queued: 9, delivered: 0 }, 'but it stands in line until the piece is in')
  queue.wrote(piece.length)
  t.match(queue.ledger, { queued: 1, delivered: 8 })
  t.equal(queue.sentSeq, 9)
  t.end()
})

void test('a record handed over only in part has not been sent', (t) => {
  for (const [short, sentSeq] of [
    [0, 2],
    [1, 1],
  ] as const) {
    const { queue } = newReader(2)
    queue.open(true, 4096)
    const output = queue.next()
    queue.handOver((output?.end ?? 0) - (output?.start ?? 0) - short)
    t.equal(queue.sentSeq, sentSeq)
  }
  t.end()
})

void test('a queue that is shut under a living process loses what was not acknowledged', (t) => {
  const reader = newReader(5)
  reader.start(ACKS)
  seqsOf(reader)
  reader.ack(0)
  t.equal(reader.queue.shut('stopped'), 4)
  t.match(reader.queue.ledger, { queued: 0, delivered: 1, dropped: { stopped: 4 } })
  t.equal(reader.queue.next(), undefined)
  t.equal(reader.queue.takeBack(100), 0)
  t.match(reader.queue.ledger, { queued: 0, delivered: 1, dropped: { stopped: 4 } })
  t.end()
})

void test('records that are rare keep no segments, waiting or on their way', (t) => {
  for (const isSent of [false, true]) {
    const pool = new SpyPool()
    const bench = new ProtocolQueueBench(pool, [ROOMY, { ...ROOMY, depth: 1 }])
    const reader = readerAt(bench, 0)
    reader.start(ACKS)
    let most = 0
    for (let cycle = 0; cycle < 100; cycle++) {
      bench.come(100, true)
      if (isSent) reader.write(Infinity)
      for (let others = 0; others < 5; others++) bench.come(60_000, false)
      most = Math.max(most, pool.out.size)
    }
    t.equal(reader.queue.ledger.queued, 100)
    t.ok(most <= 8, `${most} segments for 10 kB`)
    bench.check()
  }
  t.end()
})

void test('no plugin has more on its way than MAX_WINDOW, whatever window it asks for', (t) => {
  const bench = new ProtocolQueueBench(new SpyPool(), [ROOMY])
  const { queue } = readerAt(bench, 0)
  queue.open(true, Number.MAX_SAFE_INTEGER)
  const writeAll = (): void => {
    for (let output = queue.next(); output !== undefined; output = queue.next()) queue.wrote(output.end - output.start)
  }
  // Lost ranges are on their way one by one, and count neither in records nor in bytes.
  for (let seq = 1; seq <= MAX_WINDOW + 100; seq++) {
    queue.ledger.in++
    queue.dropTooLong(seq)
    writeAll()
  }
  t.equal(queue.sentSeq, MAX_WINDOW)
  queue.acked(1)
  writeAll()
  t.equal(queue.sentSeq, MAX_WINDOW + 100, 'those that waited have become one')
  t.end()
})

void test('what a plugin kept and its queue lost after its death is neither told nor counted as lost', (t) => {
  const limits = { depth: 4, bytes: 1e9, overflow: 'drop-oldest' } as const
  for (const [from, told, delivered] of [
    [0, 'LOST 4 1 4', 0],
    [0.5, 'LOST 2 3 4', 2],
    [1, 'RECORD 5', 4],
  ] as const) {
    const bench = new ProtocolQueueBench(new SpyPool(), [limits])
    const reader = readerAt(bench, 0)
    const offerFour = (): void => {
      for (let count = 0; count < 4; count++) bench.come(100, true)
      bench.offer()
    }
    offerFour()
    reader.start(ACKS)
    seqsOf(reader)
    reader.die(0, true)
    offerFour()
    t.match(reader.queue.ledger, { delivered: 0, queued: 4, dropped: { 'queue-full': 4 } })
    reader.start({ ...ACKS, fromShare: from })
    t.match(reader.queue.ledger, { delivered, queued: 4, dropped: { 'queue-full': 4 - delivered } })
    t.match(reader.write(Infinity)?.toString('latin1'), new RegExp(`^${told} `))
    reader.check()
  }
  t.end()
})

void test('what was told to be lost stays so, where the plugin acknowledges the middle of it and dies', (t) => {
  const bench = new ProtocolQueueBench(new SpyPool(), [{ ...ROOMY, depth: 1 }])
  const reader = readerAt(bench, 0)
  for (let count = 0; count < 5; count++) bench.come(100, true)
  bench.offer()
  reader.start(ACKS)
  t.same(seqsOf(reader), [1, 2])
  reader.ack(0.6)
  t.equal(reader.queue.ackedSeq, 3)
  reader.die(0, true)
  t.match(reader.queue.ledger, { delivered: 1, dropped: { 'queue-full': 4 } })
  reader.start(ACKS)
  t.equal(reader.write(Infinity)?.toString(), 'LOST 2 4 5 queue-full\n')
  reader.check()
  t.end()
})
