// Plugins that die, that cannot be started, that talk, that do not want to end; and what a plugin finds itself in.

import { execFileSync } from 'node:child_process'
import { chmodSync, closeSync, openSync, rmSync } from 'node:fs'
import t from 'tap'
import { Daemon, fieldsOf, isAlive } from './daemon.js'
import { Place } from './place.js'
import { frames, parted, textOf } from './records.js'

const QUICK = 'restart_delay = 10ms..10ms'
const isRoot = process.geteuid?.() === 0
/** Bits of SigIgn. */
const IGNORED = { HUP: 1, INT: 2, PIPE: 13, USR1: 10, USR2: 12 }
const NOT_IGNORED = { QUIT: 3, TERM: 15, CHLD: 17 }
const O_NONBLOCK = 0o4000
const O_ACCMODE = 0o3

function delays(daemon: Daemon, name: string): number[] {
  return daemon.lines('plugin died', `plugin=${name} `).map((line) => Number(fieldsOf(line)['restartInMs']))
}

void t.test('each restart waits longer, up to a longest pause, until there were too many deaths', async (t) => {
  const place = new Place(t, 'self_events = yes\n')
  place.tee('healthy')
  place.plugin('dying', 'dies-at-once.sh', ['3'], ['restart_delay = 10ms..75ms', 'max_restarts = 6'])
  const daemon = new Daemon(t, place)
  const [line = ''] = await daemon.says(['plugin failed', 'plugin=dying '])
  const pauses = delays(daemon, 'dying')
  t.equal(pauses.length, 6)
  for (const [index, longest] of [10, 20, 40, 75, 75, 75].entries()) {
    const pause = pauses[index] ?? 0
    t.ok(
      pause <= longest && pause >= longest * 0.8 - 1,
      `pause ${index + 1} of at most ${longest} ms, less some jitter`,
    )
  }
  t.match(line, /exit status 3: 7 deaths within 600 s, more than max_restarts = 6/)
  t.match(line, 'this plugin does not want to live: 3', 'with its last words')
  t.equal(daemon.lines('plugin died', 'exit status 3', 'does not want to live').length, 6)
  await daemon.until(() => place.read('healthy').includes('op=plugin-failed'), 'it is told')
  t.match(await daemon.finish(), { code: 0 })
  const { own } = parted(place.read('healthy'))
  t.equal(own.filter((text) => text.startsWith('op=plugin-death plugin=dying')).length, 6)
  const failures = own.filter((text) => text.startsWith('op=plugin-failed plugin=dying'))
  t.match(failures, [/ reason="exit status 3: 7 deaths .*" res=failed$/])
  t.equal(own.filter((text) => text.startsWith('op=plugin-start plugin=dying')).length, 7)
  const { state, restarts, balanced } = daemon.ledger('dying').fields
  t.same({ state, restarts, balanced }, { state: 'failed', restarts: '6', balanced: 'true' })
})

void t.test('what waited for a plugin that failed is dropped, counted and told', async (t) => {
  const place = new Place(t)
  place.plugin('dying', 'dies-at-once.sh', ['3'], ['restart_delay = 10ms..10ms', 'max_restarts = 3'])
  place.tee('healthy')
  const daemon = new Daemon(t, place)
  await daemon.write(frames(1, 500))
  await daemon.says(['plugin failed', 'plugin=dying '])
  await daemon.has('healthy', textOf(1, 500).length)
  await daemon.write(frames(501, 600))
  t.match(await daemon.finish(), { code: 0 })
  const { dropped, fields } = daemon.ledger('dying')
  t.equal(dropped, 600)
  t.equal(fields['dropped.failed'], '600')
  const [told = ''] = daemon.lines('records that waited', 'plugin=dying ', 'reason=failed')
  t.ok(Number(fieldsOf(told)['lost']) <= 500)
  t.match(daemon.ledger('healthy'), { in: 600, delivered: 600 })
})

void t.test('every death is one: by status 0, by a signal, at once for status 78', async (t) => {
  const place = new Place(t)
  for (const how of ['0', '78', 'KILL', 'SEGV', 'TERM']) {
    place.plugin(`by-${how}`, 'dies-at-once.sh', [how], [QUICK, 'max_restarts = 1'])
  }
  const daemon = new Daemon(t, place)
  await daemon.says(['plugin failed'], 5)
  for (const [how, said] of [
    ['0', 'exit status 0'],
    ['KILL', 'signal SIGKILL'],
    ['SEGV', 'signal SIGSEGV'],
    ['TERM', 'signal SIGTERM'],
  ] as const) {
    t.equal(daemon.lines('plugin died', `plugin=by-${how} `, `how="${said}"`).length, 1, said)
    t.match(daemon.lines('plugin failed', `plugin=by-${how} `), [new RegExp(`${said}: 2 deaths`)])
  }
  t.same(daemon.lines('plugin died', 'plugin=by-78 '), [], 'status 78 is not tried again')
  const [failed = ''] = daemon.lines('plugin failed', 'plugin=by-78 ')
  t.match(failed, /exit status 78: it says that its configuration is bad.*does not want to live: 78/)
  t.match(await daemon.finish(), { code: 0 })
})

void t.test('a plugin that cannot be started is tried again', async (t) => {
  const place = new Place(t)
  const stay = '#!/bin/sh\nexec /bin/cat >/dev/null\n'
  place.dropIn('removed', [`path = ${place.program('removed-program', stay)}`, QUICK, 'max_restarts = 0'])
  place.dropIn('nobody', ['path = /bin/cat', 'user = no-such-user-here', QUICK, 'max_restarts = 2'])
  place.dropIn('no-group', ['path = /bin/cat', 'group = no-such-group-here', QUICK, 'max_restarts = 2'])
  place.dropIn('no-interpreter', [`path = ${place.program('odd', '#!/no/such/shell\n')}`, QUICK, 'max_restarts = 2'])
  const daemon = new Daemon(t, place)
  await daemon.running('removed')
  const pid = daemon.pidOf('removed')
  rmSync(place.path('removed-program'))
  process.kill(pid, 'SIGKILL')
  await daemon.says(['plugin died', 'plugin=removed ', 'not started: ', 'no such file or directory'])
  place.program('removed-program', stay)
  await daemon.write(frames(1, 100))
  for (const [name, reason] of [
    ['nobody', "not started: there is no user 'no-such-user-here': 3 deaths"],
    ['no-group', "not started: there is no group 'no-such-group-here': 3 deaths"],
    ['no-interpreter', 'exit status 127: 3 deaths'],
  ] as const) {
    t.match(await daemon.says(['plugin failed', `plugin=${name} `]), [new RegExp(reason)])
  }
  // It is back as soon as its program is; whether that was at the first try nobody can say.
  await daemon.until(() => isAlive(daemon.pidOf('removed')), 'it runs again')
  t.match(await daemon.finish(), { code: 0 })
  t.match(daemon.ledger('removed'), { in: 100, delivered: 100, dropped: 0, balanced: true })
  t.match(daemon.ledger('nobody'), { in: 100, dropped: 100, balanced: true })
})

void t.test('what a plugin writes to stderr is logged under its name', async (t) => {
  await t.test('line by line, also by /dev/stderr', async (t) => {
    const place = new Place(t)
    const script = place.program(
      'talks',
      '#!/bin/sh\necho first >&2\necho second >/dev/stderr\nexec /bin/cat >/dev/null\n',
    )
    place.dropIn('talks', [`path = ${script}`])
    const daemon = new Daemon(t, place)
    await daemon.says(['plugin says', 'plugin=talks ', 'stderr=first'])
    await daemon.says(['plugin says', 'plugin=talks ', 'stderr=second'])
    t.match(await daemon.finish(), { code: 0 })
  })
  await t.test('so many lines in so much time, and the rest is counted', async (t) => {
    const place = new Place(t)
    place.plugin('talks', 'writes-to-stderr.pl', ['5000'])
    const daemon = new Daemon(t, place)
    await daemon.running('talks')
    t.match(await daemon.finish(), { code: 0 })
    const logged = daemon.lines('plugin says', 'plugin=talks ', 'stderr=')
    const leftOut = daemon.lines('lines left out', 'plugin=talks ').map((line) => Number(fieldsOf(line)['lines']))
    t.ok(logged.length < 500, `${logged.length} of 5000 lines`)
    t.equal(logged.length + leftOut.reduce((sum, lines) => sum + lines, 0), 5000)
    t.equal(logged[0]?.endsWith('stderr="line 1"'), true)
  })
  await t.test('its last lines are kept for its death, whatever was left out', async (t) => {
    const place = new Place(t)
    const script = place.program(
      'fails',
      '#!/bin/sh\nfor n in $(/usr/bin/seq 500); do echo "word $n" >&2; done\nexit 78\n',
    )
    place.dropIn('fails', [`path = ${script}`])
    const daemon = new Daemon(t, place)
    t.match(await daemon.says(['plugin failed', 'plugin=fails ']), [/lastStderr=.*"word 481",.*"word 500"\]/])
    t.match(await daemon.finish(), { code: 0 })
  })
  await t.test('hostile bytes are escaped, and a long line is cut', async (t) => {
    const place = new Place(t)
    const hostile = [
      '1b5d303b6f776e65640762656c6c',
      '610062',
      '8d9b316dff',
      'c29b',
      '0d66616b652066616b65',
      '7f',
      'e2808bf09f9880',
    ]
    place.plugin('hostile', 'writes-to-stderr.pl', [...hostile.map((hex) => `hex:${hex}`), 'wide:20000'])
    const daemon = new Daemon(t, place)
    await daemon.running('hostile')
    t.match(await daemon.finish(), { code: 0 })
    t.equal(daemon.lines('plugin says', 'plugin=hostile ').length >= hostile.length, true)
    // eslint-disable-next-line no-control-regex -- control characters are what is looked for.
    t.notMatch(daemon.log, /[\x00-\x09\x0b-\x1f\x7f-\x9f]/, 'no control character but LF comes out')
    t.match(daemon.log, /stderr="a\\u0000b"/)
    t.ok(Math.max(...daemon.log.split('\n').map(({ length }) => length)) < 6000)
  })
})

void t.test('stdout of a plugin is that of the daemon', async (t) => {
  const place = new Place(t)
  place.dropIn('prints', ['path = /bin/cat'])
  const stdout = openSync(place.path('stdout'), 'w')
  const daemon = new Daemon(t, place, { stdout })
  closeSync(stdout)
  await daemon.write(frames(1, 100))
  t.match(await daemon.finish(), { code: 0 })
  t.ok(place.read('stdout').equals(textOf(1, 100)))
})

void t.test('a plugin finds itself where auditd would have put it', async (t) => {
  const place = new Place(t)
  const variables = ['env.LANG = C.UTF-8', 'env.WORDS = two words']
  place.plugin('bare', 'tells-its-surroundings.sh', [place.path('bare')])
  place.plugin('furnished', 'tells-its-surroundings.sh', [place.path('furnished')], variables)
  const daemon = new Daemon(t, place)
  const told = async (name: string): Promise<Record<string, string>> => {
    await daemon.running(name)
    await daemon.until(() => place.size(name) > 0, `${name} tells`)
    const lines = place.read(name).toString().trimEnd().split('\n')
    return Object.fromEntries(lines.map((line) => [line.split(' ')[0], line.slice(line.indexOf(' ') + 1)]))
  }
  const bare = await told('bare')
  const { environment, cwd, umask, blocked, parent } = bare
  t.same(
    { environment, cwd, umask, blocked, parent },
    { environment: '', cwd: '/', umask: '0022', blocked: '0000000000000000', parent: String(daemon.pid) },
  )
  t.equal(bare['pid'], String(daemon.pidOf('bare')), 'the pid that the log gives')
  t.equal(bare['group'], bare['pid'], 'a process group of its own')
  t.match(bare['descriptors'], /^0 1 2 3 *$/, 'three files, and the one that lists them')
  const ignored = BigInt(`0x${bare['ignored']}`)
  const isIgnored = (signal: number): boolean => ((ignored >> BigInt(signal - 1)) & 1n) === 1n
  for (const [name, signal] of Object.entries(IGNORED)) t.ok(isIgnored(signal), `${name} is ignored`)
  for (const [name, signal] of Object.entries(NOT_IGNORED)) t.notOk(isIgnored(signal), `${name} is not`)
  const [, kind = '', octal = ''] = /^(.*) (\S+)$/.exec(bare['stdin'] ?? '') ?? []
  const flags = Number.parseInt(octal, 8)
  t.equal(kind, 'fifo')
  t.equal(flags & O_ACCMODE, 0, 'stdin is for reading')
  t.equal(flags & O_NONBLOCK, 0, 'and waits')
  t.equal((await told('furnished'))['environment'], 'LANG=C.UTF-8 WORDS=two words ')
  t.match(await daemon.finish(), { code: 0 })
})

void t.test(
  'a plugin runs as the user and group it asks for, and can open its stdin and stderr anew',
  { skip: isRoot ? false : 'only root can run a plugin as somebody else' },
  async (t) => {
    const place = new Place(t)
    const ids = '"$(/usr/bin/id -u):$(/usr/bin/id -g):$(/usr/bin/id -G)"'
    const script = place.program(
      'tells',
      `#!/bin/sh\nexec </dev/stdin\necho ${ids} >/dev/stderr\nexec /bin/cat >/dev/null\n`,
    )
    place.dropIn('user', [`path = ${script}`, 'user = nobody'])
    place.dropIn('both', [`path = ${script}`, 'user = 12345', 'group = 54321'])
    place.dropIn('group', [`path = ${script}`, 'group = 54321'])
    chmodSync(place.dir, 0o755)
    const daemon = new Daemon(t, place)
    const [uid, gid] = ['-u', '-g'].map((which) =>
      execFileSync('/usr/bin/id', [which, 'nobody'], { encoding: 'utf8' }).trim(),
    )
    for (const [name, wanted] of [
      ['user', `${uid}:${gid}:${gid}`],
      ['both', '12345:54321:54321'],
      ['group', '0:54321:54321'],
    ] as const) {
      t.match(await daemon.says(['plugin says', `plugin=${name} `]), [new RegExp(`stderr=${wanted}$`)], name)
    }
    await daemon.write(frames(1, 100))
    t.match(await daemon.finish(), { code: 0 })
    for (const name of ['user', 'both', 'group'])
      t.match(daemon.ledger(name), { in: 100, delivered: 100, balanced: true })
  },
)

void t.test('a plugin that does not end by itself is asked, then killed with its group', async (t) => {
  const place = new Place(t)
  for (const name of ['goes', 'stays']) {
    place.plugin(name, 'defies-its-end.pl', [place.path(name)], ['stop_timeout = 1s'])
  }
  place.plugin('parent', 'leaves-a-child.pl', [place.path('parent')])
  const daemon = new Daemon(t, place)
  await daemon.running('goes', 'stays', 'parent')
  const files = ['goes', 'goes.child', 'stays', 'stays.child', 'parent']
  await daemon.until(() => files.every((name) => place.size(name) > 0), 'all are ready')
  const pidIn = (name: string): number => Number(place.read(name).toString().split('\n')[0])
  const pids = files.map(pidIn)
  t.same(pids.filter(isAlive), pids)
  place.removeDropIn('goes')
  daemon.signal('SIGHUP')
  await daemon.says(['plugin stopped', 'plugin=goes'])
  t.same([pidIn('goes'), pidIn('goes.child')].filter(isAlive), [], 'removed: it and its child are gone')
  t.match(await daemon.finish(), { code: 0 })
  t.same(pids.filter(isAlive), [], 'at the end: every one, also the child of one that went by itself')
  for (const name of ['goes', 'stays']) {
    t.match(
      place.read(name).toString(),
      /^\d+\nend of input\nSIGTERM\n$/,
      `${name}: first the end of input, then SIGTERM`,
    )
    t.match(place.read(`${name}.child`).toString(), /^\d+\n$/, 'only the plugin itself is asked')
  }
  t.same(daemon.lines('plugin died'), [], 'and all that is no death')
})
