import { test } from 'tap'
import { Troubles } from '../../src/dispatcher/troubles.js'
import type { StreamTrouble } from '../../src/protocol/stream-trouble.js'
import { FakeClock } from './fake-clock.js'
import { FakeLog } from './fake-log.js'

const TORN: StreamTrouble = { code: 'torn-end', offset: 7, part: 'line', heldBytes: 3, missingBytes: undefined }

function bench(): { log: FakeLog; clock: FakeClock; troubles: Troubles } {
  const log = new FakeLog()
  const clock = new FakeClock()
  return { log, clock, troubles: new Troubles(log, clock) }
}

void test('what is wrong, in words and with its numbers', (t) => {
  const { log, troubles } = bench()
  const every: readonly StreamTrouble[] = [
    { code: 'unknown-version', offset: 0, bytes: Buffer.from('\u0001\u0002\u001b[2J') },
    { code: 'bad-header-length', offset: 0, bytes: Buffer.alloc(40, 'x') },
    { code: 'oversize', offset: 0, bytes: Buffer.alloc(16) },
    { code: 'resynchronised', offset: 0, skippedBytes: 5 },
    { code: 'damaged-payload', offset: 0, size: 9, skippedBytes: 5 },
    TORN,
    { code: 'unrecognised', offset: 0, skippedBytes: 5 },
    { code: 'partial-line', offset: 0, skippedBytes: 5 },
    { code: 'line-too-long', offset: 0 },
    { code: 'lost-tail', offset: 0, releases: ['4.2'] },
    { code: 'gave-up', offset: 0, skippedBytes: 5 },
  ]
  for (const trouble of every) troubles.report(trouble)
  t.equal(new Set(log.texts).size, every.length, 'each in words of its own')
  for (const [index, said] of log.said.entries()) {
    t.match(said, { level: 'warn', text: /^stdin/, fields: { code: every[index]?.code, offset: every[index]?.offset } })
  }
  t.match(log.said[0], { fields: { bytes: '01021b5b324a' } }, 'bytes stand in hex')
  t.match(log.said[1], { fields: { bytes: /^(?:78){32}$/ } }, 'and not more of them than help')
  t.match(log.said[9], { fields: { releases: ['4.2'] } })
  t.end()
})

void test('so many lines in so much time; the rest is counted', (t) => {
  const { log, clock, troubles } = bench()
  for (let count = 0; count < 25; count++) troubles.report(TORN)
  t.equal(log.said.length, 20)
  clock.pass(9999)
  troubles.report(TORN)
  t.equal(log.said.length, 20)
  clock.pass(1)
  troubles.report(TORN)
  t.equal(log.said.length, 22)
  t.match(log.said[20], { text: /lines left out/, fields: { lines: 6 } })
  for (let count = 0; count < 20; count++) troubles.report(TORN)
  troubles.close()
  t.match(log.said.at(-1), { text: /lines left out/, fields: { lines: 1 } }, 'nothing is left untold at the end')
  troubles.close()
  t.equal(log.said.length, 22 + 19 + 1, 'and nothing is told twice')
  t.end()
})

void test('nothing left out is not worth a line', (t) => {
  const { log, clock, troubles } = bench()
  for (let count = 0; count < 20; count++) troubles.report(TORN)
  clock.pass(10_000)
  troubles.report(TORN)
  troubles.close()
  t.equal(log.said.length, 21)
  t.end()
})
