import { test } from 'tap'
import { Calendar } from '../../src/remote/calendar.js'
import type { Clock } from '../../src/remote/ports.js'
import { CHAIN_BYTES, NO_SOURCE } from '../../src/journal/block.js'
import type { StreamState } from '../../src/journal/stream-table.js'

const HOUR_MS = 3_600_000
const YEAR_MS = 365 * 24 * HOUR_MS
const NOW_MS = 1_800_000_000_000

interface Times {
  monotonicMs: number
  wallMs: number
}

function scene(): { times: Times; calendar: Calendar; steps: number[] } {
  const times = { monotonicMs: 1000, wallMs: NOW_MS }
  const steps: number[] = []
  const clock: Clock = { monotonicMs: () => times.monotonicMs, wallMs: () => times.wallMs, after: () => () => {} }
  return { times, steps, calendar: new Calendar(clock, (aheadMs) => steps.push(aheadMs)) }
}

function pass(times: Times, ms: number): void {
  times.monotonicMs += ms
  times.wallMs += ms
}

function lastTaken(takenMs: number): StreamState[] {
  const chain = Buffer.alloc(CHAIN_BYTES)
  return [{ principal: '', stream: '00', firstSeq: 1, lastSeq: 1, chain, takenMs, source: NO_SOURCE }]
}

void test('a step of years counts when it has stood for a day', (t) => {
  const { times, calendar, steps } = scene()
  const streams = lastTaken(NOW_MS)
  t.equal(calendar.nowMs(streams), NOW_MS)
  times.wallMs += 10 * YEAR_MS
  pass(times, HOUR_MS)
  t.equal(calendar.nowMs(streams), NOW_MS + HOUR_MS)
  pass(times, 23 * HOUR_MS)
  t.equal(calendar.nowMs(streams), NOW_MS + 24 * HOUR_MS)
  t.same(steps, [10 * YEAR_MS], 'told once')
  pass(times, HOUR_MS)
  t.equal(calendar.nowMs(streams), NOW_MS + 10 * YEAR_MS + 25 * HOUR_MS)
  t.end()
})

void test('a step that is taken back has changed nothing', (t) => {
  const { times, calendar } = scene()
  calendar.nowMs([])
  times.wallMs += YEAR_MS
  calendar.nowMs([])
  times.wallMs -= YEAR_MS
  pass(times, 48 * HOUR_MS)
  t.equal(calendar.nowMs([]), NOW_MS + 48 * HOUR_MS)
  t.end()
})

void test('a step back counts at once, and so does a clock that is put right within the hour', (t) => {
  const { times, calendar, steps } = scene()
  calendar.nowMs([])
  times.wallMs -= 5 * YEAR_MS
  t.equal(calendar.nowMs([]), NOW_MS - 5 * YEAR_MS)
  times.wallMs += HOUR_MS
  t.equal(calendar.nowMs([]), NOW_MS - 5 * YEAR_MS + HOUR_MS)
  t.same(steps, [])
  t.end()
})

void test('at the start the journal says what time it was last', (t) => {
  const { times, calendar, steps } = scene()
  t.equal(calendar.nowMs(lastTaken(NOW_MS - YEAR_MS)), NOW_MS - YEAR_MS)
  t.same(steps, [YEAR_MS])
  pass(times, 25 * HOUR_MS)
  t.equal(calendar.nowMs(lastTaken(NOW_MS)), NOW_MS + 25 * HOUR_MS)
  t.end()
})
