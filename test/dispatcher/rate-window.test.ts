import { test } from 'tap'
import { RateWindow } from '../../src/dispatcher/rate-window.js'
import { FakeClock } from './fake-clock.js'

function bench(): { clock: FakeClock; window: RateWindow; told: number[]; taken: (count: number) => number } {
  const clock = new FakeClock()
  const told: number[] = []
  const window = new RateWindow(3, 1000, clock, (count) => told.push(count))
  const taken = (count: number): number => Array.from({ length: count }, () => window.take()).filter(Boolean).length
  return { clock, window, told, taken }
}

void test('so many in so much time, and the rest is told when it is over', (t) => {
  const { clock, told, taken } = bench()
  t.equal(taken(3), 3)
  t.equal(clock.pending, 0, 'nothing is to be told')
  clock.pass(400)
  t.equal(taken(5), 0)
  clock.pass(599)
  t.equal(taken(2), 0)
  t.same(told, [])
  clock.pass(1)
  t.same(told, [7])
  t.equal(taken(5), 3, 'and then as many again')
  clock.pass(5000)
  t.same(told, [7, 2])
  clock.pass(5000)
  t.same(told, [7, 2], 'once')
  t.equal(clock.pending, 0)
  t.end()
})

void test('a new time begins with the first after the old one', (t) => {
  const { clock, told, taken } = bench()
  t.equal(taken(1), 1)
  clock.pass(999)
  t.equal(taken(3), 2)
  clock.pass(1)
  t.same(told, [1])
  clock.pass(700)
  t.equal(taken(4), 3)
  clock.pass(999)
  t.equal(taken(1), 0)
  clock.pass(1)
  t.same(told, [1, 2])
  t.end()
})

void test('at the end the rest is told at once', (t) => {
  const { clock, window, told, taken } = bench()
  window.close()
  t.same(told, [])
  taken(5)
  window.close()
  window.close()
  t.same(told, [2])
  t.equal(clock.pending, 0)
  t.end()
})
