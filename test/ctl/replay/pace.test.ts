import { test } from 'tap'
import { asItWas, AT_ONCE, steadily } from '../../../src/ctl/replay/pace.js'

void test('so many a second, whatever the clock said then', (t) => {
  const pace = steadily(4, 1000)
  t.same(
    [5, 5, 9e9, 0].map((timeMs) => pace.dueMs(timeMs)),
    [1000, 1250, 1500, 1750],
  )
  t.equal(AT_ONCE.dueMs(5), -Infinity)
  t.end()
})

void test('with the pauses that there were', (t) => {
  const pace = asItWas(10, 1000)
  const times = [50_000, 50_000, 52_000, 40_000, 41_000, -Infinity, 42_000]
  t.same(
    times.map((timeMs) => pace.dueMs(timeMs)),
    [1000, 1000, 1200, 1200, 1300, 1300, 1400],
    'a clock that was set back is no pause',
  )
  t.end()
})
