// How the daemon ends, and with which exit status; and that its log cannot keep it from its work.

import { closeSync, constants, openSync, readSync, renameSync, writeFileSync, writeSync } from 'node:fs'
import { resolve } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { argsAt, Daemon, isAlive, runToEnd, until } from './daemon.js'
import { PERL, Place } from './place.js'
import { frame, frames, recordText, serialsIn, textOf } from './records.js'

const LINE_BYTES = 121
const SPLICER = resolve('test/fixtures/plugins/splices-to-file.pl')
const FEEDER = resolve('test/fixtures/launchers/feeds-and-stays.pl')
const NO_WAITING = 'self_events = no\ndrain_timeout = 1h\n'
const PIPE_BYTES = 64 * 1024

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index)
}

void t.test('the end of input: everything is delivered, and everybody goes', async (t) => {
  const place = new Place(t, NO_WAITING)
  place.tee('one')
  place.tee('two', ['format = binary'])
  const daemon = new Daemon(t, place)
  await daemon.write(frames(1, 20_000))
  t.match(await daemon.finish(), { code: 0 })
  t.ok(place.read('one').equals(textOf(1, 20_000)))
  t.ok(place.read('two').equals(frames(1, 20_000)))
  t.same(['one', 'two'].map((name) => daemon.pidOf(name)).filter(isAlive), [])
})

void t.test('SIGTERM without the end of input: reads on until the time is up', async (t) => {
  const place = new Place(t, 'self_events = no\ndrain_timeout = 300ms\n')
  place.tee('plugin')
  const daemon = new Daemon(t, place)
  await daemon.write(frames(1, 1000))
  await daemon.has('plugin', 1000 * LINE_BYTES)
  daemon.signal('SIGTERM')
  await daemon.says(['asked to stop; reading on'])
  await daemon.write(frames(1001, 2000))
  await daemon.has('plugin', 2000 * LINE_BYTES)
  let sent = 2000
  while (!daemon.hasEnded) {
    await daemon.write(frames(sent + 1, sent + 50))
    sent += 50
    // A write to a daemon that has gone fails at once, and the news of its end must come through.
    await setImmediate()
  }
  t.match(await daemon.ended(), { code: 0 })
  const { serials, torn } = serialsIn(place.read('plugin'))
  t.ok(torn.length <= 1, 'when the time is up a record may have been begun; it counts as dropped')
  t.same(serials, range(1, serials.length), 'what was delivered came in order')
  t.ok(serials.length >= 2000)
  const { dropped, ...ledger } = daemon.ledger('plugin')
  t.match(ledger, { in: serials.length + dropped, delivered: serials.length, queued: 0, balanced: true })
})

void t.test('SIGTERM, and then the end of input: ends without waiting', async (t) => {
  const place = new Place(t, NO_WAITING)
  place.tee('plugin')
  const daemon = new Daemon(t, place)
  await daemon.running('plugin')
  await daemon.write(frames(1, 1000))
  daemon.signal('SIGTERM')
  await daemon.says(['asked to stop'])
  await daemon.write(frames(1001, 2000))
  t.match(await daemon.finish(), { code: 0 })
  t.ok(place.read('plugin').equals(textOf(1, 2000)))
})

void t.test('a second SIGTERM does not wait for the input, a third for nobody', async (t) => {
  const place = new Place(t, NO_WAITING)
  place.tee('plugin')
  place.plugin('defies', 'defies-its-end.pl', [place.path('defies')], ['stop_timeout = 10m'])
  const daemon = new Daemon(t, place)
  await daemon.write(frames(1, 1000))
  await daemon.has('plugin', 1000 * LINE_BYTES)
  await daemon.until(() => place.size('defies') > 0, 'it is ready')
  daemon.signal('SIGTERM')
  await daemon.says(['asked to stop'])
  daemon.signal('SIGTERM')
  await daemon.says(['asked again to stop'])
  await daemon.says(['plugin stopped', 'plugin=plugin'])
  await daemon.until(() => place.read('defies').includes('SIGTERM'), 'who does not end is asked')
  daemon.signal('SIGTERM')
  t.match(await daemon.ended(), { code: 0 })
  t.ok(place.read('plugin').equals(textOf(1, 1000)))
})

void t.test('a plugin ended by SIGTERM along with the daemon is no crash, and what remains is delivered', async (t) => {
  const place = new Place(t, NO_WAITING)
  place.tee('plugin', ['max_restarts = 1', 'restart_delay = 10ms..10ms'])
  const daemon = new Daemon(t, place)
  await daemon.running('plugin')
  await daemon.stopPlugin('plugin')
  await daemon.write(frames(1, 5000))
  daemon.signal('SIGTERM')
  await daemon.says(['asked to stop'])
  for (let death = 1; death <= 4; death++) {
    const pid = daemon.pidOf('plugin')
    process.kill(pid, 'SIGTERM')
    process.kill(pid, 'SIGCONT')
    await daemon.runningAnew('plugin', pid)
    await daemon.stopPlugin('plugin')
  }
  daemon.signalPlugin('plugin', 'SIGCONT')
  t.match(await daemon.finish(), { code: 0 })
  t.same(serialsIn(place.read('plugin')).serials, range(1, 5000), 'each once')
  t.match(daemon.ledger('plugin'), { in: 5000, delivered: 5000, dropped: 0, balanced: true })
  t.same([...daemon.lines('plugin died'), ...daemon.lines('plugin failed')], [])
  t.equal(daemon.lines('ended along with the daemon', 'plugin=plugin ').length, 4)
})

void t.test('whoever writes is killed: what it has written is delivered', async (t) => {
  const place = new Place(t, NO_WAITING)
  place.tee('plugin')
  writeFileSync(place.path('stream'), frames(1, 20_000))
  const daemon = new Daemon(t, place, { launcher: [PERL, FEEDER, place.path('stream')] })
  await daemon.has('plugin', 20_000 * LINE_BYTES)
  daemon.signal('SIGKILL')
  t.match(await daemon.ended(), { signal: 'SIGKILL' }, 'its parent; the daemon has its output open until it ends')
  t.equal(daemon.lines('audispd ended', 'exitStatus=0').length, 1)
  t.same(daemon.lines(' error '), [])
  t.ok(place.read('plugin').equals(textOf(1, 20_000)))
})

void t.test('what is unread or waits when the time is up is dropped, counted and told', async (t) => {
  const place = new Place(t, 'self_events = no\ndrain_timeout = 100ms\n')
  place.tee('healthy')
  place.tee('stopped', ['stop_timeout = 100ms'])
  const daemon = new Daemon(t, place)
  await daemon.running('healthy', 'stopped')
  await daemon.stopPlugin('stopped')
  await daemon.write(frames(1, 3000))
  t.match(await daemon.finish(), { code: 0 })
  t.equal(daemon.lines(' warn ', 'time is up', 'stopped').length, 1)
  t.match(daemon.ledger('stopped'), { in: 3000, delivered: 0, dropped: 3000, queued: 0, balanced: true })
  t.equal(daemon.ledger('stopped').fields['dropped.stopped'], '3000', 'also what lay in its pipe')
  t.equal(daemon.lines(' warn ', 'plugin=stopped ', 'reason=stopped', 'lost=3000').length, 1)
  t.match(daemon.ledger('healthy'), { in: 3000, delivered: 3000, dropped: 0 })
})

void t.test('the end does not cut off a byte that waits for room in the pipe', async (t) => {
  const place = new Place(t, NO_WAITING)
  // It stops before it reads anything, and reads once it is let go on.
  const script = place.program('waits', `#!/bin/sh\nkill -s STOP $$\nexec ${PERL} ${SPLICER} ${place.path('plugin')}\n`)
  place.dropIn('plugin', [`path = ${script}`, 'restart_delay = 10ms..10ms'])
  const daemon = new Daemon(t, place)
  await daemon.running('plugin')
  await daemon.standsStill('plugin')
  // One byte more than a pipe holds. They come back from a process that is killed, and are then written in one go.
  const sizes = Array.from({ length: 64 }, (_, index) => (index === 63 ? 1024 : 1023))
  const texts = sizes.map((bytes, index) => recordText(index + 1, bytes))
  await daemon.write(Buffer.concat(texts.map((text) => frame(text))))
  let ledger = await daemon.ledgerNow('plugin')
  while (ledger.in < texts.length) ledger = await daemon.ledgerNow('plugin')
  const pid = daemon.pidOf('plugin')
  process.kill(pid, 'SIGKILL')
  await daemon.runningAnew('plugin', pid)
  await daemon.standsStill('plugin')
  daemon.endInput()
  await daemon.says(['input has ended'])
  await daemon.ledgerNow('plugin')
  daemon.signalPlugin('plugin', 'SIGCONT')
  t.match(await daemon.ended(), { code: 0 })
  const expected = Buffer.from(texts.map((text) => `${text}\n`).join(''))
  t.equal(expected.length, PIPE_BYTES + 1)
  t.ok(place.read('plugin').equals(expected), `${place.size('plugin')} bytes`)
  t.match(daemon.ledger('plugin'), { in: 64, delivered: 64, dropped: 0, balanced: true })
})

void t.test('a reload that is asked for while the daemon ends is not begun', async (t) => {
  const place = new Place(t, `${NO_WAITING}name_format = numeric\n`)
  place.plugin('defies', 'defies-its-end.pl', [place.path('defies')], ['stop_timeout = 10m'])
  const daemon = new Daemon(t, place)
  await daemon.until(() => place.size('defies') > 0, 'it is ready')
  daemon.endInput()
  await daemon.says(['input has ended'])
  place.tee('late')
  daemon.signal('SIGHUP')
  await daemon.says(['ending', 'reload'])
  for (let round = 0; round < 2; round++) daemon.signal('SIGTERM')
  process.kill(daemon.pidOf('defies'), 'SIGKILL')
  t.match(await daemon.ended(), { code: 0 })
  t.same(daemon.lines('plugin=late'), [])
})

void t.test('a reload in the very moment of the end', async (t) => {
  for (let round = 0; round < 5; round++) {
    const place = new Place(t, 'self_events = no\nname_format = numeric\nwatch = yes\n')
    place.tee('plugin')
    const daemon = new Daemon(t, place)
    await daemon.running('plugin')
    place.tee('plugin', ['q_depth = wrong'])
    daemon.signal('SIGHUP')
    await daemon.says([' error ', 'q_depth'])
    t.match(await daemon.finish(), { code: 0 })
  }
})

void t.test('exit status 64: a command line that cannot be understood', async (t) => {
  const place = new Place(t)
  for (const args of [['--no-such'], ['stray'], ['--input', 'csv'], ['--check', '--dry-run'], ['--run-dir']]) {
    const { status, out, err } = runToEnd(args)
    t.equal(status, 64, args.join(' '))
    t.match(err, /^audispd: .+\n\nUsage: audispd /)
    t.equal(out, '')
  }
  t.equal(place.size('run'), 0)
})

void t.test('exit status 65: input that cannot be read', async (t) => {
  for (const [bytes, said] of [
    [Buffer.alloc(100, 0xfe), ''],
    [Buffer.alloc(1024 * 1024 + 100_000, 0xfe), 'nothing that can be believed for too long'],
  ] as const) {
    const place = new Place(t)
    place.tee('plugin')
    const daemon = new Daemon(t, place)
    void daemon.write(bytes)
    // Of the long one the end is not waited for.
    if (said === '') daemon.endInput()
    t.match(await daemon.ended(), { code: 65 }, `${bytes.length} bytes`)
    t.equal(daemon.lines('unknown-version').length, 1, 'said once')
    if (said !== '') t.equal(daemon.lines(said).length, 1)
    t.match(daemon.ledger('plugin'), { in: 0, balanced: true })
  }
})

void t.test('exit status 71: what the system does not give', async (t) => {
  const place = new Place(t)
  writeFileSync(place.path('file'), '')
  for (const dir of [
    place.path('file'),
    place.path('file/below'),
    '/proc/audispd',
    '/dev/null/run',
    '/proc/self/x/y',
  ]) {
    const { status, err } = runToEnd(['-c', place.dir, '--run-dir', dir])
    t.equal(status, 71, dir)
    t.match(err, /audispd: .*(ENOTDIR|EEXIST|ENOENT|EACCES|EPERM|not a directory)/)
  }
})

void t.test('exit status 78: a configuration that cannot be used', async (t) => {
  const place = new Place(t, 'q_depth = many\nlog_levle = info\n')
  place.tee('plugin')
  const conf = place.path('audispd.conf')
  const broken = runToEnd(argsAt(place))
  t.equal(broken.status, 78)
  t.match(broken.err, `${conf}:1: q_depth: `)
  t.match(broken.err, new RegExp(`${conf}:2: log_levle: .*log_level`), 'all mistakes at once')
  place.settings('')
  const unknown = runToEnd([...argsAt(place), '--only', 'plugni'])
  t.equal(unknown.status, 78)
  t.match(unknown.err, /there is no drop-in 'plugni' in .* \(did you mean 'plugin'\?\)/)
  t.equal(place.size('plugin'), 0, 'nothing was started')
})

void t.test('exit status 0: help, version, and a configuration that is in order', async (t) => {
  t.match(runToEnd(['--help']), { status: 0, out: /^Usage: audispd /, err: /^$/ })
  t.match(runToEnd(['--version']), { status: 0, out: /^audispd \d+\.\d+\.\d+\n$/, err: /^$/ })
  const place = new Place(t)
  place.tee('plugin')
  place.dropIn('off', ['active = no'])
  writeFileSync(place.dropInPath('off'), 'active = no\n')
  const good = runToEnd(['-c', place.dir, '--check'])
  t.match(good, { status: 0, err: /^$/ })
  t.match(good.out, /^NAME .*\noff +inactive .*\nplugin +active +string +\/usr\/bin\/perl\n0 errors, 0 warnings\n$/)
  place.tee('plugin', ['fromat = binary', 'q_depth = 0'])
  const bad = runToEnd(['-c', place.dir, '--check'])
  t.equal(bad.status, 78)
  t.match(bad.out, new RegExp(`plugin +invalid .*\\n.*${place.dropInPath('plugin')}:4: fromat: .*format`))
  t.match(bad.out, /\n2 errors, 0 warnings\n$/)
  const { status, out } = runToEnd(['-c', place.dir, '--check', '--json'])
  t.equal(status, 78)
  const wanted = [
    { line: 4, key: 'fromat' },
    { line: 5, key: 'q_depth' },
  ]
  t.match(JSON.parse(out), {
    ok: false,
    dropIns: [
      { name: 'off', state: 'inactive' },
      { name: 'plugin', problems: wanted },
    ],
  })
  t.equal(place.size('plugin') + place.size('run'), 0, 'nothing was started')
})

void t.test('--only runs what it names, whatever else is active', async (t) => {
  const place = new Place(t)
  place.tee('active')
  place.tee('named')
  writeFileSync(place.dropInPath('named'), place.read('audispd.d/named.conf').toString().replace('yes', 'no'))
  const daemon = new Daemon(t, place, { args: ['--only', 'named'] })
  await daemon.write(frames(1, 10))
  t.match(await daemon.finish(), { code: 0 })
  t.ok(place.read('named').equals(textOf(1, 10)))
  t.equal(place.size('active'), 0)
})

void t.test('log = file: is opened anew at SIGHUP, and no line is lost by that', async (t) => {
  const place = new Place(t)
  place.settings(`self_events = no\nlog = file:${place.path('log')}\n`)
  place.tee('plugin')
  const daemon = new Daemon(t, place)
  const linesOf = (name: string, word: string): number => place.read(name).toString().split(word).length - 1
  await until(
    () => linesOf('log', 'plugin started') === 1,
    () => 'the log is written',
  )
  for (let round = 1; round <= 3; round++) {
    renameSync(place.path('log'), place.path(`log.${round}`))
    daemon.signal('SIGHUP')
    await until(
      () => linesOf('log', 'change=kept') === 1,
      () => `reload ${round} stands in the new file`,
    )
  }
  t.match(await daemon.finish(), { code: 0 })
  t.equal(linesOf('log.1', 'plugin started'), 1)
  t.equal(linesOf('log', 'audispd ended exitStatus=0'), 1, 'the last line is out before the end')
  t.equal(daemon.log, '', 'nothing goes to stderr')
})

/** A pipe that is full, its writing end for the daemon. */
function fullPipe(t: Test, place: Place): { reader: number; writer: number } {
  const path = place.fifo('stderr')
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
  t.teardown(() => {
    for (const fd of [reader, writer]) closeSync(fd)
  })
  try {
    for (;;) writeSync(writer, Buffer.alloc(1024, 0x0a))
  } catch {
    // EAGAIN: now it is full.
  }
  return { reader, writer }
}

/** Reads what is there now. */
function readNow(fd: number): string {
  const chunk = Buffer.alloc(PIPE_BYTES)
  try {
    return chunk.toString('latin1', 0, readSync(fd, chunk))
  } catch {
    // EAGAIN: nothing.
    return ''
  }
}

void t.test('a stderr that nobody reads holds up nothing', async (t) => {
  await t.test('neither records nor the end', async (t) => {
    const place = new Place(t)
    place.tee('plugin')
    const { writer } = fullPipe(t, place)
    const daemon = new Daemon(t, place, { stderr: writer })
    for (let n = 1; n <= 200; n++) {
      await daemon.write(frames(n, n))
      // The first that comes through tells that the daemon is there to take signals.
      await daemon.has('plugin', LINE_BYTES)
      daemon.signal('SIGUSR1')
    }
    await daemon.has('plugin', 200 * LINE_BYTES)
    t.match(await daemon.finish(), { code: 0 })
    t.ok(place.read('plugin').equals(textOf(1, 200)))
  })
  await t.test('once it is read again, the log says how much is missing', async (t) => {
    const place = new Place(t)
    const plugins = range(1, 10).map((n) => `plugin${n}`)
    for (const name of plugins) place.tee(name)
    const { reader, writer } = fullPipe(t, place)
    const daemon = new Daemon(t, place, { stderr: writer })
    // Each round is a dozen lines; a record that has come through tells that the signal before it was served.
    for (let n = 1; n <= 100; n++) {
      await daemon.write(frames(n, n))
      await daemon.has('plugin1', n * LINE_BYTES)
      daemon.signal('SIGUSR1')
    }
    let log = ''
    await until(
      () => {
        log += readNow(reader)
        daemon.signal('SIGUSR1')
        return /log lines dropped: nobody read them lines=\d+\n/.test(log)
      },
      () => `the log says so: ${log.slice(-500)}`,
    )
    daemon.endInput()
    await until(
      () => {
        log += readNow(reader)
        return daemon.hasEnded
      },
      () => 'the end',
    )
    log += readNow(reader)
    t.match(await daemon.ended(), { code: 0 })
    t.match(log, /audispd ended exitStatus=0\n$/)
  })
  await t.test('nor one whose reader has gone', async (t) => {
    const place = new Place(t)
    place.tee('plugin')
    const path = place.fifo('stderr')
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const writer = openSync(path, constants.O_WRONLY)
    closeSync(reader)
    const daemon = new Daemon(t, place, { stderr: writer })
    closeSync(writer)
    await daemon.write(frames(1, 100))
    t.match(await daemon.finish(), { code: 0 })
    t.ok(place.read('plugin').equals(textOf(1, 100)))
  })
})
