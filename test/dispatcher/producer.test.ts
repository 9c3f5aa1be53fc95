import { test } from 'tap'
import { Herald } from '../../src/dispatcher/herald.js'
import { Inlet } from '../../src/dispatcher/inlet.js'
import { PluginVoice } from '../../src/dispatcher/plugin-voice.js'
import { Producer } from '../../src/dispatcher/producer.js'
import { recordText } from '../e2e/records.js'
import { FakeClock } from './fake-clock.js'
import { FakeLog } from './fake-log.js'

function bench() {
  const log = new FakeLog()
  const joined: string[] = []
  const inlet = new Inlet(4, {
    join: (lines) => joined.push(...lines.toString('latin1').split('\n').slice(0, -1)),
    holds: () => [],
    received: () => 0,
    setReceived: () => {},
  })
  const herald = new Herald(log, { pid: 1, uid: 0, auid: 0, ses: 0 }, () => {})
  const producer = new Producer(inlet, new PluginVoice('p', herald), new FakeClock())
  producer.begin()
  return { log, joined, inlet, producer, hear: (text: string) => producer.hear(Buffer.from(text, 'latin1')) }
}

void test('each line is a record, in whatever pieces it comes', (t) => {
  const text = `${recordText(1)}\n${recordText(2)}\xff\n\n${recordText(3)}\0\n`
  for (let cut = 0; cut <= text.length; cut++) {
    const { joined, hear, inlet, log } = bench()
    hear(text.slice(0, cut))
    hear(text.slice(cut))
    t.same(joined, [recordText(1), `${recordText(2)}\xff`, recordText(3)], `cut at ${cut}`)
    inlet.settle(0)
    t.same([inlet.unsettled, inlet.counters.bad, log.said.length], [0, 0, 0])
  }
  t.end()
})

void test('what is no record, or too long for one, is counted and told at the first', (t) => {
  const { joined, hear, inlet, log } = bench()
  hear(`junk\n# no comment either\nREADY 1\n${'x'.repeat(70_000)}\n${recordText(1)}\n`)
  t.same(joined, [recordText(1)])
  t.equal(inlet.counters.bad, 4)
  t.match(log.said, [{ text: 'plugin sends what is no record; not taken', fields: { count: 1, line: 'junk' } }])
  t.end()
})

void test('nothing is ever busy: who sends too much is not read', (t) => {
  const { joined, hear } = bench()
  hear(Array.from({ length: 100 }, (_, n) => `${recordText(n + 1)}\n`).join(''))
  t.equal(joined.length, 100)
  t.end()
})

void test('the line in which a process ended is not taken, nor put before the next process’s', (t) => {
  const { joined, hear, producer, log } = bench()
  hear(`${recordText(1)}\n${recordText(2)}`)
  producer.end()
  t.match(log.said, [{ text: 'plugin ended in the middle of a line; that is not taken', fields: { bytes: 120 } }])
  producer.begin()
  hear(`${recordText(3)}\n`)
  producer.end()
  t.same(joined, [recordText(1), recordText(3)])
  t.equal(log.said.length, 1)
  t.end()
})
