// Every exit status of the daemon, and what it does without staying.

import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { argsAt, Daemon, runToEnd } from './daemon.js'
import { Place } from './place.js'
import { frames, textOf } from './records.js'

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

void t.test('exit status 71: the reason is told, and stands in the log if that is a file', async (t) => {
  const place = new Place(t)
  const log = place.path('log')
  mkdirSync(place.path('open'))
  chmodSync(place.path('open'), 0o777)
  for (const file of [log, '/dev/full']) {
    place.settings(`log = file:${file}\n`)
    const { status, err } = runToEnd(['-c', place.dir, '--run-dir', place.path('open')])
    t.equal(status, 71, file)
    t.match(err, /^audispd: Error: .*\/open may be written by others; give another by --run-dir\n$/)
  }
  t.match(place.read('log').toString(), /^\S+ fatal audispd cannot go on error=".*\/open may be written by others/)
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
