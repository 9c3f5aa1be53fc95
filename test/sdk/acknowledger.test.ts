import * as fc from 'fast-check'
import { test } from 'tap'
import { Acknowledger, type Acknowledging } from '../../src/sdk/acknowledger.js'

function acknowledger(how: Acknowledging, isToldGaps = false, from?: number) {
  const said: number[] = []
  return { said, acks: new Acknowledger(how, isToldGaps, from, (seq) => void said.push(seq)) }
}

function gap(first: number, last: number) {
  return { count: last - first + 1, first, last, reason: 'failed' }
}

void test('batch: what was given is acknowledged when it is done, once', (t) => {
  const { said, acks } = acknowledger('batch')
  acks.records(5)
  t.same(said, [])
  acks.done()
  acks.done()
  acks.gap(gap(6, 8))
  acks.done()
  t.same(said, [5, 8])
  acks.records(20)
  acks.done(12)
  acks.done(11)
  t.same(said, [5, 8, 12], 'never back')
  t.throws(() => acks.ack(13), TypeError)
  t.end()
})

void test('never: nothing is said', (t) => {
  const { said, acks } = acknowledger('never')
  acks.records(5)
  acks.done()
  acks.gap(gap(6, 6))
  acks.done()
  t.same(said, [])
  t.throws(() => acks.ack(5), TypeError)
  t.end()
})

void test('what is below `from` is acknowledged already', (t) => {
  const { said, acks } = acknowledger('batch', false, 101)
  acks.gap(gap(90, 100))
  acks.done()
  t.same(said, [])
  acks.records(101)
  acks.done()
  t.same(said, [101])
  t.end()
})

void test('manual: only numbers that were handed over', (t) => {
  const { said, acks } = acknowledger('manual')
  t.throws(() => acks.ack(1), RangeError)
  acks.records(5)
  acks.done()
  for (const seq of [0, -1, 6, 1.5, Number.NaN]) t.throws(() => acks.ack(seq), RangeError)
  acks.ack(3)
  acks.ack(3)
  acks.ack(2)
  acks.ack(5)
  t.same(said, [3, 5])
  t.end()
})

void test('manual: gaps that the plugin is told of are its own business', (t) => {
  const { said, acks } = acknowledger('manual', true)
  acks.gap(gap(1, 4))
  acks.records(5)
  t.same(said, [])
  acks.ack(4)
  acks.ack(5)
  t.same(said, [4, 5])
  t.end()
})

void test('manual: gaps that it is not told of go with the record before them, and never past one that is not safe', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('record', 'gap', 'ack'), { maxLength: 40 }),
      fc.infiniteStream(fc.nat()),
      (steps, rolls) => {
        const { said, acks } = acknowledger('manual')
        const records: number[] = []
        let next = 1
        let acked = 0
        for (const step of steps) {
          if (step === 'record') {
            acks.records(next)
            records.push(next++)
          } else if (step === 'gap') {
            acks.gap(gap(next, next + 1))
            next += 2
          } else if (records.length > 0) {
            const roll = rolls.next().value
            acked = Math.max(acked, records[roll % records.length] ?? 0)
            acks.ack(acked)
          }
        }
        const unsafe = records.find((seq) => seq > acked)
        const told = said.at(-1) ?? 0
        const isRising = said.every((seq, index) => index === 0 || seq > (said[index - 1] ?? 0))
        return isRising && told >= acked && (unsafe === undefined ? told === next - 1 : told < unsafe)
      },
    ),
  )
  t.end()
})
