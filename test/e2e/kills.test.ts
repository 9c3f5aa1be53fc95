// A plugin killed again and again in mid-stream: nothing that it had not read is missing, nothing that it had read whole
// comes twice. The plugin splices its stdin into a file inside the kernel, so the file is exactly what was read.

import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import t from 'tap'
import { Daemon, isAlive } from './daemon.js'
import { PERL, Place } from './place.js'
import { frames, serialsIn } from './records.js'

const KILLS = 100
/** Records written before and after each kill: several times what a FIFO holds. */
const BURST = 1500
/** A record of records.ts with its LF. */
const RECORD_BYTES = 121
const SPLICER = resolve('test/fixtures/plugins/splices-to-file.pl')
const RESTARTS = ['restart_delay = 10ms..10ms', 'max_restarts = 0']

void t.test('killed a hundred times under load, each record is read exactly once', async (t) => {
  const place = new Place(t)
  for (const name of ['one', 'two']) {
    place.dropIn(name, [`path = ${PERL}`, `args = ${SPLICER} ${place.path(name)}`, ...RESTARTS])
  }
  const daemon = new Daemon(t, place)
  await daemon.running('one', 'two')
  let sent = 0
  for (let kill = 1; kill <= KILLS; kill++) {
    const name = kill % 2 === 0 ? 'one' : 'two'
    await daemon.running(name)
    const pid = daemon.pidOf(name)
    // Every third process is stopped first, so that its FIFO is full of what it will never read; the others are killed
    // between two pieces of a large write, at an instant of the kernel's choosing.
    if (kill % 3 === 0) process.kill(pid, 'SIGSTOP')
    await daemon.write(frames(sent + 1, sent + BURST))
    process.kill(pid, 'SIGKILL')
    await daemon.write(frames(sent + BURST + 1, sent + 2 * BURST))
    sent += 2 * BURST
    await daemon.until(() => daemon.pidOf(name) !== pid, `${name} runs again after death ${kill}`)
  }
  daemon.endInput()
  t.match(await daemon.ended(), { code: 0 })
  for (const name of ['one', 'two']) {
    const { serials, torn } = serialsIn(place.read(name))
    t.equal(serials.length, sent, `${name}: every record`)
    t.ok(
      serials.every((serial, i) => serial === i + 1),
      `${name}: in order, none twice`,
    )
    t.ok(torn.length <= KILLS / 2, `${name}: at most one was begun at each death (${torn.length})`)
    t.match(daemon.ledger(name), { in: sent, delivered: sent, dropped: 0, queued: 0 })
    t.equal(daemon.ledger(name).fields['balanced'], 'true')
    t.equal(Number(daemon.ledger(name).fields['restarts']), KILLS / 2)
  }
})

void t.test('a record half read at a death comes again, whole and once', async (t) => {
  const place = new Place(t)
  place.dropIn('half', [`path = ${PERL}`, `args = ${SPLICER} ${place.path('half')}`, ...RESTARTS])
  const total = 20_000
  // Prime sizes, so that the process stops within a record, at another place in it each time.
  const limits = [7919, 1, 120, 122, 65_537, 15_013, 2, 99_991]
  // A process looks at it as it starts.
  writeFileSync(place.path('half.limit'), String(limits[0]))
  const daemon = new Daemon(t, place)
  const taken: number[] = []
  let size = 0
  for (const limit of limits) {
    if (taken.length === 0) {
      await daemon.running('half')
      await daemon.write(frames(1, total))
    } else {
      writeFileSync(place.path('half.limit'), String(limit))
      const pid = daemon.pidOf('half')
      process.kill(pid, 'SIGKILL')
      await daemon.runningAnew('half', pid)
    }
    size += limit
    await daemon.until(() => place.size('half') === size, `a process has taken its ${limit} bytes`)
    taken.push(limit)
  }
  rmSync(place.path('half.limit'))
  process.kill(daemon.pidOf('half'), 'SIGKILL')
  daemon.endInput()
  t.match(await daemon.ended(), { code: 0 })
  const { serials } = serialsIn(place.read('half'))
  t.equal(serials.length, total)
  t.ok(serials.every((serial, i) => serial === i + 1))
  const begun = taken.reduce((sum, bytes) => sum + (bytes % RECORD_BYTES), 0)
  t.equal(
    place.read('half').length,
    total * RECORD_BYTES + begun,
    'and nothing else but the beginnings that were taken',
  )
  t.match(daemon.ledger('half'), { in: total, delivered: total, dropped: 0, queued: 0 })
})

void t.test('a grandchild that reads on is ended, and takes nothing away', async (t) => {
  const place = new Place(t)
  // The shell is the plugin; what reads is its child, in its group or, by setsid, out of it.
  for (const [name, launch] of [
    ['group', ''],
    ['session', '/usr/bin/setsid '],
  ] as const) {
    const script = place.path(`${name}.sh`)
    writeFileSync(script, `#!/bin/sh\nexec 3<&0\n${launch}${PERL} ${SPLICER} ${place.path(name)} <&3 3<&- &\nwait\n`, {
      mode: 0o755,
    })
    place.dropIn(name, [`path = ${script}`, ...RESTARTS])
  }
  const daemon = new Daemon(t, place)
  let sent = 0
  for (let kill = 0; kill < 8; kill++) {
    for (const name of ['group', 'session']) {
      await daemon.running(name)
      const pid = daemon.pidOf(name)
      // Killed only once the grandchild reads: until then the shell alone has the FIFO.
      await daemon.write(frames(sent + 1, sent + 100))
      sent += 100
      await daemon.until(() => place.size(name) > 0, `${name} reads`)
      const writing = daemon.write(frames(sent + 1, sent + BURST))
      process.kill(pid, 'SIGKILL')
      await writing
      sent += BURST
      await daemon.until(() => daemon.pidOf(name) !== pid, `${name} runs again`)
    }
  }
  daemon.endInput()
  t.match(await daemon.ended(), { code: 0 })
  for (const name of ['group', 'session']) {
    const { serials } = serialsIn(place.read(name))
    t.equal(serials.length, sent, `${name}: every record`)
    t.ok(
      serials.every((serial, i) => serial === i + 1),
      `${name}: in order, none twice`,
    )
    t.match(daemon.ledger(name), { in: sent, delivered: sent, dropped: 0 })
  }
})

void t.test('the daemon killed and started again leaves no plugin of the old one', async (t) => {
  const place = new Place(t)
  place.dropIn('reader', [`path = ${PERL}`, `args = ${SPLICER} ${place.path('reader')}`])
  // It ignores the end of its input and SIGTERM alike.
  place.plugin('deaf', 'ignores-everything.js', [], ['stop_timeout = 1s'])
  const first = new Daemon(t, place)
  await first.running('reader', 'deaf')
  await first.write(frames(1, 1000))
  await first.until(() => serialsIn(place.read('reader')).serials.length === 1000, 'the reader has everything')
  const old = [first.pidOf('reader'), first.pidOf('deaf')]
  process.kill(first.pid, 'SIGKILL')
  await first.ended()
  const second = new Daemon(t, place)
  await second.running('reader', 'deaf')
  t.same(old.filter(isAlive), [], 'the old ones are gone when the new ones run')
  await second.write(frames(1001, 2000))
  second.endInput()
  t.match(await second.ended(), { code: 0 })
  const { serials, torn } = serialsIn(place.read('reader'))
  t.equal(serials.length, 2000)
  t.same(torn, [])
  t.equal(readdirSync(place.path('run')).length, 0, 'and the run directory is empty')
})
