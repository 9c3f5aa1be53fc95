import { test } from 'tap'
import { Herald } from '../../src/dispatcher/herald.js'
import { emptyLedger } from '../../src/dispatcher/ledger.js'
import { LossTeller } from '../../src/dispatcher/loss-teller.js'
import { PluginVoice } from '../../src/dispatcher/plugin-voice.js'
import type { OverflowAction } from '../../src/dispatcher/settings.js'
import { EVERYTHING, parseSelector } from '../../src/protocol/selector.js'
import { FakeClock } from './fake-clock.js'
import { FakeLog } from './fake-log.js'

function bench(overflow: OverflowAction = 'drop-newest') {
  const log = new FakeLog()
  const herald = new Herald(log, { pid: 1, uid: 0, auid: 0, ses: 0 }, () => {})
  const runlevels: string[] = []
  let rooms = 0
  const teller = new LossTeller({
    voice: new PluginVoice('p', herald),
    herald,
    clock: new FakeClock(),
    ledger: emptyLedger,
    overflow: () => overflow,
    changeRunlevel: (to) => runlevels.push(to),
    makeRoom: () => rooms++,
  })
  return { log, herald, teller, runlevels, rooms: () => rooms }
}

void test('the record that a loss began is owed to the loser until it has room, once', (t) => {
  const { teller, herald, log } = bench()
  t.equal(teller.takeOwed(EVERYTHING).length, 0)
  teller.lossBegan('queue-full')
  const [line] = herald.take()
  t.equal(teller.takeOwed(EVERYTHING).length, 0, 'it has no room yet')
  teller.lossEnded(7)
  t.same(teller.takeOwed(EVERYTHING), line)
  t.equal(teller.takeOwed(EVERYTHING).length, 0, 'once')
  t.same(log.texts, [
    'queue is full: records for this plugin are being dropped',
    'queue has room again; records were dropped',
  ])
  t.end()
})

void test('two losses within a turn are both told to the loser, not more than are worth it', (t) => {
  const { teller, herald } = bench()
  const begin = (): Buffer | undefined => {
    teller.lossBegan('queue-full')
    const [line] = herald.take()
    teller.lossEnded(1)
    herald.take()
    return line
  }
  const [one, two] = [begin(), begin()]
  teller.lossBegan('queue-full')
  herald.take()
  t.equal(teller.takeOwed(EVERYTHING).length, 0, 'while it loses again nothing has room')
  teller.lossEnded(1)
  t.same([teller.takeOwed(EVERYTHING), teller.takeOwed(EVERYTHING)], [one, two])
  t.ok(teller.takeOwed(EVERYTHING).length > 0)
  t.equal(teller.takeOwed(EVERYTHING).length, 0)
  for (let n = 0; n < 1000; n++) begin()
  let owed = 0
  while (teller.takeOwed(EVERYTHING).length > 0) owed++
  t.equal(owed, 8)
  t.end()
})

void test('one that is still to be published comes with the others', (t) => {
  const { teller, herald } = bench()
  teller.lossBegan('queue-full')
  teller.lossEnded(1)
  t.equal(teller.takeOwed(EVERYTHING).length, 0)
  t.equal(herald.take().length, 2)
  t.equal(teller.takeOwed(EVERYTHING).length, 0)
  t.end()
})

void test('it is owed only to who wants such records', (t) => {
  for (const [selector, isOwed] of [
    ['type=TRUSTED_APP', true],
    ['source=self', true],
    ['source=auditd', false],
    ['!type=TRUSTED_APP', false],
    ['node=web1', true],
    ['node=web2', false],
  ] as const) {
    const { teller, herald } = bench()
    herald.setNode('web1')
    teller.lossBegan('queue-full')
    herald.take()
    teller.lossEnded(1)
    t.equal(teller.takeOwed(parseSelector(selector)).length > 0, isOwed, selector)
  }
  t.end()
})

void test('a queue that is opened again ends a loss as well', (t) => {
  const { teller, herald, log } = bench()
  teller.lossBegan('queue-full')
  const [line] = herald.take()
  teller.queueReopened(5)
  t.same(teller.takeOwed(EVERYTHING), line)
  teller.queueReopened(0)
  t.equal(teller.takeOwed(EVERYTHING).length, 0)
  t.equal(log.texts.filter((text) => /while this plugin was down/.test(text)).length, 1, 'told when there was one')
  t.end()
})

void test('single and halt are run at the beginning of a loss, other actions are not', (t) => {
  for (const [overflow, runs] of [
    ['single', ['single']],
    ['halt', ['halt']],
    ['suspend', []],
    ['ignore', []],
  ] as const) {
    const { teller, runlevels, log } = bench(overflow)
    teller.lossBegan('queue-full')
    teller.lossEnded(1)
    t.same(runlevels, runs, overflow)
    t.equal(log.said.length, overflow === 'ignore' ? 0 : 2, overflow)
  }
  t.end()
})

void test('room is asked for, what is too long is told', (t) => {
  const { teller, rooms, log } = bench()
  teller.makeRoom()
  t.equal(rooms(), 1)
  teller.tooLong()
  teller.tooLong()
  t.same(log.texts, ['a record is too long for the format of this plugin; dropped'], 'not each time')
  t.end()
})
