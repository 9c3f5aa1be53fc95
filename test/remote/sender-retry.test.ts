import { test } from 'tap'
import { initialSender, senderDeadline, stepSender } from '../../src/remote/sender-core.js'
import type { SenderOptions, SenderView } from '../../src/remote/sender-input.js'

const CHAIN = '0'.repeat(64)
const OPTIONS: SenderOptions = {
  servers: 1,
  instance: '1'.repeat(32),
  bootId: '',
  agent: '',
  maxBlock: 1000,
  windowBytes: 1000,
}

/** The pauses after so many failures in a row. */
function pauses(options: SenderOptions, count: number, fraction: number): number[] {
  const facts = {
    timelines: [{ stream: '2'.repeat(32), from: 1, before: CHAIN }],
    first: 1,
    durable: { seq: 0, chain: CHAIN },
  }
  let state = initialSender({ seq: 0, chain: CHAIN })
  let nowMs = 0
  return Array.from({ length: count }, () => {
    const view = (): SenderView => ({ nowMs, fraction, spool: facts })
    state = stepSender(state, { kind: 'time' }, view(), options).state
    state = stepSender(state, { kind: 'closed', why: 'ECONNREFUSED' }, view(), options).state
    const pauseMs = senderDeadline(state, facts) - nowMs
    nowMs += pauseMs
    return pauseMs
  })
}

void test('the pause before connecting again doubles at random between what the admin wants', (t) => {
  const retry = { firstMs: 10, longestMs: 100 }
  t.same(pauses({ ...OPTIONS, retry }, 3, 0), [10, 10, 10])
  t.same(pauses({ ...OPTIONS, retry }, 6, 1), [20, 40, 80, 100, 100, 100])
  t.same(pauses(OPTIONS, 3, 1), [1000, 2000, 4000], 'half a second to a minute if nobody says')
  t.equal(pauses(OPTIONS, 12, 1).at(-1), 60_000)
  t.end()
})
