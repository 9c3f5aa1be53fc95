import { test } from 'tap'
import { HoldBack, MAX_REMEMBERED, type HeldBack } from '../../../plugins/filter/hold-back.js'
import type { Restraint } from '../../../plugins/filter/rule.js'
import { HandClock } from './hand-clock.js'

const MINUTE_MS = 60_000

function held(restraint: Partial<Restraint>): { clock: HandClock; summaries: HeldBack[]; holdBack: HoldBack } {
  const clock = new HandClock()
  const summaries: HeldBack[] = []
  const holdBack = new HoldBack({ limit: undefined, once: undefined, ...restraint }, clock, (summary) => {
    summaries.push(summary)
  })
  return { clock, summaries, holdBack }
}

void test('without limits everything is told', (t) => {
  const { clock, holdBack } = held({})
  const taken = Array.from({ length: 1000 }, () => holdBack.take('same'))
  t.ok(taken.every((each) => each === 'told'))
  t.equal(clock.waiting, 0)
  t.end()
})

void test('limit: so many in a window, and a summary when it is over', async (t) => {
  const { clock, summaries, holdBack } = held({ limit: { count: 2, windowMs: MINUTE_MS } })
  const taken = [1, 2, 3, 4].map(() => holdBack.take(''))
  t.same(taken, ['told', 'told', 'limited', 'limited'])
  await clock.pass(MINUTE_MS - 1)
  t.equal(holdBack.take(''), 'limited')
  t.same(summaries, [])
  await clock.pass(1)
  t.same(summaries, [{ limited: 3, repeated: 0, ms: MINUTE_MS }])
  t.same([holdBack.take(''), holdBack.take(''), holdBack.take('')], ['told', 'told', 'limited'])
  holdBack.close()
  t.match(summaries[1], { limited: 1, repeated: 0 })
  t.equal(clock.waiting, 0, 'nothing is left to be told')
  t.end()
})

void test('once: each key on its own, from when it was told', async (t) => {
  const { clock, summaries, holdBack } = held({ once: { ms: 5 * MINUTE_MS, fields: ['exe'] } })
  t.same([holdBack.take('a'), holdBack.take('b'), holdBack.take('a')], ['told', 'told', 'repeated'])
  await clock.pass(5 * MINUTE_MS - 1)
  t.equal(holdBack.take('a'), 'repeated', 'a repeat does not begin the time anew')
  await clock.pass(1)
  t.same(summaries, [{ limited: 0, repeated: 2, ms: 5 * MINUTE_MS }])
  t.equal(holdBack.take('a'), 'told')
  t.end()
})

void test('what the limit has held back was not told: it comes when there is room', async (t) => {
  const { clock, holdBack } = held({ limit: { count: 1, windowMs: 1000 }, once: { ms: MINUTE_MS, fields: ['exe'] } })
  t.same([holdBack.take('a'), holdBack.take('b'), holdBack.take('a')], ['told', 'limited', 'repeated'])
  await clock.pass(1000)
  t.same([holdBack.take('a'), holdBack.take('b')], ['repeated', 'told'], 'repeats take no room')
  t.end()
})

void test('what is told again is not the oldest any more', async (t) => {
  const { clock, holdBack } = held({ once: { ms: MINUTE_MS, fields: ['exe'] } })
  for (let n = 0; n < MAX_REMEMBERED; n++) holdBack.take(String(n))
  await clock.pass(MINUTE_MS)
  t.equal(holdBack.take('0'), 'told')
  t.equal(holdBack.take('new'), 'told')
  t.equal(holdBack.take('0'), 'repeated')
  t.end()
})

void test('keys are remembered up to a bound: the oldest is forgotten, and told again', (t) => {
  const { holdBack } = held({ once: { ms: MINUTE_MS, fields: ['exe'] } })
  const taken = Array.from({ length: MAX_REMEMBERED + 1 }, (_, n) => holdBack.take(String(n)))
  t.ok(taken.every((each) => each === 'told'))
  t.equal(holdBack.remembered, MAX_REMEMBERED)
  t.equal(holdBack.take('1'), 'repeated')
  t.equal(holdBack.take('0'), 'told', 'forgotten')
  t.equal(holdBack.take(`${'x'.repeat(600)}1`), 'told')
  t.equal(holdBack.take(`${'x'.repeat(600)}2`), 'repeated', 'keys are cut')
  t.end()
})
