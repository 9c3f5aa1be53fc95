import { setImmediate as turn } from 'node:timers/promises'
import { test } from 'tap'
import { Voice } from '../../../src/remote/voice.js'
import { testPlugin, type TestDispatcher } from '../../../src/sdk/index.js'
import { ChildFeed } from '../../../plugins/filter/child-feed.js'
import { compile } from '../../../plugins/filter/compile.js'
import { Filter } from '../../../plugins/filter/filter.js'
import { JobRunner } from '../../../plugins/filter/job-runner.js'
import { RuleBook } from '../../../plugins/filter/rule-book.js'
import { readRules } from '../../../plugins/filter/rule-file.js'
import { Teller } from '../../../plugins/filter/teller.js'
import { FakeChild } from './fake-child.js'
import { HandClock } from './hand-clock.js'

const CAPACITY = 8192

function scene(
  rules: string,
  unit: 'event' | 'record',
  hello: Readonly<Record<string, string>> = {},
  bufferBytes = 65536,
) {
  const clock = new HandClock()
  const child = new FakeChild(clock, CAPACITY)
  const voice = new Voice(clock, (line) => {
    child.said += line
  })
  const jobs = new JobRunner(1, 1000, clock, () => ({ kill() {} }))
  const teller = new Teller({ voice, jobs, sendmail: { program: '/s', args: [] }, host: 'web1' })
  const book = new RuleBook(compile, clock, true, teller)
  book.replace(readRules(Buffer.from(rules), 'rules', { kind: 'verbs' }).rules ?? [])
  const filter = new Filter(
    { unit, bufferBytes },
    {
      clock,
      voice,
      book,
      teller,
      jobs,
      feed: (owner) =>
        new ChildFeed({ program: '/c', args: [] }, { firstMs: 100, longestMs: 800 }, child.world(), owner),
      rulesNow: () => undefined,
      childEnded: () => true,
      changed() {},
      over: () => Promise.resolve(),
    },
  )
  return { clock, child, filter, dispatcher: testPlugin(filter.definition, { hello }) }
}

/** Waits for what needs neither a clock nor a disk. */
async function until(isSo: () => boolean): Promise<void> {
  for (let turns = 0; turns < 10_000 && !isSo(); turns++) await turn()
  if (!isSo()) throw new Error('it does not come about')
}

/** Whatever would be said by now has been said. */
async function rest(): Promise<void> {
  for (let turns = 0; turns < 20; turns++) await turn()
}

async function endOf(dispatcher: TestDispatcher, child: FakeChild): Promise<number> {
  const stopping = dispatcher.stop()
  await until(() => child.isEnded)
  child.exit({ code: 0 })
  return stopping
}

const record = (type: string, serial: number, more = ''): string =>
  `type=${type} msg=audit(1.000:${serial}): a=b${more}`

void test('nothing is acknowledged before it was written to the child', async (t) => {
  const { child, dispatcher, filter } = scene('drop when type r= CWD', 'record')
  await dispatcher.until(() => dispatcher.ready !== undefined)
  const first = dispatcher.send(record('LOGIN', 1))
  await dispatcher.acknowledged(first)
  const long = record('LOGIN', 2, ' x='.padEnd(6000, 'x'))
  dispatcher.send(long)
  const third = dispatcher.send(long.replace(':2)', ':3)'))
  const last = dispatcher.send(record('CWD', 4))
  await until(() => filter.counts.records === 4)
  await rest()
  t.ok(
    dispatcher.acks.every((seq) => seq < third),
    'the third does not fit, and what was dropped behind it waits as well',
  )
  child.read(CAPACITY)
  child.read(CAPACITY)
  await dispatcher.acknowledged(last)
  child.read(2 * CAPACITY)
  t.same(
    child.lines.map((line) => line.slice(0, 30)),
    [record('LOGIN', 1), record('LOGIN', 2), record('LOGIN', 3)].map((line) => line.slice(0, 30)),
  )
  t.match(filter.counts, { records: 4, kept: 3, dropped: 1, lost: 0 })
  t.equal(await endOf(dispatcher, child), 0)
  t.same(dispatcher.violations, [])
  t.end()
})

void test('an open event is acknowledged when it has ended, by a record or by its time', async (t) => {
  const { child, clock, dispatcher, filter } = scene('drop when type r= CWD', 'event')
  await dispatcher.until(() => dispatcher.ready !== undefined)
  const before = dispatcher.send(record('LOGIN', 1))
  await dispatcher.acknowledged(before)
  dispatcher.send(record('SYSCALL', 2))
  dispatcher.send(record('PATH', 2))
  await until(() => filter.counts.records === 3)
  await rest()
  t.equal(dispatcher.acks.at(-1), before)
  t.equal(filter.openEvents, 1)
  await dispatcher.acknowledged(dispatcher.send(record('PROCTITLE', 2)))
  const last = dispatcher.send(record('SYSCALL', 3))
  await until(() => filter.counts.records === 5)
  t.equal(filter.openEvents, 1)
  await clock.pass(800)
  await dispatcher.acknowledged(last)
  child.read(CAPACITY)
  t.same(
    child.lines.map((line) => line.slice(5, 12)),
    ['LOGIN m', 'SYSCALL', 'PATH ms', 'PROCTIT', 'SYSCALL'],
  )
  t.equal(await endOf(dispatcher, child), 0)
  t.end()
})

void test('a child that reads nothing holds up no end', async (t) => {
  for (const end of ['end', 'SIGTERM'] as const) {
    const { child, clock, dispatcher, filter } = scene('', 'record')
    await dispatcher.until(() => dispatcher.ready !== undefined)
    const first = dispatcher.send(record('LOGIN', 1))
    const long = record('LOGIN', 2, ' x='.padEnd(60_000, 'x'))
    for (let n = 1; n <= 80; n++) dispatcher.send(long)
    await until(() => (filter.feed?.waitingBytes ?? 0) > 4 * 1024 * 1024)
    await rest()
    if (end === 'SIGTERM') dispatcher.signal('SIGTERM')
    const ended = dispatcher.end()
    for (let turns = 0; turns < 20 && !child.isEnded; turns++) await clock.pass(500)
    t.ok(child.isEnded, `the child gets the end of its input after ${end}`)
    child.exit()
    t.equal(await ended, 0)
    t.equal(dispatcher.acks.at(-1), first, 'what it was not given comes again')
    t.equal(filter.counts.lost, 1, 'what it was given and has not read does not')
  }
  t.end()
})

void test('time stands still while there is no room: no event is torn', async (t) => {
  const { child, clock, dispatcher, filter } = scene('drop when type r= PROCTITLE', 'event')
  await dispatcher.until(() => dispatcher.ready !== undefined)
  dispatcher.send(record('SYSCALL', 1))
  const long = record('LOGIN', 2, ' x='.padEnd(60_000, 'x'))
  for (let n = 1; n <= 80; n++) dispatcher.send(long)
  await until(() => (filter.feed?.waitingBytes ?? 0) > 4 * 1024 * 1024)
  await rest()
  dispatcher.send(record('LOGIN', 3))
  await clock.pass(5000)
  await until(() => {
    child.read(CAPACITY)
    return filter.counts.records === 82 && filter.feed?.waitingBytes === 0
  })
  t.equal(filter.openEvents, 1)
  await dispatcher.acknowledged(dispatcher.send(record('PROCTITLE', 1)))
  t.match(filter.counts, { kept: 81, dropped: 2 })
  t.equal(await endOf(dispatcher, child), 0)
  t.end()
})

void test('what a child that stands still has been written is acknowledged', async (t) => {
  const { child, dispatcher, filter } = scene('', 'record')
  await dispatcher.until(() => dispatcher.ready !== undefined)
  for (let n = 1; n <= 20; n++) {
    dispatcher.send(record('LOGIN', n, ' x='.padEnd(60_000, 'x')))
    await until(() => filter.counts.records === n)
  }
  while (child.lines.length < 10) child.read(CAPACITY)
  await dispatcher.acknowledged(8)
  await rest()
  t.ok(dispatcher.acked < 12, `${dispatcher.acked}`)
  await until(() => {
    child.read(CAPACITY)
    return filter.feed?.waitingBytes === 0
  })
  await dispatcher.acknowledged(20)
  t.equal(await endOf(dispatcher, child), 0)
  t.end()
})

void test('a filter that is ended before its input leaves open events to the next one', async (t) => {
  for (const leaves of [true, false]) {
    const { child, dispatcher, filter } = scene('', 'event')
    await dispatcher.until(() => dispatcher.ready !== undefined)
    const before = dispatcher.send(record('LOGIN', 1))
    await dispatcher.acknowledged(before)
    const open = dispatcher.send(record('SYSCALL', 2))
    await until(() => filter.openEvents === 1)
    if (leaves) filter.leaveOpen()
    const ended = endOf(dispatcher, child)
    await until(() => child.isEnded)
    t.equal(await ended, 0)
    t.equal(dispatcher.acks.at(-1), leaves ? before : open)
    t.equal(filter.counts.kept, leaves ? 1 : 2)
  }
  t.end()
})

void test('under auditd nobody waits: what the buffer has no room for is lost, told and counted', async (t) => {
  const { child, dispatcher, filter } = scene('', 'record', { run: '' }, 20_000)
  await dispatcher.until(() => dispatcher.ready !== undefined)
  for (let n = 1; n <= 40; n++) {
    dispatcher.send(record('LOGIN', n, ' x='.padEnd(1000, 'x')))
    await until(() => filter.counts.records === n)
  }
  t.ok(filter.counts.lost > 5, `${filter.counts.lost} lost`)
  t.match(child.said, /^[^\n]*the child does not keep up; what it has no room for is lost[^\n]*\n$/, 'told once')
  const had = 40 - filter.counts.lost
  while (child.lines.length < had) child.read(CAPACITY)
  t.equal(child.lines.length, had)
  t.match(child.said, new RegExp(`the child keeps up again.* lost=${filter.counts.lost}`))
  t.equal(await endOf(dispatcher, child), 0)
  t.end()
})
