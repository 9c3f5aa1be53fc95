// How the daemon ends, and what becomes of the records that are on their way then.

import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import t from 'tap'
import { Daemon, isAlive } from './daemon.js'
import { PERL, Place } from './place.js'
import { frame, frames, range, recordText, serialsIn, textOf } from './records.js'

const LINE_BYTES = 121
const SPLICER = resolve('test/fixtures/plugins/splices-to-file.pl')
const FEEDER = resolve('test/fixtures/launchers/feeds-and-stays.pl')
const NO_WAITING = 'self_events = no\ndrain_timeout = 1h\n'
const PIPE_BYTES = 64 * 1024

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

void t.test('SIGTERM without the end of input: ends when the time is up', async (t) => {
  const place = new Place(t, 'self_events = no\ndrain_timeout = 300ms\n')
  place.tee('plugin')
  const daemon = new Daemon(t, place)
  await daemon.write(frames(1, 1000))
  await daemon.has('plugin', 1000 * LINE_BYTES)
  daemon.signal('SIGTERM')
  await daemon.says(['asked to stop; reading on'])
  let sent = 1000
  await daemon.doUntil(
    () => daemon.hasEnded,
    'its end',
    async () => {
      await daemon.write(frames(sent + 1, sent + 50))
      sent += 50
    },
  )
  t.match(await daemon.ended(), { code: 0 })
  const { serials, torn } = serialsIn(place.read('plugin'))
  t.ok(torn.length <= 1, 'when the time is up a record may have been begun; it counts as dropped')
  t.same(serials, range(1, serials.length), 'what was delivered came in order')
  t.ok(serials.length >= 1000)
  const { dropped, ...ledger } = daemon.ledger('plugin')
  t.match(ledger, { in: serials.length + dropped, delivered: serials.length, queued: 0, balanced: true })
})

void t.test('SIGTERM, and then the end of input: reads on till then, and ends without waiting', async (t) => {
  const place = new Place(t, NO_WAITING)
  place.tee('plugin')
  const daemon = new Daemon(t, place)
  await daemon.running('plugin')
  await daemon.write(frames(1, 1000))
  daemon.signal('SIGTERM')
  await daemon.says(['asked to stop'])
  await daemon.write(frames(1001, 2000))
  await daemon.has('plugin', 2000 * LINE_BYTES)
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
    process.kill(-pid, 'SIGCONT')
    await daemon.runningAnew('plugin', pid)
    await daemon.stopPlugin('plugin')
  }
  daemon.wakePlugin('plugin')
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
  await daemon.has('healthy', 3000 * LINE_BYTES)
  t.match(await daemon.finish(), { code: 0 })
  t.equal(daemon.lines(' warn ', 'time is up', 'stopped').length, 1)
  t.match(daemon.ledger('stopped'), { in: 3000, delivered: 0, dropped: 3000, queued: 0, balanced: true })
  t.equal(daemon.ledger('stopped').fields['dropped.stopped'], '3000', 'also what lay in its pipe')
  t.equal(daemon.lines(' warn ', 'plugin=stopped ', 'reason=stopped', 'lost=3000').length, 1)
  t.match(daemon.ledger('healthy'), { in: 3000, delivered: 3000, dropped: 0 })
})

void t.test('whoever still reads when the time is up has no torn record', async (t) => {
  for (const format of ['string', 'binary', 'protocol']) {
    const place = new Place(t, 'self_events = no\ndrain_timeout = 100ms\n')
    place.plugin('slow', 'reads-when-told.pl', [place.path('slow')], [`format = ${format}`, 'stop_timeout = 60s'])
    const daemon = new Daemon(t, place)
    await daemon.running('slow')
    // More than a pipe holds, of lengths that never end where a page does.
    await daemon.write(frames(1, 3000, 1237))
    await daemon.ledgerWhen('slow', (ledger) => ledger.in === 3000)
    daemon.signal('SIGTERM')
    daemon.endInput()
    await daemon.says(['time is up'])
    writeFileSync(place.path('slow.go'), '')
    t.match(await daemon.ended(), { code: 0 })
    const given = place.read('slow')
    if (format === 'protocol') {
      t.match(given.toString('latin1'), /^HELLO [^\n]*\n$/, 'nothing but HELLO without READY')
      continue
    }
    const count = Math.floor(given.length / (format === 'string' ? 1238 : 1237 + 16))
    t.ok(count > 0 && count < 3000, `${format}: some of it (${count})`)
    t.ok(given.equals(format === 'string' ? textOf(1, count, 1237) : frames(1, count, 1237)), 'in whole records')
    t.match(daemon.ledger('slow'), { in: 3000, delivered: count, dropped: 3000 - count, balanced: true })
  }
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
  await daemon.ledgerWhen('plugin', (ledger) => ledger.in === texts.length)
  const pid = daemon.pidOf('plugin')
  process.kill(pid, 'SIGKILL')
  await daemon.runningAnew('plugin', pid)
  await daemon.standsStill('plugin')
  daemon.endInput()
  await daemon.says(['input has ended'])
  await daemon.ledgerNow('plugin')
  daemon.wakePlugin('plugin')
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
