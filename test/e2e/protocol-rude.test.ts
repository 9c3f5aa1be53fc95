// Plugins that do wrong what can be done wrong in the line protocol. Each is dealt with as the contract says, and its
// neighbours, a string plugin and one that acknowledges, get every record exactly once.

import { resolve } from 'node:path'
import t, { type Test } from 'tap'
import { Daemon, type Ledger } from './daemon.js'
import { Place } from './place.js'
import { Puppet } from './puppet.js'
import { frames, range, serialsIn, textOf } from './records.js'

const MIB = 1024 * 1024
/** What the daemon may take for plugins that write without end. */
const MOST_BYTES = 200 * MIB
const WRONG = resolve('test/fixtures/wrong-plugins')
const RESTARTS = ['format = protocol', 'restart_delay = 10ms..20ms', 'stop_timeout = 1s']

function wrong(place: Place, program: string, lines: readonly string[] = []): void {
  const path = `${WRONG}/${program}.js`
  place.dropIn(program, [`path = ${process.execPath}`, `args = ${path}`, ...RESTARTS, 'max_restarts = 2', ...lines])
}

function neighbours(place: Place): void {
  place.tee('string')
  place.plugin('acks', 'keeps-what-it-acks.js', [place.path('acks')], ['format = protocol'])
}

/** Ends the daemon and holds the neighbours against what was written: records 1..last. */
async function neighboursGotAll(t: Test, daemon: Daemon, last: number): Promise<void> {
  t.match(await daemon.finish(), { code: 0 })
  t.ok(daemon.place.read('string').equals(textOf(1, last)), 'the string plugin has every record once')
  const kept = daemon.place.read('acks').toString('latin1').replaceAll(/^\d+ /gm, '')
  const { serials, torn } = serialsIn(Buffer.from(kept))
  t.same(torn, [])
  t.same(serials, range(1, last), 'and so has the one that acknowledges')
  for (const name of ['string', 'acks']) {
    t.match(daemon.ledger(name), { in: last, delivered: last, dropped: 0, balanced: true })
    t.equal(daemon.ledger(name).fields['restarts'], '0')
  }
}

void t.test('faults: each ends the process, with the reason in the log, and another is started', async (t) => {
  const place = new Place(t)
  neighbours(place)
  wrong(place, 'never-ready', ['ready_timeout = 200ms'])
  const faults: readonly (readonly [program: string, why: RegExp])[] = [
    ['ready-with-wrong-version', /READY 2, a version that was not offered/],
    ['ready-with-unknown-option', /READY with unknown option/],
    ['claims-the-future', /impossible ACK: READY from=1000000/],
    ['acks-what-was-never-sent', /impossible ACK \d+: nothing above \d+ has been sent/],
    ['endless-line', /a line of more than 65536 bytes: a+/],
    ['junk-verbs', /10 violations within a minute, the last: unknown verb/],
  ]
  for (const [program] of faults) wrong(place, program)
  const daemon = new Daemon(t, place)
  await daemon.running('string', 'acks', ...faults.map(([program]) => program))
  let last = 0
  const isDone = (): boolean =>
    faults.every(([name]) => daemon.lines('plugin died', `plugin=${name} `).length > 0) &&
    daemon.lines('plugin failed', 'plugin=never-ready ').length > 0
  await daemon.doUntil(isDone, 'each has died of its fault', async () => {
    await daemon.write(frames(last + 1, last + 20))
    last += 20
    await daemon.has('string', textOf(1, last).length)
  })
  for (const [program, why] of faults) {
    t.match(daemon.lines('plugin cannot be worked with', `plugin=${program} `)[0], why, program)
    t.match(daemon.lines('plugin died', `plugin=${program} `)[0], why, program)
  }
  t.ok(daemon.lines('plugin died', 'plugin=never-ready ', 'no READY within 0.2 s').length > 0)
  await neighboursGotAll(t, daemon, last)
})

void t.test('violations: answered and logged with the line, ignored, and borne nine times a minute', async (t) => {
  const place = new Place(t)
  neighbours(place)
  const puppet = new Puppet(t, place, 'rude')
  const daemon = new Daemon(t, place)
  await daemon.running('string', 'acks', 'rude')
  await puppet.hears(daemon, 'HELLO ')
  puppet.says('READY 1 ack')
  await daemon.write(frames(1, 5))
  await puppet.hears(daemon, 'RECORD 5 ')
  puppet.says(
    'ACK 3',
    'ACK 3',
    'ACK 2',
    'READY 1 ack',
    'HELLO 1',
    'RECORD 1 type=X',
    'PONG 7',
    'COMMAND',
    'ACK x',
    'ok',
  )
  const answers = await puppet.hears(daemon, 'ERR - violation ', 9)
  t.same(answers, [
    'ERR - violation ACK not above 3',
    'ERR - violation ACK not above 3',
    'ERR - violation READY a second time',
    'ERR - violation unknown verb',
    'ERR - violation RECORD from a plugin with direction = out',
    'ERR - violation PONG that nobody asked for',
    answers[6],
    'ERR - violation ACK without a seq',
    'ERR - violation unknown verb',
  ])
  t.match(answers[6], /^ERR - violation .*tag/)
  for (const line of ['ACK 2', 'READY 1 ack', 'HELLO 1', 'PONG 7']) {
    await daemon.says(['plugin violates the line protocol', `line="${line}"`])
  }
  t.equal(daemon.lines('plugin died').length, 0)
  const pid = daemon.pidOf('rude')
  puppet.says('the tenth')
  await daemon.runningAnew('rude', pid)
  t.match(daemon.lines('plugin died', 'plugin=rude ')[0], /10 violations within a minute/)
  const hellos = await puppet.hears(daemon, 'HELLO ', 2)
  t.match(hellos[1], ' next=4 ', 'what was acknowledged before the violations stays so')
  puppet.says('READY 1 ack', 'ACK 5')
  await neighboursGotAll(t, daemon, 5)
  t.match(daemon.ledger('rude'), { in: 5, delivered: 5, balanced: true })
})

void t.test('small sins are borne: ACKs that go back, no drain at STOP, death of a RELOAD', async (t) => {
  const place = new Place(t)
  neighbours(place)
  for (const name of ['acks-backwards', 'loses-what-it-had-at-stop', 'dies-on-reload']) wrong(place, name)
  const daemon = new Daemon(t, place)
  await daemon.running('string', 'acks', 'acks-backwards', 'loses-what-it-had-at-stop', 'dies-on-reload')
  await daemon.write(frames(1, 3))
  await daemon.says(['plugin violates the line protocol', 'plugin=acks-backwards ', 'ACK not above'])
  await daemon.ledgerWhen('dies-on-reload', ({ delivered }) => delivered === 3)
  const pid = daemon.pidOf('dies-on-reload')
  daemon.signal('SIGHUP')
  await daemon.runningAnew('dies-on-reload', pid)
  t.match(daemon.lines('plugin died', 'plugin=dies-on-reload '), [/exit status 0/])
  await daemon.write(frames(4, 6))
  await neighboursGotAll(t, daemon, 6)
  t.match(daemon.ledger('dies-on-reload'), { in: 6, delivered: 6, dropped: 0, balanced: true })
  for (const name of ['acks-backwards', 'loses-what-it-had-at-stop']) {
    const { delivered: safe, dropped, ...rest } = daemon.ledger(name)
    t.match(rest, { in: 6, queued: 0, balanced: true }, name)
    t.equal(safe + dropped, 6, `${name}: what it did not acknowledge is counted as lost`)
  }
})

void t.test('plugins that write without end and never read', async (t) => {
  const place = new Place(t, 'self_events = no\nq_depth = 1000\ndrain_timeout = 1s\n')
  neighbours(place)
  const rules = [...RESTARTS, 'max_restarts = 2']
  const record = 'RECORD 1 nonsense'
  place.plugin('comments', 'floods-its-stdout.js', ['#'], [...rules, 'max_restarts = 0'])
  place.plugin('commands', 'floods-its-stdout.js', ['"COMMAND 1 stats"'], rules)
  place.plugin('records', 'floods-its-stdout.js', [`"${record}"`], [...rules, 'direction = both'])
  place.plugin('refused', 'floods-its-stdout.js', [`"${record}"`], rules)
  const daemon = new Daemon(t, place)
  await daemon.running('string', 'acks', 'comments', 'commands', 'records', 'refused')
  let last = 0
  const hasFailed = (name: string): boolean => daemon.lines('plugin failed', `plugin=${name} `).length > 0
  const haveFailed = (): boolean => ['commands', 'records', 'refused'].every(hasFailed)
  await daemon.doUntil(haveFailed, 'they have failed', async () => {
    await daemon.write(frames(last + 1, last + 100))
    last += 100
    await daemon.has('string', textOf(1, last).length)
    await daemon.until(() => place.read('acks').includes(`\n${last} `), 'the one that acknowledges has it too')
  })
  t.match(daemon.lines('plugin failed', 'plugin=commands ')[0], /it asks and does not read the answers/)
  t.match(daemon.lines('plugin failed', 'plugin=records ')[0], /10 violations within a minute/)
  t.match(daemon.lines('plugin failed', 'plugin=refused ')[0], /10 violations within a minute/)
  t.equal(daemon.lines('plugin died', 'plugin=comments ').length, 0, 'comments are read and thrown away')
  t.ok(daemon.memory('VmHWM') < MOST_BYTES, `memory: ${Math.round(daemon.memory('VmHWM') / MIB)} MiB`)
  await neighboursGotAll(t, daemon, last)
})

void t.test('plugins that send good records without end and never read', async (t) => {
  const place = new Place(t, 'self_events = no\nq_depth = 50000\ndrain_timeout = 1s\n')
  place.plugin('sink', 'floods-and-acks.js', [place.path('sink'), '0'], ['format = protocol'])
  for (const direction of ['in', 'both']) {
    place.plugin(
      direction,
      'sends-without-reading.js',
      [],
      [...RESTARTS, 'max_restarts = 1', `direction = ${direction}`],
    )
  }
  const daemon = new Daemon(t, place, { args: ['--input', 'none'] })
  await daemon.running('in', 'both')
  await daemon.ready('sink')
  await daemon.stopPlugin('sink')
  // It is told that it is too fast, more often than can wait to be read.
  const [failed] = await daemon.says(['plugin failed', 'plugin=both '])
  t.match(failed, /it asks and does not read the answers/)
  daemon.wakePlugin('sink')
  const takenIn = ({ fields }: Ledger): number => Number(fields['taken'])
  const before = takenIn(await daemon.ledgerNow('in'))
  await daemon.ledgerWhen('in', (ledger) => takenIn(ledger) >= before + 50_000)
  t.equal(daemon.lines('plugin died', 'plugin=in ').length, 0, 'one that is not read instead may go on')
  t.ok(daemon.memory('VmHWM') < MOST_BYTES, `memory: ${Math.round(daemon.memory('VmHWM') / MIB)} MiB`)
  daemon.signal('SIGTERM')
  t.match(await daemon.ended(), { code: 0 })
  for (const name of ['sink', 'in', 'both']) t.ok(daemon.ledger(name).balanced, name)
  t.notMatch(place.read('sink').toString(), 'LOST')
})
