import { test } from 'tap'
import { PROCESS_CLOCK } from '../../src/sdk/clock.js'
import { TestClock } from '../../src/sdk/test-clock.js'

void test('the clock of the process calls later, once, and goes on', async (t) => {
  const before = PROCESS_CLOCK.nowMs()
  await new Promise<void>((resolve) => void PROCESS_CLOCK.after(1, resolve))
  t.ok(PROCESS_CLOCK.nowMs() >= before)
})

void test('what was cancelled is not called', async (t) => {
  const cancel = PROCESS_CLOCK.after(0, () => t.fail('it was cancelled'))
  cancel()
  await new Promise<void>((resolve) => void PROCESS_CLOCK.after(1, resolve))
  t.pass()
})

void test('the clock of a test goes when it is told to', (t) => {
  const clock = new TestClock()
  const called: string[] = []
  clock.after(10, () => called.push('ten'))
  clock.after(5, () => called.push('five'))
  const cancel = clock.after(7, () => called.push('seven'))
  clock.pass(4)
  t.same(called, [])
  cancel()
  clock.pass(1)
  t.same(called, ['five'])
  clock.pass(100)
  t.same(called, ['five', 'ten'])
  t.equal(clock.nowMs(), 105)
  t.end()
})
