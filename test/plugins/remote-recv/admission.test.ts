import { test } from 'tap'
import { Admission } from '../../../plugins/remote-recv/admission.js'
import { Voice } from '../../../src/remote/voice.js'
import { HandClock } from './hand-clock.js'

const LIMITS = { maxSessions: 3, maxPending: 4, maxPendingPerAddress: 2 }

void test('so many may be in the middle of proving who they are, and so many of one address', (t) => {
  const admission = new Admission(new HandClock(), LIMITS)
  t.same(
    [admission.arrive('a'), admission.arrive('a'), admission.arrive('a')],
    [undefined, undefined, 'too-many-pending-of-address'],
  )
  t.same(
    [admission.arrive('b'), admission.arrive('b'), admission.arrive('c')],
    [undefined, undefined, 'too-many-pending'],
  )
  admission.settle('a')
  t.equal(admission.arrive('c'), undefined)
  admission.settle('nobody')
  t.equal(admission.arrive('d'), 'too-many-pending')
  t.same(admission.refusals, [
    { reason: 'too-many-pending-of-address', count: 1 },
    { reason: 'too-many-pending', count: 2 },
  ])
  t.end()
})

void test('an address that proves nothing is not asked for ever, and no other pays for it', async (t) => {
  const clock = new HandClock()
  const admission = new Admission(clock, LIMITS)
  const fail = (host: string): string | undefined => {
    const refused = admission.arrive(host)
    if (refused !== undefined) return refused
    admission.failed(host)
    admission.settle(host)
    return undefined
  }
  for (let n = 0; n < 600; n++) fail('a')
  t.equal(fail('a'), undefined, 'the last one')
  t.same([fail('a'), fail('b')], ['too-many-failures-of-address', undefined])
  await clock.pass(100)
  t.same([fail('a'), fail('a')], [undefined, 'too-many-failures-of-address'])
  for (let host = 0; host < 10_000; host++) fail(`x${host}`)
  t.equal(fail('a'), undefined, 'what is remembered is bounded')
  t.end()
})

void test('so many sessions', (t) => {
  const admission = new Admission(new HandClock(), LIMITS)
  for (const name of ['a', 'b', 'c']) t.equal(admission.enter(name), undefined)
  t.equal(admission.enter('d'), 'too-many-sessions')
  admission.leave()
  t.equal(admission.enter('d'), undefined)
  t.equal(admission.sessions, 3)
  t.end()
})

void test('three breaches in ten minutes shut a name out, for longer each time, and no other', async (t) => {
  const clock = new HandClock()
  const admission = new Admission(clock, LIMITS)
  t.same([admission.strike('a'), admission.strike('a'), admission.enter('a')], [0, 0, undefined])
  await clock.pass(600_000)
  t.same([admission.strike('a'), admission.strike('a'), admission.strike('a')], [0, 0, 60_000])
  t.same([admission.enter('a'), admission.enter('b')], ['penalty', undefined])
  await clock.pass(60_000)
  t.equal(admission.enter('a'), undefined)
  t.same([admission.strike('a'), admission.strike('a'), admission.strike('a')], [0, 0, 120_000])
  for (let name = 0; name < 20_000; name++) admission.strike(`x${name}`)
  t.equal(admission.penaltyMs('a'), 0, 'what is remembered is bounded')
  t.end()
})

void test('the log: so many lines of a text, what peers say made harmless and cut, what is left out counted', async (t) => {
  const clock = new HandClock()
  const lines: string[] = []
  const voice = new Voice(clock, (line) => lines.push(line))
  voice.log('warn', 'text', { peer: `a\n\u001b[1m${'x'.repeat(1000)}`, count: 3 })
  t.equal(lines[0]?.split('\n').length, 2, 'one line')
  t.ok((lines[0]?.length ?? 0) < 500)
  for (let n = 0; n < 20; n++) voice.log('info', 'text')
  voice.log('info', 'another')
  t.equal(lines.length, 11)
  await clock.pass(60_000)
  voice.log('info', 'text')
  t.match(lines.at(-1), /^text leftOut=11\n$/)
  const told: string[] = []
  voice.heardBy({ notify: async (level, text) => void told.push(`${level} ${text}`) })
  voice.log('error', 'third')
  voice.log('info', 'fourth')
  t.same(told, ['error third'])
  voice.alone()
  voice.log('error', 'fifth')
  t.same(lines.slice(-2), ['fourth\n', 'fifth\n'])
  t.end()
})
