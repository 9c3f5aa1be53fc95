import * as fc from 'fast-check'
import { test } from 'tap'
import { BatchNumbers, Settlement, type Hold } from '../../src/dispatcher/settlement.js'
import { SettlementPair } from './settlement-model.js'

function numbers(...ns: readonly number[]): BatchNumbers {
  const numbered = new BatchNumbers()
  for (const n of ns) numbered.add(n)
  return numbered
}

/** A holder that is where it is said to be. */
function holder(to: number): Hold & { at: number } {
  const hold = { at: 0, to, holder: { holdsFrom: () => hold.at } }
  return hold
}

void test('numbers are kept as runs', (t) => {
  const many = numbers(1, 2, 3, 7, 8, 20)
  t.equal(many.records, 6)
  t.same(many.runs, [
    { first: 1, count: 3 },
    { first: 7, count: 2 },
    { first: 20, count: 1 },
  ])
  t.same(numbers().runs, [])
  t.end()
})

void test('with no taker a record is settled at once', (t) => {
  const settlement = new Settlement()
  settlement.add(100, numbers(3, 9), [])
  t.equal(settlement.unsettled, 2)
  settlement.settle(0)
  t.equal(settlement.settledTo, 9)
  t.equal(settlement.unsettled, 0)
  t.end()
})

void test('the slowest of those that took it decides, record by record', (t) => {
  const settlement = new Settlement()
  const [one, two] = [holder(103), holder(101)]
  settlement.add(100, numbers(1, 2, 5, 6), [one, two])
  one.at = 100
  two.at = 100
  settlement.settle(0)
  t.equal(settlement.settledTo, 0)
  one.at = 103
  settlement.settle(0)
  t.equal(settlement.settledTo, 0, 'two has none')
  two.at = 101
  settlement.settle(0)
  t.equal(settlement.settledTo, 1)
  two.at = 102
  settlement.settle(0)
  t.equal(settlement.settledTo, 5, 'what two holds from there on is not of this batch')
  t.equal(settlement.unsettled, 1)
  one.at = Infinity
  settlement.settle(0)
  t.equal(settlement.settledTo, 6)
  t.end()
})

void test('what was let go once is not taken back', (t) => {
  const settlement = new Settlement()
  const paused = holder(101)
  settlement.add(100, numbers(1, 2), [paused])
  settlement.add(102, numbers(3), [{ ...paused, to: 102 }])
  paused.at = 101
  settlement.settle(0)
  paused.at = 100
  settlement.settle(0)
  t.equal(settlement.settledTo, 1)
  t.equal(settlement.unsettled, 2)
  t.end()
})

void test('a number that needs nobody waits for those before it alone', (t) => {
  const settlement = new Settlement()
  const [one, two] = [holder(100), holder(101)]
  one.at = 100
  two.at = 101
  settlement.add(100, numbers(1), [one])
  settlement.pass(2)
  settlement.pass(4)
  settlement.add(101, numbers(5), [two])
  settlement.pass(6)
  settlement.settle(0)
  t.equal(settlement.settledTo, 0)
  one.at = Infinity
  settlement.settle(0)
  t.equal(settlement.settledTo, 4, 'although a later batch still waits')
  two.at = Infinity
  settlement.settle(0)
  t.equal(settlement.settledTo, 6)
  settlement.pass(9)
  t.equal(settlement.settledTo, 9, 'with nothing before it at once')
  settlement.forget()
  t.equal(settlement.settledTo, 0)
  t.end()
})

type Act = (pair: SettlementPair) => void

void test('whatever happens, exactly what is settled is said to be', (t) => {
  const holders = 3
  const who = fc.nat(holders - 1)
  const act: fc.Arbitrary<Act> = fc.oneof(
    fc
      .tuple(fc.array(fc.tuple(fc.nat(2), fc.nat(2 ** holders - 1)), { minLength: 1, maxLength: 6 }), fc.nat(3))
      .map(([records, seqGap]): Act => (pair) => {
        pair.send(
          records.map(([gap]) => gap),
          records.map(([, takers]) => takers),
          seqGap,
        )
      }),
    fc.constant<Act>((pair) => {
      pair.pass()
    }),
    fc.tuple(who, fc.nat(4)).map(([index, count]): Act => (pair) => {
      const each = pair.holders[index]
      const seq = each?.open[count]
      if (seq !== undefined) each?.advance(seq)
    }),
    fc.tuple(who, fc.nat(9)).map(([index, at]): Act => (pair) => {
      const each = pair.holders[index]
      const seq = each?.open[at]
      if (seq !== undefined) each?.lose(seq)
    }),
    fc.tuple(who, fc.boolean()).map(([index, isExempt]): Act => (pair) => {
      pair.setExempt(index, isExempt)
    }),
  )
  const forget = fc.constant<Act>((pair) => {
    pair.forget()
  })
  fc.assert(
    fc.property(fc.array(fc.oneof({ arbitrary: act, weight: 20 }, { arbitrary: forget, weight: 1 })), (acts) => {
      const pair = new SettlementPair(holders)
      for (const each of acts) {
        each(pair)
        const { is, should } = pair.settle()
        if (is.join() !== should.join()) throw new Error(`${is.join()} instead of ${should.join()}`)
      }
    }),
    { numRuns: 500 },
  )
  t.end()
})
