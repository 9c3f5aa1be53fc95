// Over real sockets, against a bus of the tests' own; the clock is the test's.

import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type Test } from 'tap'
import { BusLink } from '../../../plugins/setroubleshoot/bus-link.js'
import { encodeCall, messageLength, readMessage } from '../../../plugins/setroubleshoot/bus-message.js'
import { AVC, Delivery } from '../../../plugins/setroubleshoot/delivery.js'
import { Waiting } from '../../../plugins/setroubleshoot/waiting.js'
import type { Clock } from '../../../src/remote/ports.js'
import { Voice } from '../../../src/remote/voice.js'
import { until } from '../../live/until.js'
import { avcEvent } from './alerts.js'
import { PlayBus, type Call, type Reaction } from './play-bus.js'

const MIB = 1024 * 1024
const UID = 4711
/** The longest. */
const PAUSE_MS = 60_000

/** Time goes by when the test says so. */
class HandClock implements Clock {
  #nowMs = 0
  #timers: { readonly atMs: number; readonly call: () => void }[] = []

  monotonicMs(): number {
    return this.#nowMs
  }

  wallMs(): number {
    return this.#nowMs
  }

  after(ms: number, call: () => void): () => void {
    const timer = { atMs: this.#nowMs + ms, call }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer)
    }
  }

  pass(ms: number): void {
    this.#nowMs += ms
    const due = this.#timers.filter(({ atMs }) => atMs <= this.#nowMs)
    this.#timers = this.#timers.filter((timer) => !due.includes(timer))
    for (const { call } of due) call()
  }
}

interface Scene {
  readonly path: string
  readonly clock: HandClock
  readonly delivery: Delivery
  readonly bus: (react?: (call: Call, nth: number) => Reaction, bigEndian?: boolean) => Promise<PlayBus>
  readonly give: (...serials: readonly number[]) => void
  /** Waits for so many lines with all of these words. */
  readonly says: (words: readonly string[], count?: number) => Promise<void>
  readonly lines: (word: string) => string[]
  readonly opened: () => number
  /** Lets the pauses go by until so many events are given. */
  readonly untilGiven: (count: number) => Promise<void>
}

const textOf = (serial: number): string => avcEvent(serial).join('\n')

function scene(t: Test, queueEvents = 100): Scene {
  const dir = mkdtempSync(join(tmpdir(), 'setroubleshoot-'))
  const path = join(dir, 'bus')
  const clock = new HandClock()
  let said = ''
  let opened = 0
  const voice = new Voice(clock, (line) => {
    said += line
  })
  const lines = (...words: readonly string[]): string[] =>
    said.split('\n').filter((line) => line !== '' && words.every((word) => line.includes(word)))
  const open = async (): Promise<BusLink> => {
    opened++
    return BusLink.open(connect(path), UID, clock)
  }
  const delivery = new Delivery(new Waiting({ events: queueEvents, bytes: MIB }), open, clock, voice)
  const buses: PlayBus[] = []
  t.teardown(async () => {
    await delivery.stop()
    await Promise.all(buses.map((bus) => bus.close()))
    rmSync(dir, { recursive: true, force: true })
  })
  return {
    path,
    clock,
    delivery,
    lines,
    opened: () => opened,
    untilGiven: async (count) => {
      await until(`${count} events`, () => {
        if (delivery.state().doing === 'away') clock.pass(PAUSE_MS)
        return delivery.state().given === count
      })
    },
    says: async (words, count = 1) => {
      await until(
        () => `${count} lines of ${words.join(' ')} in:\n${said}`,
        () => lines(...words).length >= count,
      )
    },
    bus: async (react = () => 'done', bigEndian = false) => {
      const bus = await new PlayBus(react, bigEndian).listen(path)
      buses.push(bus)
      return bus
    },
    give: (...serials) => {
      for (const serial of serials) delivery.add(Buffer.from(textOf(serial)))
    },
  }
}

void test('each event is one call of avc, in order', async (t) => {
  for (const bigEndian of [false, true]) {
    const { bus, give, delivery, opened } = scene(t)
    const { calls, greetings } = await bus(undefined, bigEndian)
    give(1, 2, 3)
    await until('all', () => delivery.state().given === 3)
    t.same(greetings, [`\0AUTH EXTERNAL ${Buffer.from(String(UID)).toString('hex')}`, 'BEGIN'])
    t.same(
      calls,
      [1, 2, 3].map((serial) => ({
        destination: 'org.fedoraproject.Setroubleshootd',
        path: '/org/fedoraproject/Setroubleshootd',
        iface: 'org.fedoraproject.SetroubleshootdIface',
        member: 'avc',
        argument: textOf(serial),
      })),
    )
    t.equal(opened(), 1)
  }
})

void test('while nobody is there events wait, within a bound; it is said once, and goes on by itself', async (t) => {
  const { bus, give, delivery, says, lines, clock, untilGiven } = scene(t, 4)
  give(1, 2)
  await says(['setroubleshootd cannot be reached: events wait', 'waiting=2'])
  for (const pauseMs of [1000, 2000, 4000, 8000, 16_000, 32_000, PAUSE_MS, PAUSE_MS]) {
    t.equal(delivery.state().doing, 'away')
    clock.pass(pauseMs - 1)
    t.equal(delivery.state().doing, 'away')
    clock.pass(1)
    t.equal(delivery.state().doing, 'trying')
    await until('the end of the try', () => delivery.state().doing === 'away')
  }
  give(3, 4, 5, 6, 7)
  t.match(delivery.state(), { waiting: 4, dropped: 3 })
  t.equal(lines('too many events wait for setroubleshootd: the newest are dropped').length, 1)
  const { calls } = await bus()
  await untilGiven(4)
  await says(['setroubleshootd takes events again', 'dropped=3'])
  await says(['there is room for events again', 'dropped=3'])
  t.equal(lines('cannot be reached').length, 1)
  t.same(
    calls.map(({ argument }) => argument),
    [1, 2, 3, 4].map(textOf),
  )
  give(8)
  await until('the next', () => delivery.state().given === 5)
})

void test('what was dropped before it was known to be away is told too', async (t) => {
  const { bus, give, says, untilGiven } = scene(t, 2)
  const deaf = await bus(() => 'silence')
  give(1, 2, 3, 4, 5)
  await until('the call', () => deaf.calls.length === 1)
  await deaf.close()
  await says(['cannot be reached', 'waiting=2'])
  await bus()
  await untilGiven(2)
  await says(['takes events again', 'dropped=3'])
})

void test('an answer to another call is none', async (t) => {
  const { bus, give, delivery } = scene(t)
  await bus(() => 'confused')
  give(1, 2)
  await until('both', () => delivery.state().given === 2)
  t.match(delivery.state(), { refused: 0, waiting: 0 })
})

void test('an error of its own is about the event; its count of users is put right', async (t) => {
  const { bus, give, delivery, says } = scene(t)
  const { calls } = await bus(({ argument = '' }) =>
    argument.includes(':2)') ? { error: 'org.freedesktop.DBus.Python.AttributeError' } : 'done',
  )
  give(1, 2, 3)
  await until('all', () => delivery.state().given === 2)
  t.same(
    calls.map(({ member }) => member),
    ['avc', 'avc', 'finish', 'avc'],
  )
  await says(['setroubleshootd cannot make anything of an event', 'AttributeError: what happened'])
  t.match(delivery.state(), { refused: 1, waiting: 0, doing: 'idle' })
})

void test('an error of the bus is about the way: the event is given again', async (t) => {
  const { bus, give, delivery, says, clock } = scene(t)
  const playing = await bus((_call, nth) =>
    nth === 1 ? { error: 'org.freedesktop.DBus.Error.ServiceUnknown' } : 'done',
  )
  give(1, 2)
  await says(['cannot be reached', 'ServiceUnknown', 'waiting=2'])
  clock.pass(1000)
  await until('both', () => delivery.state().given === 2)
  t.same(playing.events, [1, 1, 2].map(textOf))
})

void test('an event that kills it is given three times', async (t) => {
  for (const death of ['hang-up', { error: 'org.freedesktop.DBus.Error.NoReply' }] as const) {
    const { bus, give, says, untilGiven } = scene(t)
    const playing = await bus(({ argument = '' }) => (argument.includes(':1)') ? death : 'done'))
    give(1, 2)
    await untilGiven(1)
    t.same(playing.events, [1, 1, 1, 2].map(textOf))
    await says(['cannot make anything of an event'])
    await says(['takes events again'])
  }
})

void test('each event that kills it has three tries of its own', async (t) => {
  const { bus, give, untilGiven, delivery } = scene(t)
  const playing = await bus(({ argument = '' }) => (/:[12]\)/.test(argument) ? 'hang-up' : 'done'))
  give(1, 2, 3)
  await untilGiven(1)
  t.same(playing.events, [1, 1, 1, 2, 2, 2, 3].map(textOf))
  t.match(delivery.state(), { refused: 2, waiting: 0 })
})

void test('what waits is bounded by bytes too', (t) => {
  const waiting = new Waiting({ events: 10, bytes: 5 })
  t.same(
    ['abc', 'de', 'f'].map((text) => waiting.add(Buffer.from(text))),
    [true, true, false],
  )
  waiting.removeFirst()
  t.equal(waiting.add(Buffer.from('ghi')), true)
  t.match({ events: waiting.events, dropped: waiting.dropped }, { events: 2, dropped: 1 })
  t.equal(waiting.isHalfFree, false)
  t.end()
})

void test('a greeting without an end is no bus', async (t) => {
  const { path, clock } = scene(t)
  const server = createServer((socket) => {
    socket.on('error', () => {}).write('x'.repeat(5000))
  }).listen(path)
  t.teardown(() => server.close())
  await t.rejects(BusLink.open(connect(path), UID, clock), /a line without an end/)
})

void test('whoever does not answer is not waited for without end', async (t) => {
  const { bus, give, says, clock, untilGiven } = scene(t)
  const playing = await bus((_call, nth) => (nth === 1 ? 'silence' : 'done'))
  give(1)
  await until('the call', () => playing.calls.length === 1)
  clock.pass(60_000)
  await says(['cannot be reached', 'no answer within 60 s'])
  await untilGiven(1)
})

void test('at the end what waits is given, unless it is away', async (t) => {
  const here = scene(t)
  await here.bus()
  here.give(1, 2, 3)
  await here.delivery.stop()
  t.match(here.delivery.state(), { given: 3, waiting: 0 })
  const away = scene(t)
  away.give(1, 2)
  await away.says(['cannot be reached'])
  await away.delivery.stop()
  await away.says(['ended with events that setroubleshootd has not got', 'events=2'])
})

void test('a message is read whole or not at all, and nonsense is an error', (t) => {
  const call = encodeCall(7, AVC, Buffer.from('x'))
  for (let cut = 0; cut < call.length; cut++) {
    const length = messageLength(call.subarray(0, cut))
    t.ok(length === undefined ? cut < 16 : length === call.length)
  }
  t.throws(() => messageLength(Buffer.alloc(16)), /no message/)
  const huge = Buffer.from(call)
  huge.writeUInt32LE(0xffff_ffff, 12)
  t.throws(() => messageLength(huge), /a message of/)
  for (let at = 16; at < call.length; at++) {
    for (const value of [0, 1, 255]) {
      const wrong = Buffer.from(call)
      wrong[1] = 3
      wrong[at] = value
      try {
        t.match(readMessage(wrong), { kind: 'error' })
      } catch (error) {
        t.match(error, /string|field|message/)
      }
    }
  }
  t.end()
})
