import { test } from 'tap'
import { emptyLedger } from '../../src/dispatcher/ledger.js'
import { LossFlow } from '../../src/dispatcher/loss-flow.js'

function newFlow() {
  const told: string[] = []
  const ledger = emptyLedger()
  const flow = new LossFlow(
    ledger,
    (reason) => told.push(`began ${reason}`),
    (lost) => told.push(`ended ${lost}`),
  )
  return { flow, ledger, told }
}

void test('a loss is told at its beginning and at its end, with how much it was', (t) => {
  const { flow, ledger, told } = newFlow()
  flow.drop('too-long', 1)
  flow.begin('losing')
  flow.begin('losing')
  flow.drop('queue-full', 2)
  flow.drop('too-long', 1)
  flow.end()
  t.same(told, ['began queue-full', 'ended 3'], 'what was dropped while nothing else was belongs to no loss')
  t.match(ledger.dropped, { 'queue-full': 2, 'too-long': 2 })
  t.equal(flow.kind, 'open')
  t.end()
})

void test('a loss that becomes a suspension is one loss', (t) => {
  const { flow, told } = newFlow()
  flow.begin('losing')
  flow.drop('queue-full', 2)
  t.equal(flow.refusal, undefined)
  flow.begin('suspended')
  t.equal(flow.refusal, 'suspended')
  flow.drop('suspended', 5)
  flow.end()
  t.same(told, ['began queue-full', 'began suspended', 'ended 7'])
  t.end()
})

void test('a queue that is shut refuses for the reason it was shut for, and counts on', (t) => {
  for (const reason of ['failed', 'stopped'] as const) {
    const { flow, told } = newFlow()
    flow.begin('losing')
    flow.drop('queue-full', 1)
    flow.shut(reason)
    t.equal(flow.refusal, reason)
    flow.drop(reason, 4)
    t.equal(flow.reopen(), 5)
    t.equal(flow.reopen(), 0, 'once')
    t.equal(flow.refusal, undefined)
    t.same(told, ['began queue-full'], 'whoever reopens it tells of it')
  }
  t.end()
})
