import * as fc from 'fast-check'
import { test } from 'tap'
import { Lag } from '../../src/dispatcher/lag.js'
import { emptyLedger, type Ledger } from '../../src/dispatcher/ledger.js'

const KEEP_NEW = { overflow: 'drop-oldest' } as const
const KEEP_OLD = { overflow: 'drop-newest' } as const
/** Records that came within this time of one another count as of the same age. */
const FINENESS_MS = 250

void test('an empty queue has no lag, and one that never gets shorter has ever more', (t) => {
  const lag = new Lag()
  const ledger = emptyLedger()
  lag.note(ledger, KEEP_OLD, 0)
  t.equal(lag.ageMs(ledger, 5000), 0)
  ledger.queued = 1
  lag.note(ledger, KEEP_OLD, 5000)
  t.equal(lag.ageMs(ledger, 5000), 0)
  for (let nowMs = 5100; nowMs < 15_000; nowMs += 100) {
    ledger.queued += 10
    lag.note(ledger, KEEP_OLD, nowMs)
  }
  t.equal(lag.ageMs(ledger, 15_000), 10_000, 'as old as its first record')
  ledger.delivered += ledger.queued
  ledger.queued = 0
  t.equal(lag.ageMs(ledger, 15_000), 0)
  t.end()
})

void test('what was dropped at the door has not waited', (t) => {
  const lag = new Lag()
  const ledger = { ...emptyLedger(), queued: 10 }
  lag.note(ledger, KEEP_OLD, 0)
  ledger.dropped['queue-full'] = 500
  lag.note(ledger, KEEP_OLD, 1000)
  t.equal(lag.ageMs(ledger, 1000), 1000)
  t.end()
})

void test('another overflow action begins anew', (t) => {
  const lag = new Lag()
  const ledger = { ...emptyLedger(), queued: 10 }
  lag.note(ledger, KEEP_OLD, 0)
  ledger.dropped['queue-full'] = 500
  lag.note(ledger, KEEP_NEW, 1000)
  t.equal(lag.ageMs(ledger, 1400), 400)
  t.end()
})

interface Turn {
  readonly comes: number
  readonly leaves: number
  readonly passesMs: number
}

void test('the age is that of the oldest record, as finely as it is told', (t) => {
  const turn = fc.record({ comes: fc.nat(40), leaves: fc.nat(45), passesMs: fc.nat(400) })
  const isRight = (turns: readonly Turn[], dropsOldest: boolean): boolean => {
    const lag = new Lag()
    const ledger: Ledger = emptyLedger()
    const queue: number[] = []
    let nowMs = 0
    return turns.every(({ comes, leaves, passesMs }) => {
      nowMs += passesMs
      for (let n = 0; n < comes; n++) queue.push(nowMs)
      const gone = queue.splice(0, leaves).length
      if (dropsOldest && leaves % 2 === 0) ledger.dropped['queue-full'] += gone
      else ledger.delivered += gone
      ledger.queued = queue.length
      lag.note(ledger, dropsOldest ? KEEP_NEW : KEEP_OLD, nowMs)
      const [oldest] = queue
      const age = oldest === undefined ? 0 : nowMs - oldest
      const told = lag.ageMs(ledger, nowMs)
      return told >= age && told < age + FINENESS_MS
    })
  }
  fc.assert(fc.property(fc.array(turn, { maxLength: 80 }), fc.boolean(), isRight), { numRuns: 300 })
  t.pass('holds')
  t.end()
})

void test('hours of a backlog cost no more than minutes', (t) => {
  const lag = new Lag()
  const ledger = emptyLedger()
  for (let nowMs = 0; nowMs < 3_600_000; nowMs += 300) {
    ledger.queued++
    lag.note(ledger, KEEP_OLD, nowMs)
  }
  t.equal(lag.ageMs(ledger, 3_600_000), 3_600_000)
  ledger.delivered += 6000
  ledger.queued -= 6000
  const age = lag.ageMs(ledger, 3_600_000)
  t.ok(Math.abs(age - 1_800_000) < 60_000, `${age} ms`)
  t.end()
})
