import * as fc from 'fast-check'
import { test } from 'tap'
import { readPluginLine } from '../../src/protocol/line.js'
import {
  NEW_SESSION,
  nextSession,
  nextWatchMs,
  type Deed,
  type Session,
  type SessionEvent,
  type SessionFacts,
} from '../../src/dispatcher/session.js'

const FACTS: SessionFacts = { nowMs: 0, watchdogMs: 0, sentSeq: 10, ackedSeq: 4, nextSeq: 5 }

/** What a plugin says, as the session is told it. */
function said(text: string): SessionEvent {
  const bytes = Buffer.from(text)
  const line = readPluginLine(bytes, 0, bytes.length)
  if (line.verb === 'RECORD' || line.verb === 'COMMAND') throw new Error('this is not for the session')
  return { kind: 'line', line }
}

/** A session with a clock. */
class Talker {
  session: Session = NEW_SESSION
  facts: SessionFacts
  constructor(facts: Partial<SessionFacts> = {}) {
    this.facts = { ...FACTS, ...facts }
  }

  happens(event: SessionEvent, nowMs = this.facts.nowMs): readonly Deed[] {
    this.facts = { ...this.facts, nowMs }
    const step = nextSession(this.session, event, this.facts)
    this.session = step.session
    return step.deeds
  }

  says(text: string, nowMs = this.facts.nowMs): readonly Deed[] {
    return this.happens(said(text), nowMs)
  }
}

function opened(ready = 'READY 1 ack', facts: Partial<SessionFacts> = {}): Talker {
  const talker = new Talker(facts)
  talker.says(ready)
  return talker
}

function violated(why: string, text: string, isAnswered = true): Deed[] {
  return [{ do: 'tell-violation', why, text, isAnswered }]
}

const READY = { ack: false, positions: false, from: undefined, window: 4096 }

void test('READY opens, with its options', (t) => {
  for (const [line, options, acks] of [
    ['READY 1', READY, false],
    ['READY 1 ack', { ...READY, ack: true }, true],
    ['READY 1 window=1 ack', { ...READY, ack: true, window: 1 }, true],
    ['READY 1 positions', { ...READY, positions: true }, false],
    ['READY 1 ack positions window=9', { ack: true, positions: true, window: 9, from: undefined }, true],
    ['READY 1 ack from=5', { ...READY, ack: true, from: 5 }, true],
  ] as const) {
    const talker = new Talker()
    t.same(talker.says(line), [{ do: 'open', options }], line)
    t.match(talker.session, { kind: 'open', acks }, line)
  }
  t.end()
})

void test('from= frees, finds freed what is freed, and cannot be beyond what was sent', (t) => {
  const options = (from: number) => ({ ...READY, ack: true, from })
  t.same(new Talker().says('READY 1 ack from=6'), [
    { do: 'free', seq: 5 },
    { do: 'open', options: options(6) },
  ])
  t.same(new Talker().says('READY 1 ack from=11'), [
    { do: 'free', seq: 10 },
    { do: 'open', options: options(11) },
  ])
  t.same(new Talker().says('READY 1 ack from=4'), [
    { do: 'open', options: options(4) },
    { do: 'tell-freed', from: 4 },
  ])
  const beyond = new Talker()
  t.same(beyond.says('READY 1 ack from=12'), [{ do: 'fault', why: 'impossible ACK: READY from=12' }])
  t.same(beyond.session, { kind: 'over' })
  const first = { sentSeq: 0, ackedSeq: 0, nextSeq: 1 }
  t.same(new Talker(first).says('READY 1 ack from=1'), [{ do: 'open', options: options(1) }])
  t.match(new Talker(first).says('READY 1 ack from=2'), [{ do: 'fault' }])
  const backAgain = { sentSeq: 0, ackedSeq: 0, nextSeq: 10 }
  t.match(new Talker(backAgain).says('READY 1 ack from=10'), [{ do: 'free', seq: 9 }, { do: 'open' }])
  t.match(new Talker(backAgain).says('READY 1 ack from=11'), [{ do: 'fault' }], 'not beyond what HELLO said')
  t.end()
})

void test('READY with a version or an option that there is not', (t) => {
  for (const [line, why] of [
    ['READY 2 ack', 'READY 2, a version that was not offered'],
    ['READY 1 acks', "READY with unknown option 'acks'"],
    ['READY 1 window=0', "READY with unknown option 'window=0'"],
    ['READY 1 from=3', 'READY with from= has a meaning only with ack'],
    ['READY 1 \u001b[2J', "READY with unknown option '\\x1b[2J'"],
  ] as const) {
    const talker = new Talker()
    t.same(talker.says(line), [{ do: 'fault', why }], line)
    t.same(talker.session, { kind: 'over' })
  }
  t.match(new Talker().says('READY 1 ack '), [{ do: 'open' }], 'a blank at the end is none')
  const [deed] = new Talker().says(`READY 1 ${'x'.repeat(60_000)}`)
  t.ok(deed?.do === 'fault' && deed.why.length < 300, 'what is said of it is bounded')
  t.end()
})

void test('READY a second time is a violation, told with the line', (t) => {
  t.same(opened().says('READY 1 ack'), violated('READY a second time', 'READY 1 ack'))
  t.same(opened().says('READY 2'), violated('READY a second time', 'READY 2'))
  t.end()
})

void test('ACK frees; one that goes back or comes without ack is a violation; an impossible one ends it', (t) => {
  const talker = opened()
  t.same(talker.says('ACK 10'), [{ do: 'free', seq: 10 }])
  t.same(talker.says('ACK 5'), [{ do: 'free', seq: 5 }], 'what is acknowledged is a fact that comes in')
  t.same(talker.says('ACK 4'), violated('ACK not above 4', 'ACK 4'))
  t.same(talker.says('ACK 1'), violated('ACK not above 4', 'ACK 1'))
  t.same(talker.says('ACK 0'), violated('ACK without a seq', 'ACK 0'))
  t.same(talker.says('ACK 11'), [{ do: 'fault', why: 'impossible ACK 11: nothing above 10 has been sent' }])
  t.same(talker.session, { kind: 'over' })
  t.same(opened('READY 1').says('ACK 5'), violated('ACK without READY ack', 'ACK 5'))
  t.same(new Talker().says('ACK 5'), violated('ACK before READY', 'ACK 5', false))
  t.end()
})

void test('nothing but HELLO is said before READY: a violation is not answered', (t) => {
  const talker = new Talker()
  t.same(talker.says('HI'), violated('unknown verb', 'HI', false))
  t.same(talker.says('PONG 1'), violated('PONG that nobody asked for', 'PONG 1', false))
  t.same(talker.happens({ kind: 'misplaced', why: 'w', text: 't' }), violated('w', 't', false))
  t.same(talker.says('# a comment'), [])
  t.same(talker.says(''), [])
  t.same(talker.happens({ kind: 'heard' }), [])
  t.same(talker.happens({ kind: 'watch' }), [])
  t.same(talker.happens({ kind: 'stood-still', ms: 5 }), [])
  t.match(talker.says('READY 1'), [{ do: 'open' }], 'and READY still opens')
  t.match(talker.session, { violationsMs: [0, 0, 0] }, 'they are remembered')
  t.end()
})

void test('a line over the limit ends it, before READY and after', (t) => {
  for (const talker of [new Talker(), opened()]) {
    t.same(talker.happens({ kind: 'line-too-long', text: 'xxx' }), [
      { do: 'fault', why: 'a line of more than 65536 bytes: xxx' },
    ])
    t.same(talker.session, { kind: 'over' })
  }
  t.end()
})

void test('the tenth violation within a minute ends it, and the minute slides', (t) => {
  const quick = opened()
  for (let n = 1; n < 10; n++) t.equal(quick.says('JUNK', n).length, 1, `violation ${n}`)
  t.same(quick.says('JUNK', 59_999), [
    ...violated('unknown verb', 'JUNK'),
    { do: 'fault', why: '10 violations within a minute, the last: unknown verb' },
  ])
  const slow = opened()
  // Every tenth comes a minute after the first of the ten: never ten within one.
  for (let n = 0; n < 200; n++) t.equal(slow.says('JUNK', Math.floor(n / 9) * 60_000 + (n % 9)).length, 1)
  const edge = opened()
  edge.says('JUNK', 0)
  for (let n = 0; n < 8; n++) edge.says('JUNK', 30_000)
  t.equal(edge.says('JUNK', 60_000).length, 1, 'the first is a minute old')
  t.match(edge.says('JUNK', 60_001), [{ do: 'tell-violation' }, { do: 'fault' }])
  const early = new Talker()
  for (let n = 1; n < 10; n++) early.says('JUNK')
  t.match(early.says('JUNK'), [{ isAnswered: false }, { do: 'fault' }], 'and without READY')
  t.end()
})

void test('the watchdog asks who is silent, and ends who does not answer', (t) => {
  const talker = opened('READY 1', { watchdogMs: 1000 })
  t.equal(nextWatchMs(talker.session, 1000), 1000)
  t.equal(nextWatchMs(talker.session, 0), undefined, 'off')
  t.equal(nextWatchMs(NEW_SESSION, 1000), undefined, 'READY has its own deadline')
  t.equal(nextWatchMs({ kind: 'over' }, 1000), undefined)
  t.same(talker.happens({ kind: 'watch' }, 999), [])
  t.same(talker.happens({ kind: 'heard' }, 999), [])
  t.same(talker.happens({ kind: 'watch' }, 1000), [], 'it has just been heard')
  t.same(talker.happens({ kind: 'watch' }, 1999), [{ do: 'ping', n: 1 }])
  t.equal(nextWatchMs(talker.session, 1000), 2999)
  t.same(talker.says('PONG 1', 2998), [])
  t.same(talker.happens({ kind: 'watch' }, 3998), [{ do: 'ping', n: 2 }], 'each with a number of its own')
  t.same(talker.says('PONG 1', 3999), violated('PONG that nobody asked for', 'PONG 1'), 'the old number is no answer')
  t.same(talker.happens({ kind: 'watch' }, 4997), [])
  t.same(talker.happens({ kind: 'watch' }, 4998), [{ do: 'fault', why: 'no PONG within 1 s' }])
  t.same(talker.says('PONG 2', 4999), [], 'too late')
  t.end()
})

void test('the watchdog stands still while nobody listens', (t) => {
  const talker = opened('READY 1', { watchdogMs: 1000 })
  talker.happens({ kind: 'stood-still', ms: 700 }, 800)
  t.equal(nextWatchMs(talker.session, 1000), 1700)
  t.same(talker.happens({ kind: 'watch' }, 1700), [{ do: 'ping', n: 1 }])
  talker.happens({ kind: 'stood-still', ms: 5000 }, 7000)
  t.same(talker.happens({ kind: 'watch' }, 7699), [])
  t.match(talker.happens({ kind: 'watch' }, 7700), [{ do: 'fault' }])
  t.end()
})

void test('whatever happens nothing is thrown, what is done fits, and after the end nothing is done', (t) => {
  const number = fc.oneof(fc.integer({ min: 0, max: 20 }), fc.constantFrom(2 ** 53 - 1, 2 ** 53))
  const option = fc.oneof(
    fc.constantFrom('ack', 'positions', 'from=', '', '\u0000'),
    number.map((n) => `from=${n}`),
    number.map((n) => `window=${n}`),
  )
  const text = fc.oneof(
    fc
      .tuple(fc.integer({ min: 1, max: 2 }), fc.array(option, { maxLength: 3 }))
      .map(([v, o]) => `READY ${v} ${o.join(' ')}`.trimEnd()),
    number.map((n) => `ACK ${n}`),
    number.map((n) => `PONG ${n}`),
    fc.string().filter((line) => !/^(RECORD |COMMAND)/.test(line)),
  )
  const event: fc.Arbitrary<SessionEvent> = fc.oneof(
    text.map(said),
    fc.constant<SessionEvent>({ kind: 'watch' }),
    fc.constant<SessionEvent>({ kind: 'heard' }),
    fc.constant<SessionEvent>({ kind: 'misplaced', why: 'w', text: 't' }),
    fc.integer({ min: 0, max: 3000 }).map((ms): SessionEvent => ({ kind: 'stood-still', ms })),
  )
  const step = fc.tuple(event, fc.integer({ min: 0, max: 9000 }), fc.nat(3))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.constantFrom(0, 1000), (steps, watchdogMs) => {
      const talker = new Talker({ watchdogMs, sentSeq: 0, ackedSeq: 0, nextSeq: 1 })
      let acks = false
      let opens = 0
      for (const [each, pauseMs, sent] of steps) {
        const wasOver = talker.session.kind === 'over'
        const { nowMs, sentSeq, ackedSeq } = talker.facts
        talker.facts = { ...talker.facts, sentSeq: sentSeq + sent }
        const deeds = talker.happens(each, nowMs + pauseMs)
        if (wasOver && deeds.length > 0) return false
        const isFault = deeds.some((deed) => deed.do === 'fault')
        if (isFault !== (!wasOver && talker.session.kind === 'over')) return false
        for (const deed of deeds) {
          if (deed.do === 'open') {
            opens++
            acks = deed.options.ack
          }
          if (deed.do === 'ping' && watchdogMs === 0) return false
          if (deed.do !== 'free') continue
          if (deed.seq <= ackedSeq || deed.seq > sentSeq + sent) return false
          talker.facts = { ...talker.facts, ackedSeq: deed.seq }
        }
        if (deeds.some((deed) => deed.do === 'free') && !acks) return false
      }
      return opens <= 1
    }),
    { numRuns: 2000 },
  )
  t.end()
})
