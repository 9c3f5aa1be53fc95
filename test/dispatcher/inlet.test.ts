import { test } from 'tap'
import { Inlet } from '../../src/dispatcher/inlet.js'
import type { Hold } from '../../src/dispatcher/settlement.js'
import { recordText } from '../e2e/records.js'

/** An inlet with one plugin that acknowledges behind it. */
class Bench {
  readonly joined: string[] = []
  readonly inlet: Inlet
  seq = 0
  /** The seq that is still to be acknowledged; Infinity: nobody takes anything. */
  heldFrom = Infinity
  received = 0

  constructor(window = 4) {
    this.inlet = new Inlet(window, {
      received: () => this.received,
      setReceived: (n) => {
        this.received = n
      },
      join: (lines, records) => {
        const texts = lines.toString('latin1').split('\n').slice(0, -1)
        if (texts.length !== records) throw new Error(`${records} records in ${texts.length} lines`)
        this.joined.push(...texts)
        this.seq += records
        return this.seq - records + 1
      },
      holds: (): readonly Hold[] => [{ to: this.seq, holder: { holdsFrom: () => this.heldFrom } }],
    })
  }

  take(n: number, text = recordText(n), isBounded = true): string {
    const bytes = Buffer.from(`<${text}>`, 'latin1')
    return this.inlet.take(n, bytes, 1, bytes.length - 1, isBounded)
  }

  /** Takes records first..last and lets them join. */
  takeAll(first: number, last: number): string[] {
    const takings: string[] = []
    for (let n = first; n <= last; n++) takings.push(this.take(n))
    this.inlet.flush()
    return takings
  }
}

void test('records join as they came, when they are flushed', (t) => {
  const bench = new Bench()
  bench.inlet.begin(false)
  t.equal(bench.take(3), 'taken')
  t.equal(bench.take(9), 'taken')
  t.same(bench.joined, [])
  t.equal(bench.inlet.settle(0), 0, 'what has not joined is not settled')
  bench.inlet.flush()
  bench.inlet.flush()
  t.same(bench.joined, [recordText(3), recordText(9)])
  t.equal(bench.inlet.settle(0), 9, 'with nobody who holds it at once')
  t.equal(bench.inlet.settle(0), 0, 'and said once')
  t.same(bench.inlet.counters, { taken: 2, bad: 0, repeats: 0, busy: 0 })
  t.end()
})

void test('a number that does not rise is refused', (t) => {
  const bench = new Bench()
  bench.inlet.begin(false)
  bench.takeAll(5, 5)
  t.equal(bench.take(5), 'low')
  t.equal(bench.take(4), 'low')
  t.equal(bench.take(6), 'taken')
  bench.inlet.begin(false)
  t.equal(bench.take(1), 'taken', 'each process begins anew')
  t.end()
})

void test('what is no record is bad and settled, and the others go on', (t) => {
  const bench = new Bench()
  bench.inlet.begin(false)
  bench.heldFrom = 1
  t.equal(bench.take(1), 'taken')
  t.equal(bench.take(2, 'type=X msg=audit(1.2:3)'), 'bad')
  t.equal(bench.take(3, ''), 'bad')
  t.equal(bench.take(4), 'taken')
  bench.inlet.flush()
  t.same(bench.joined, [recordText(1), recordText(4)], 'in order')
  t.equal(bench.inlet.settle(0), 0)
  bench.heldFrom = 2
  t.equal(bench.inlet.settle(0), 3, 'as soon as what came before is settled')
  bench.heldFrom = Infinity
  t.equal(bench.inlet.settle(0), 4)
  t.equal(bench.inlet.counters.bad, 2)
  t.end()
})

void test('NULs at the end go, those inside become blanks, other bytes pass', (t) => {
  const bench = new Bench()
  bench.inlet.begin(false)
  bench.take(1, `${recordText(1)}\0\0`)
  bench.take(2, `${recordText(2)}a\0b\xff\r\0c\0`)
  t.equal(bench.take(3, '\0\0\0'), 'bad')
  bench.inlet.flush()
  t.same(bench.joined, [recordText(1), `${recordText(2)}a b\xff\r c`])
  t.end()
})

void test('huge records join without being mixed up', (t) => {
  const bench = new Bench(100)
  bench.inlet.begin(false)
  const huge = Array.from({ length: 9 }, (_, n) => recordText(n + 1, 65_525 - n))
  for (const [index, text] of huge.entries()) t.equal(bench.take(index + 1, text), 'taken')
  t.ok(bench.joined.length > 0 && bench.joined.length < 9, 'gathered no further than there is room')
  bench.inlet.flush()
  t.same(bench.joined, huge)
  t.equal(bench.inlet.settle(0), 9)
  t.end()
})

void test('a window of unsettled records, beyond which one that is always heard is answered busy', (t) => {
  const bench = new Bench(4)
  bench.inlet.begin(false)
  bench.heldFrom = 1
  t.same(bench.takeAll(1, 6), ['taken', 'taken', 'taken', 'taken', 'busy', 'busy'])
  t.equal(bench.inlet.unsettled, 4)
  t.ok(bench.inlet.isFull)
  t.notOk(bench.inlet.hasRoom)
  bench.heldFrom = 2
  t.equal(bench.inlet.settle(0), 1)
  t.same(bench.takeAll(5, 6), ['taken', 'busy'], 'the same number may come again')
  bench.heldFrom = 4
  bench.inlet.settle(0)
  t.ok(bench.inlet.hasRoom, 'half of it')
  t.equal(bench.take(7, recordText(7), false), 'taken')
  for (let n = 8; n < 20; n++) t.equal(bench.take(n, recordText(n), false), 'taken', 'others are not read instead')
  t.equal(bench.inlet.counters.busy, 3)
  t.ok(bench.inlet.isFull, 'what is gathered counts')
  t.end()
})

void test('another process numbers anew: what the one before sent is of no interest', (t) => {
  const bench = new Bench()
  bench.inlet.begin(false)
  bench.heldFrom = 1
  bench.takeAll(1, 3)
  bench.inlet.begin(false)
  t.equal(bench.inlet.unsettled, 0)
  t.equal(bench.inlet.received, 0, 'these are no lasting positions')
  bench.takeAll(1, 1)
  t.equal(bench.inlet.settle(0), 0)
  bench.heldFrom = 4
  t.equal(bench.inlet.settle(0), 0, 'the first of the new one is the fourth of all')
  bench.heldFrom = 5
  t.equal(bench.inlet.settle(0), 1)
  t.end()
})

void test('lasting positions: a repeat is only acknowledged, when what it repeats is settled', (t) => {
  const bench = new Bench()
  bench.inlet.begin(true)
  bench.heldFrom = 1
  bench.takeAll(11, 13)
  t.equal(bench.inlet.received, 13)
  bench.inlet.begin(true)
  t.equal(bench.inlet.unsettled, 3, 'they are still not settled')
  t.same(bench.takeAll(12, 14), ['repeat', 'repeat', 'taken'])
  t.equal(bench.joined.length, 4)
  t.equal(bench.inlet.settle(0), 0)
  bench.heldFrom = 3
  t.equal(bench.inlet.settle(0), 12)
  bench.heldFrom = Infinity
  t.equal(bench.inlet.settle(0), 14)
  t.equal(bench.inlet.counters.repeats, 2)
  bench.inlet.begin(true)
  t.equal(bench.inlet.settle(0), 14, 'the next process is told how far it is, though it may have nothing to send')
  t.end()
})

void test('what repeats something settled is acknowledged, though the process was told so before it sent anything', (t) => {
  const bench = new Bench()
  bench.inlet.begin(true)
  bench.takeAll(11, 13)
  t.equal(bench.inlet.settle(0), 13)
  bench.inlet.begin(true)
  t.equal(bench.inlet.settle(0), 13)
  t.same(bench.takeAll(11, 12), ['repeat', 'repeat'])
  t.equal(bench.inlet.settle(0), 13, 'a second time, since they have come again')
  t.equal(bench.inlet.settle(0), 0)
  t.same(bench.takeAll(13, 13), ['repeat'])
  t.equal(bench.inlet.settle(0), 13)
  t.end()
})

void test('a repeat is no reason to be busy', (t) => {
  const bench = new Bench(2)
  bench.inlet.begin(true)
  bench.heldFrom = 1
  bench.takeAll(1, 2)
  bench.inlet.begin(true)
  t.same(bench.takeAll(1, 3), ['repeat', 'repeat', 'busy'])
  t.equal(bench.inlet.received, 2, 'what was not taken is not received')
  t.end()
})

void test('positions after a process that numbered otherwise: repeats are acknowledged all the same', (t) => {
  const bench = new Bench()
  bench.inlet.begin(true)
  bench.takeAll(1, 4)
  bench.inlet.begin(false)
  bench.takeAll(1, 2)
  t.equal(bench.inlet.received, 4)
  bench.inlet.begin(true)
  t.same(bench.takeAll(4, 4), ['repeat'])
  t.equal(bench.inlet.settle(0), 4)
  t.end()
})

void test('a bad record at a lasting position is received', (t) => {
  const bench = new Bench()
  bench.inlet.begin(true)
  t.equal(bench.take(5, 'nonsense'), 'bad')
  t.equal(bench.inlet.received, 5)
  t.equal(bench.inlet.settle(0), 5)
  bench.inlet.begin(true)
  t.equal(bench.take(5, 'nonsense'), 'repeat')
  t.end()
})

void test('a position that was refused is not passed by', (t) => {
  const bench = new Bench(2)
  bench.inlet.begin(true)
  bench.heldFrom = 1
  t.same(
    [1, 2, 3, 4].map((n) => bench.take(n)),
    ['taken', 'taken', 'busy', 'busy'],
  )
  bench.inlet.flush()
  bench.heldFrom = Infinity
  bench.inlet.settle(0)
  t.same(
    [5, 4, 3, 4, 5].map((n) => bench.take(n)),
    ['busy', 'busy', 'taken', 'taken', 'busy'],
    'until it comes again',
  )
  t.equal(bench.received, 4)
  bench.inlet.flush()
  bench.inlet.begin(false)
  t.same(
    [1, 2, 3].map((n) => bench.take(n)),
    ['taken', 'taken', 'busy'],
  )
  bench.inlet.flush()
  bench.inlet.settle(0)
  t.equal(bench.take(4), 'taken', 'without positions a refused record comes under another number')
  t.end()
})
