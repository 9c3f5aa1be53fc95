// Reloads of a running daemon: who stays misses nothing, who changes loses nothing, mistakes touch nobody else, and no
// request is lost.

import { renameSync } from 'node:fs'
import t from 'tap'
import { argsAt, Daemon, isAlive, runToEnd } from './daemon.js'
import { Place } from './place.js'
import { frames, parted, range, serialsIn, textOf } from './records.js'

const RECORDS = 200_000
const RECORD_BYTES = 80
const CHUNK = 4000
/** What is asked of the queues of plugins that are to have everything, however busy the machine is. */
const ROOMY = 'q_depth = 10000000\nq_bytes = 4G\ndrain_timeout = 60s\n'

/** Waits until a reload has said of a plugin what it does with it, for the `count`th time. */
async function change(daemon: Daemon, name: string, what: string, count = 1): Promise<void> {
  await daemon.says([`plugin=${name} `, `change=${what}`], count)
}

/** Reloads, and waits until it has been carried out for `name`, whatever it does. */
async function reload(daemon: Daemon, name: string): Promise<string> {
  const known = daemon.lines(`plugin=${name} `, 'change=').length
  daemon.signal('SIGHUP')
  return (await daemon.says([`plugin=${name} `, 'change='], known + 1)).at(-1) ?? ''
}

/** What --dry-run says of the daemon at this place. */
function dryRun(place: Place, ...more: readonly string[]): { status: number | null; out: string } {
  return runToEnd([...argsAt(place), '--dry-run', ...more])
}

void t.test('one added, one removed, one changed, one broken, while records pass', async (t) => {
  const place = new Place(t, `self_events = no\n${ROOMY}`)
  const stay = ['p0', 'p1', 'p2', 'p3', 'p4', 'p5']
  const binary = new Set(['p5'])
  for (const name of [...stay, 'changed', 'broken', 'removed']) {
    place.tee(name, binary.has(name) ? ['format = binary'] : [])
  }
  place.plugin('told', 'tells-signals.pl', [place.path('told')])
  const daemon = new Daemon(t, place)
  await daemon.running(...stay, 'told', 'changed', 'broken', 'removed')
  // It heeds signals from then on.
  await daemon.has('told', 'ready\n'.length)
  const pids = stay.map((name) => daemon.pidOf(name))
  const old = daemon.pidOf('changed')
  for (let sent = 0; sent < RECORDS; sent += CHUNK) {
    if (sent === 20 * CHUNK) {
      place.tee('added')
      place.tee('changed', ['q_depth = 9999999'])
      place.dropIn('broken', ['path = /bin/cat', 'formt = string'])
      place.removeDropIn('removed')
      daemon.signal('SIGHUP')
    }
    await daemon.write(frames(sent + 1, sent + CHUNK, RECORD_BYTES))
  }
  await change(daemon, 'added', 'started', 1)
  t.match(await daemon.finish(), { code: 0 })

  const kept = Object.fromEntries([...stay, 'told'].map((name) => [name, 'kept']))
  const said = { ...kept, changed: 'restarted', removed: 'stopped', broken: 'invalid' }
  for (const [name, what] of Object.entries(said)) {
    t.equal(daemon.lines(`plugin=${name} `, `change=${what}`).length, 1, `${name}: ${what}`)
  }
  t.same(
    stay.map((name) => daemon.pidOf(name)),
    pids,
    'who stays keeps its process',
  )
  const everything = textOf(1, RECORDS, RECORD_BYTES)
  for (const name of stay) {
    const expected = binary.has(name) ? frames(1, RECORDS, RECORD_BYTES) : everything
    t.ok(place.read(name).equals(expected), `${name}: misses nothing, byte for byte`)
    t.match(daemon.ledger(name), { in: RECORDS, delivered: RECORDS, balanced: true })
    t.equal(daemon.ledger(name).fields['restarts'], '0')
  }
  t.not(daemon.pidOf('changed'), old)
  t.same(serialsIn(place.read('changed')).serials, range(1, RECORDS), 'who is changed loses nothing over its restart')
  const added = serialsIn(place.read('added'))
  t.same(added, { serials: range(RECORDS - added.serials.length + 1, RECORDS), torn: [] }, 'who is added has the rest')
  for (const name of ['removed', 'broken']) {
    const { serials } = serialsIn(place.read(name))
    t.same(serials, range(1, serials.length), `${name}: what came before, from its beginning`)
    const ledger = daemon.ledger(name)
    t.equal(ledger.in, ledger.delivered + ledger.dropped)
    t.equal(ledger.delivered, serials.length)
    t.equal(
      daemon.lines(`plugin=${name} `, 'reason=stopped', `lost=${ledger.dropped}`).length,
      ledger.dropped > 0 ? 1 : 0,
    )
  }
  t.match(place.read('told').toString(), /^ready\nHUP\nend of input\n$/)
})

void t.test('what a changed plugin has not read when it must go is for its next process', async (t) => {
  const place = new Place(t)
  place.tee('changed')
  const daemon = new Daemon(t, place)
  await daemon.running('changed')
  const old = daemon.pidOf('changed')
  await daemon.stopPlugin('changed')
  await daemon.write(frames(1, 5000))
  place.tee('changed', ['stop_timeout = 60s'])
  await reload(daemon, 'changed')
  t.ok(isAlive(old), 'the old process is waited for')
  await daemon.write(frames(5001, 6000))
  t.equal(daemon.pidOf('changed'), old, 'and no other is started beside it')
  daemon.wakePlugin('changed')
  await daemon.runningAnew('changed', old)
  t.match(await daemon.finish(), { code: 0 })
  t.same(serialsIn(place.read('changed')).serials, range(1, 6000), 'each once and in order')
  t.match(daemon.ledger('changed'), { in: 6000, delivered: 6000, dropped: 0, balanced: true })
})

void t.test('another format: the old process reads out lines, the new one begins with frames', async (t) => {
  const place = new Place(t)
  place.tee('plugin')
  const daemon = new Daemon(t, place)
  await daemon.running('plugin')
  const old = daemon.pidOf('plugin')
  await daemon.write(frames(1, 300))
  await daemon.has('plugin', textOf(1, 300).length)
  place.tee('plugin', ['format = binary'])
  await reload(daemon, 'plugin')
  await daemon.write(frames(301, 600))
  await daemon.runningAnew('plugin', old)
  t.match(await daemon.finish(), { code: 0 })
  t.ok(place.read('plugin').equals(Buffer.concat([textOf(1, 300), frames(301, 600)])))
})

void t.test('a burst of SIGHUP is one reload', async (t) => {
  const place = new Place(t)
  place.tee('plugin')
  const daemon = new Daemon(t, place)
  await daemon.running('plugin')
  for (let burst = 0; burst < 30; burst++) daemon.signal('SIGHUP')
  await change(daemon, 'plugin', 'kept')
  place.tee('plugin', ['q_depth = 7'])
  daemon.signal('SIGHUP')
  await change(daemon, 'plugin', 'restarted')
  // One, unless the machine stands still in the midst of them; what comes after that is another burst.
  t.ok(daemon.lines('change=kept').length <= 3)
  t.match(await daemon.finish(), { code: 0 })
})

void t.test('a SIGHUP that comes while a reload is going on is not lost', async (t) => {
  // Looking up the name takes a process, so that a reload lasts for some milliseconds, from what it says of the drop-ins
  // that it has read to what it does with them.
  const place = new Place(t, 'self_events = no\nname_format = numeric\n')
  place.tee('plugin')
  const daemon = new Daemon(t, place)
  await daemon.running('plugin')
  for (let round = 1; round <= 8; round++) {
    for (const time of ['first', 'second']) {
      place.tee('plugin', [`q_depth = ${time}-${round}`])
      daemon.signal('SIGHUP')
      await daemon.says([' error ', 'q_depth', `${time}-${round}`])
    }
  }
  await change(daemon, 'plugin', 'invalid', 16)
  t.match(await daemon.finish(), { code: 0 })
})

void t.test('a broken file touches its own plugin alone, and the log says where', async (t) => {
  const place = new Place(t)
  place.tee('healthy')
  place.tee('broken')
  const daemon = new Daemon(t, place)
  await daemon.running('healthy', 'broken')
  const pid = daemon.pidOf('healthy')
  place.tee('broken', ['q_depth = none at all', '', 'sbscribe = type=PATH'])
  await reload(daemon, 'broken')
  const file = place.dropInPath('broken')
  t.equal(daemon.lines(' error ', `${file}:4: q_depth: `).length, 1, 'file, line, key')
  t.equal(daemon.lines(' error ', `${file}:6: sbscribe: `, 'subscribe').length, 1, 'every mistake, with what was meant')
  t.match(daemon.lines('plugin=broken ', 'change=invalid'), [/mistakes; this plugin does not run/])
  await daemon.says(['plugin stopped', 'plugin=broken'])
  await daemon.write(frames(1, 100))
  await daemon.has('healthy', textOf(1, 100).length)
  place.tee('broken')
  t.match(await reload(daemon, 'broken'), /change=started/, 'mended, it runs again')
  await daemon.says(['plugin started', 'plugin=broken '], 2)
  await daemon.write(frames(101, 200))
  t.match(await daemon.finish(), { code: 0 })
  t.equal(daemon.pidOf('healthy'), pid)
  t.ok(place.read('healthy').equals(textOf(1, 200)))
  t.ok(place.read('broken').equals(textOf(101, 200)))
})

void t.test('a broken audispd.conf changes nothing', async (t) => {
  const place = new Place(t, 'self_events = yes\n')
  place.tee('one')
  place.tee('two')
  const daemon = new Daemon(t, place)
  await daemon.running('one', 'two')
  const pids = ['one', 'two'].map((name) => daemon.pidOf(name))
  place.settings('self_events = yes\nq_depht = 7\n')
  place.removeDropIn('two')
  daemon.signal('SIGHUP')
  await daemon.says(['reload refused'])
  t.equal(daemon.lines(' error ', `${place.path('audispd.conf')}:2: q_depht: `, 'q_depth').length, 1)
  await daemon.write(frames(1, 100))
  place.settings('self_events = yes\n')
  await reload(daemon, 'two')
  t.match(await daemon.finish(), { code: 0 })
  t.equal(daemon.pidOf('one'), pids[0])
  t.equal(daemon.pidOf('two'), pids[1])
  const { own, others } = parted(place.read('two'))
  t.ok(others.equals(textOf(1, 100)), 'the one that was to go has had what came until the next reload')
  t.ok(own.includes('op=dispatcher-reload reason=configuration res=failed'), 'and that it failed is told')
  t.ok(parted(place.read('one')).own.includes('op=dispatcher-reload plugins=one:kept,two:stopped res=success'))
})

void t.test('a program replaced on disk is restarted, also when nothing else changes', async (t) => {
  const place = new Place(t)
  const text = (generation: string): string =>
    `#!/bin/sh\necho ${generation} >>${place.path('generations')}\nexec /bin/cat >>${place.path('read')}\n`
  const program = place.program('program', text('first'))
  place.dropIn('plugin', [`path = ${program}`])
  place.tee('other')
  const daemon = new Daemon(t, place)
  await daemon.running('plugin', 'other')
  const [old, other] = [daemon.pidOf('plugin'), daemon.pidOf('other')]
  t.match(await reload(daemon, 'plugin'), /change=kept/)
  renameSync(place.program('program.new', text('second')), program)
  t.match(await reload(daemon, 'plugin'), /change=restarted/)
  await daemon.runningAnew('plugin', old)
  await daemon.write(frames(1, 10))
  t.match(await daemon.finish(), { code: 0 })
  t.equal(daemon.pidOf('other'), other)
  t.equal(place.read('generations').toString(), 'first\nsecond\n')
  t.ok(place.read('read').equals(textOf(1, 10)))
})

void t.test('who stays gets SIGHUP, and one that knows no signal survives it', async (t) => {
  const place = new Place(t)
  place.plugin('string', 'tells-signals.pl', [place.path('string')])
  place.plugin('binary', 'tells-signals.pl', [place.path('binary')], ['format = binary'])
  place.dropIn('shell', ['path = /bin/sh', `args = -c "while read -r line; do echo x; done >>${place.path('shell')}"`])
  place.dropIn('perl', ['path = /usr/bin/perl', 'args = -e "1 while <STDIN>"'])
  const daemon = new Daemon(t, place)
  const names = ['string', 'binary', 'shell', 'perl']
  await daemon.running(...names)
  const pids = names.map((name) => daemon.pidOf(name))
  for (const name of ['string', 'binary']) await daemon.until(() => place.size(name) > 0, `${name} is ready`)
  for (let round = 1; round <= 3; round++) {
    await reload(daemon, 'string')
    for (const name of ['string', 'binary']) {
      const hups = (): number => place.read(name).toString().split('HUP').length - 1
      await daemon.until(() => hups() === round, `${name} is told of reload ${round}`)
    }
  }
  await daemon.write(frames(1, 10))
  t.match(await daemon.finish(), { code: 0 })
  t.same(
    names.map((name) => daemon.pidOf(name)),
    pids,
  )
  t.same(daemon.lines('plugin died'), [])
  t.equal(place.read('shell').toString(), 'x\n'.repeat(10))
})

void t.test('watch = yes: what changes on disk is noticed by itself', async (t) => {
  const place = new Place(t, 'self_events = no\nwatch = yes\n')
  place.tee('stays')
  const daemon = new Daemon(t, place)
  await daemon.running('stays')
  place.tee('other')
  await change(daemon, 'other', 'started')
  await daemon.running('other')
  const old = daemon.pidOf('other')
  place.tee('other', ['q_depth = 5000'])
  await change(daemon, 'other', 'restarted')
  await daemon.runningAnew('other', old)
  place.dropIn('other', ['active = no'])
  await change(daemon, 'other', 'stopped')
  place.tee('other')
  await change(daemon, 'other', 'started', 2)
  place.removeDropIn('other')
  await change(daemon, 'other', 'stopped', 2)
  await daemon.write(frames(1, 10))
  t.match(await daemon.finish(), { code: 0 })
  t.ok(place.read('stays').equals(textOf(1, 10)))
  t.equal(daemon.ledger('stays').fields['restarts'], '0')
})

void t.test('a failed plugin stays failed unless it is changed', async (t) => {
  const place = new Place(t)
  const program = (text: string): string => place.program('program', `#!/bin/sh\n${text}\n`)
  place.dropIn('drop-in', [`path = ${program('exit 78')}`])
  place.dropIn('program', [`path = ${place.path('program')}`])
  const daemon = new Daemon(t, place)
  const failed = async (name: string, count: number): Promise<void> => {
    await daemon.says(['plugin failed', `plugin=${name} `], count)
  }
  await failed('drop-in', 1)
  await failed('program', 1)
  t.match(await reload(daemon, 'drop-in'), /change=kept/)
  place.dropIn('drop-in', [`path = ${place.path('program')}`, 'q_depth = 9'])
  t.match(await reload(daemon, 'drop-in'), /change=restarted/)
  await failed('drop-in', 2)
  t.equal(daemon.lines('plugin started', 'plugin=program ').length, 1, 'the one left as it was is not tried again')
  program('exec /bin/cat >/dev/null')
  await reload(daemon, 'program')
  await daemon.says(['plugin started', 'plugin=drop-in '], 3)
  await daemon.says(['plugin started', 'plugin=program '], 2)
  await daemon.write(frames(1, 10))
  t.match(await daemon.finish(), { code: 0 })
  t.match(daemon.ledger('program'), { in: 10, delivered: 10, balanced: true })
})

void t.test('--dry-run says what a reload would do, and does nothing', async (t) => {
  const place = new Place(t)
  for (const name of ['keeps', 'changes', 'breaks', 'goes']) place.tee(name)
  t.match(dryRun(place), { status: 0, out: /^no audispd runs with .*\n {2}breaks: started\n/ }, 'no daemon yet')
  const daemon = new Daemon(t, place)
  await daemon.running('keeps', 'changes', 'breaks', 'goes')
  t.match(dryRun(place), { status: 0, out: /\n {2}changes: kept\n/ })
  place.tee('changes', ['q_depth = 3'])
  place.tee('comes')
  place.tee('breaks', ['q_depth = -3'])
  place.removeDropIn('goes')
  const { status, out } = dryRun(place)
  const wanted = { breaks: 'invalid', changes: 'restarted', comes: 'started', goes: 'stopped', keeps: 'kept' }
  const listed = Object.entries(wanted).map(([name, what]) => `  ${name}: ${what}\n`)
  t.equal(out.slice(out.indexOf('\n') + 1), listed.join(''))
  t.equal(status, 78, 'as one of them cannot be used')
  t.same(JSON.parse(dryRun(place, '--json').out), {
    running: true,
    changes: Object.entries(wanted).map(([name, what]) => ({ name, change: what })),
  })
  await daemon.ledgerNow('goes')
  t.equal(daemon.lines('change=').length, 4, 'nothing was done')
  daemon.signal('SIGHUP')
  for (const [name, what] of Object.entries(wanted)) await change(daemon, name, what)
  t.match(dryRun(place), { status: 78, out: /: invalid\n {2}changes: kept\n {2}comes: kept\n {2}keeps: kept\n$/ })
  t.match(await daemon.finish(), { code: 0 })
})
