import * as fs from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'tap'
import { CtlError, problemText } from '../../src/ctl/ctl-error.js'
import type { Host } from '../../src/ctl/host.js'
import { install } from '../../src/ctl/install.js'
import { uninstall } from '../../src/ctl/uninstall.js'
import { everything, fakeHost, plant, type FakeHost, type FakeParts } from './fake-host.js'

const CONF = '/etc/audit/auditd.conf'
const DROP_IN = '/etc/audit/plugins.d/audispd.conf'
const LAUNCHER = '/usr/lib/audispd/build/bin/audispd'
const NEIGHBOUR = 'active = no\npath = /sbin/audisp-syslog\n'

const CONF_2 = `#
# This file controls the configuration of the audit daemon
#
log_file = /var/log/audit/audit.log
disp_qos = lossy
dispatcher = /sbin/audispd
name_format = NONE
`
const CONF_3 = `local_events = yes
log_format = ENRICHED
q_depth = 2000
plugin_dir = /etc/audit/plugins.d
`

interface Shape extends FakeParts {
  readonly version: string
  readonly conf?: string
  readonly more?: Readonly<Record<string, string>>
}

/** A system with an auditd of this version; its tools tell it. */
async function machine(root: string, { version, conf, more, ...parts }: Shape): Promise<FakeHost> {
  const isOld = version.startsWith('2.')
  await plant(root, {
    [CONF]: conf ?? (isOld ? CONF_2 : CONF_3),
    [LAUNCHER]: '#!/bin/sh\n',
    '/usr/bin/node': '',
    ...(isOld ? {} : { '/etc/audit/plugins.d/syslog.conf': NEIGHBOUR }),
    ...more,
  })
  return fakeHost(root, { programs: { '/usr/sbin/auditctl': `auditctl version ${version}\n` }, ...parts })
}

async function read(root: string, path: string): Promise<string> {
  return fs.readFile(join(root, path), 'utf8')
}

/** What a verb that could not begin says. */
async function refusal(running: Promise<number>): Promise<string> {
  try {
    return `no refusal, but ${await running}`
  } catch (error) {
    if (!(error instanceof CtlError)) throw error
    return `${error.code}: ${error.problems.map(problemText).join('\n')}`
  }
}

const yes = (host: Host, ...args: readonly string[]): Promise<number> => install(['--yes', ...args], host, LAUNCHER)

function dropIn(args: string, format = 'string'): string {
  return `active = yes
direction = out
path = ${LAUNCHER}
type = always
args = ${args}
format = ${format}
`
}

const keysOf = (text: string): string => text.replace(/^#.*\n/gm, '')

void test('what every auditd since 3.0 gets, and that it gets it once', async (t) => {
  for (const version of ['3.0', '3.0.9', '4.0.5', '4.1.3', '4.2']) {
    const root = t.testdir()
    const host = await machine(root, { version })
    const before = await everything(root)
    t.equal(await yes(host), 0, version)
    const text = await read(root, DROP_IN)
    t.equal(keysOf(text), dropIn('--jitless'), version)
    t.match(text, /^# auditd starts audispd.*\n# Written by audispctl install.* seal=[0-9a-f]{12}\nactive/)
    t.equal((await fs.stat(join(root, DROP_IN))).mode & 0o7777, 0o640)
    t.match(host.printed().out, `--- /dev/null\n+++ ${DROP_IN}\n@@ -0,0 +1,8 @@\n`)
    t.match(host.printed().warned, `audispctl install: wrote ${DROP_IN}\n`)

    const again = await machine(root, { version })
    t.equal(await yes(again), 0)
    t.same(again.printed(), { out: '', warned: 'audispctl install: nothing to change\n' }, `${version}, twice`)
    t.equal(await read(root, DROP_IN), text)

    t.equal(await uninstall(['--yes'], again), 0)
    t.same(await everything(root), before, `${version}, and away again`)
  }
})

void test('auditd 2.x gets a dispatcher line, once, and its old bytes back', async (t) => {
  for (const conf of [CONF_2, CONF_2.slice(0, -1), CONF_2.replace(/dispatcher.*\n/, ''), `\u00e9${CONF_2}`]) {
    const root = t.testdir()
    const host = await machine(root, { version: '2.8.5', conf })
    await fs.chmod(join(root, CONF), 0o600)
    const before = await everything(root)
    t.equal(await yes(host), 0)
    const text = await read(root, CONF)
    t.match(text, new RegExp(`\ndispatcher = ${LAUNCHER}\n`))
    t.notMatch(text, /^dispatcher = \/sbin\/audispd/m)
    t.equal((await fs.stat(join(root, CONF))).mode & 0o7777, 0o600)

    const again = await machine(root, { version: '2.8.5', conf: text })
    t.equal(await yes(again), 0)
    t.equal(again.printed().out, '')
    t.match(again.printed().warned, 'nothing to change')

    t.equal(await uninstall(['-y'], again), 0)
    t.same(await everything(root), before)
  }
})

void test('the diff of a dispatcher line', async (t) => {
  const host = await machine(t.testdir(), { version: '2.8.5' })
  t.equal(await install(['--dry-run'], host, LAUNCHER), 1)
  t.equal(
    host.printed().out.replace(/seal=.{12}/, 'seal=x'),
    `--- ${CONF}
+++ ${CONF}
@@ -3,5 +3,7 @@
 #
 log_file = /var/log/audit/audit.log
 disp_qos = lossy
-dispatcher = /sbin/audispd
+# audispctl install changed the line below; audispctl uninstall restores it. seal=x
+#was# dispatcher = /sbin/audispd
+dispatcher = ${LAUNCHER}
 name_format = NONE
`,
  )
})

void test('a configuration directory costs a word that old auditds do not have', async (t) => {
  const more = { '/etc/own/audispd.conf': '' }
  for (const [version, args] of [
    ['3.0.9', '-c /etc/own'],
    ['4.0', '-c /etc/own'],
    ['4.0.1', '--jitless -c /etc/own'],
    ['4.2', '--jitless -c /etc/own'],
  ] as const) {
    const root = t.testdir()
    const host = await machine(root, { version, more })
    t.equal(await yes(host, '-c', '/etc/own/'), 0)
    t.equal(keysOf(await read(root, DROP_IN)), dropIn(args), version)
    t.notMatch(host.printed().warned, 'note:')
  }
  const root = t.testdir()
  t.equal(await yes(await machine(root, { version: '3.0.9' }), '-c', '/etc/audispd'), 0)
  t.equal(keysOf(await read(root, DROP_IN)), dropIn('--jitless'), 'our own directory need not be said')
})

void test('words and lines that an auditd cannot take are refused', async (t) => {
  const long = `/etc/${'x'.repeat(140)}`
  for (const [version, args, reason] of [
    ['2.8.5', ['-c', '/etc/own'], /config: -c \/etc\/own: auditd 2\.8\.5 gives its dispatcher no arguments/],
    ['2.8.5', ['--format', 'string'], /--format string: auditd 2\.8\.5 always writes binary/],
    ['3.0.9', ['-c', 'own'], /-c 'own': auditd can pass on an absolute path without blanks/],
    ['3.0.9', ['-c', '/etc/my own'], /-c '\/etc\/my own'/],
    ['4.2', ['-c', '/etc/a\tb'], /without blanks/],
    [
      '4.1.2',
      ['-c', long],
      /auditd 4\.1\.2 skips lines over 158 bytes, and this one has 165: args = --jitless -c \/etc/,
    ],
    ['4.2', ['-c', long.repeat(4)], /skips lines over 510 bytes/],
    ['3.0.9', ['--program', 'audispd'], /not an absolute path/],
    ['3.0.9', ['--program', '/etc/none/audispd'], /no such file/],
  ] as const) {
    const root = t.testdir()
    const host = await machine(root, { version, more: { '/etc/own/audispd.conf': '' } })
    const before = await everything(root)
    t.match(await refusal(yes(host, ...args)), reason)
    t.same(await everything(root), before)
  }
  t.equal(await yes(await machine(t.testdir(), { version: '4.1.3' }), '-c', long), 0, 'which a later one can')
})

void test('a line of exactly the limit is taken', async (t) => {
  const room = 158 - 'args = -c '.length
  const dir = `/etc/${'x'.repeat(room - '/etc/'.length)}`
  t.equal(await yes(await machine(t.testdir(), { version: '3.0.9' }), '-c', dir), 0)
  t.match(await refusal(yes(await machine(t.testdir(), { version: '3.0.9' }), '-c', `${dir}x`)), 'this one has 159')
})

void test('binary records, and what they cost', async (t) => {
  for (const [version, padded] of [
    ['3.0.9', true],
    ['4.1.0', true],
    ['4.1.1', false],
    ['4.2', false],
  ] as const) {
    const root = t.testdir()
    const host = await machine(root, { version })
    t.equal(await yes(host, '--format', 'binary'), 0)
    t.equal(keysOf(await read(root, DROP_IN)), dropIn('--jitless', 'binary'))
    t.equal(/note: .*pads each binary record.* 21 of them/.test(host.printed().warned), padded, version)
  }
  const host = await machine(t.testdir(), { version: '2.8.5' })
  t.equal(await yes(host, '--format', 'binary'), 0, 'auditd 2.x knows nothing else')
})

void test('auditd is told how to see it, or told at once', async (t) => {
  const more = { '/run/auditd.pid': '77\n', '/proc/77/comm': 'auditd\n' }
  const host = await machine(t.testdir(), { version: '3.0.9', more })
  t.equal(await yes(host), 0)
  t.match(host.printed().warned, 'does not see this before it reloads: service auditd reload, or kill -HUP 77\n')
  t.same(host.killed, [])
  t.equal(await yes(host, '--reload'), 0)
  t.same(host.killed, [[77, 'SIGHUP']], 'also when there was nothing to change')
  t.match(host.printed().warned, 'nothing to change\naudispctl install: sent SIGHUP to auditd, pid 77\n')
  t.equal(await uninstall(['-y', '--reload'], host), 0)
  t.equal(host.killed.length, 2)
})

void test('after a reload it is said whether audispd answers', async (t) => {
  const more = { '/run/auditd.pid': '77\n', '/proc/77/comm': 'auditd\n' }
  for (const [pid, exitStatus, said] of [
    [812, 0, 'audispd runs, pid 812; see: audispctl status\n'],
    [undefined, 1, 'audispd has not answered yet; what keeps it: audispctl doctor\n'],
  ] as const) {
    const host = await machine(t.testdir(), { version: '3.0.9', more })
    const asked: unknown[] = []
    const daemonPid = async (configDir: string | undefined): Promise<number | undefined> => {
      asked.push(configDir)
      return pid
    }
    const args = ['--yes', '--reload', '-c', '/srv/audispd']
    t.equal(await install(args, host, LAUNCHER, daemonPid), exitStatus)
    t.match(host.printed().warned, said)
    t.same(asked, ['/srv/audispd'])
    t.equal(await install(['--yes'], host, LAUNCHER, daemonPid), 0)
    t.equal(asked.length, 1, 'without a reload there is nothing to wait for')
  }
})

void test('a reload that fails does not undo what is written', async (t) => {
  const root = t.testdir()
  const host = await machine(root, { version: '3.0.9' })
  t.equal(await yes(host, '--reload'), 71)
  t.match(host.printed().warned, /wrote .*\n.*no running auditd to reload: none of/)
  t.match(await read(root, DROP_IN), 'active = yes')
})

void test('the question', async (t) => {
  for (const [answer, status] of [
    [true, 0],
    [false, 1],
  ] as const) {
    const root = t.testdir()
    const host = await machine(root, { version: '3.0.9', answer })
    t.equal(await install([], host, LAUNCHER), status)
    t.match(host.printed().warned, `Change ${DROP_IN} like this? [y/N] `)
    t.match(host.printed().warned, answer ? 'wrote' : 'nothing was changed')
    t.equal(DROP_IN in (await everything(root)), answer)
  }
})

void test('without a terminal it takes --yes', async (t) => {
  const root = t.testdir()
  const host = await machine(root, { version: '3.0.9' })
  t.match(await refusal(install([], host, LAUNCHER)), /usage: there is no terminal to ask on.*\n.*install --yes/)
  t.match(host.printed().out, `+++ ${DROP_IN}`)
  t.notOk(DROP_IN in (await everything(root)))
})

void test('--dry-run changes nothing, and its status tells whether it would', async (t) => {
  const root = t.testdir()
  const host = await machine(root, { version: '3.0.9' })
  const before = await everything(root)
  t.equal(await install(['--dry-run', '--yes'], host, LAUNCHER), 1)
  t.same(await everything(root), before)
  t.equal(await yes(host), 0)
  t.equal(await install(['--dry-run'], host, LAUNCHER), 0)
  t.equal(await uninstall(['--dry-run'], host), 1)
  t.match(await read(root, DROP_IN), 'active = yes')
})

void test('--json says it all in one object, and asks nothing', async (t) => {
  const host = await machine(t.testdir(), { version: '3.0.9' })
  t.equal(await yes(host, '--json'), 0)
  t.match(JSON.parse(host.printed().out), {
    verb: 'install',
    auditd: { version: '3.0.9', versionFrom: '/usr/sbin/auditctl -v', conf: CONF, pluginDir: '/etc/audit/plugins.d' },
    changes: [{ path: DROP_IN, action: 'create', diff: /^# .*\n--- \/dev\/null\n/ }],
    result: 'applied',
    reloadedPid: null,
    nextStep: /auditd does not run/,
    notes: [],
    problems: [],
    exitStatus: 0,
  })
  t.equal(host.printed().warned, '')
  t.match(await refusal(install(['--json'], host, LAUNCHER)), 'usage: --json asks no question')
})

void test('a drop-in of other hands is shown, and goes only with --force', async (t) => {
  const root = t.testdir()
  const mine = 'active = yes\npath = /opt/mine/audispd\n'
  const host = await machine(root, { version: '3.0.9', more: { [DROP_IN]: mine } })
  t.equal(await yes(host), 78)
  t.match(host.printed().out, '-path = /opt/mine/audispd\n')
  t.match(host.printed().warned, `${DROP_IN}: was written or edited by hand`)
  t.equal(await uninstall(['--yes'], host), 78)
  t.equal(await read(root, DROP_IN), mine)
  t.equal(await yes(host, '--force'), 0)
  t.equal(keysOf(await read(root, DROP_IN)), dropIn('--jitless'))
})

void test('an edit of our drop-in is noticed wherever it is', async (t) => {
  for (const [from, to] of [
    ['active = yes', 'active = no'],
    ['seal=', 'seal=0'],
    ['# auditd starts', '# Auditd starts'],
    ['format = string\n', 'format = string\n# mine\n'],
    ['args = --jitless\n', ''],
  ] as const) {
    const root = t.testdir()
    const host = await machine(root, { version: '3.0.9' })
    await yes(host)
    const edited = (await read(root, DROP_IN)).replace(from, to)
    await plant(root, { [DROP_IN]: edited })
    t.equal(await uninstall(['--yes', '--json'], host), 78, from)
    t.match(host.printed().out, /"message": "is not, or no longer, what audispctl install wrote/)
    t.equal(await yes(host), 78, from)
    t.equal(await read(root, DROP_IN), edited)
    t.equal(await uninstall(['--yes', '--force'], host), 0)
    t.notOk(DROP_IN in (await everything(root)))
  }
})

void test('an edit of our dispatcher line is noticed', async (t) => {
  const root = t.testdir()
  const host = await machine(root, { version: '2.8.5' })
  await yes(host)
  const edited = (await read(root, CONF)).replace(`dispatcher = ${LAUNCHER}`, 'dispatcher = /opt/mine/audispd')
  await plant(root, { [CONF]: edited })
  t.equal(await uninstall(['--yes'], host), 78)
  t.match(host.printed().warned, `${CONF}:6: what audispctl install put here was edited by hand`)
  t.equal(await yes(host), 78)
  t.equal(await read(root, CONF), edited)
  t.equal(await uninstall(['--yes', '--force'], host), 0)
  t.equal(await read(root, CONF), CONF_2)
})

void test('another program or format changes our own drop-in, and says what auditd makes of that', async (t) => {
  for (const [version, restart] of [
    ['4.1.3', true],
    ['4.2', false],
  ] as const) {
    const root = t.testdir()
    const host = await machine(root, { version })
    await yes(host)
    t.equal(await yes(host, '--format', 'binary'), 0)
    t.match(host.printed().out, '-format = string\n+format = binary\n')
    t.match(host.printed().warned, `changed ${DROP_IN}\n`)
    t.equal(/does not apply new keys to a plugin that runs/.test(host.printed().warned), restart, version)
  }
})

void test('a drop-in whose owner or mode auditd would refuse is mended', async (t) => {
  const root = t.testdir()
  const host = await machine(root, { version: '4.2' })
  await yes(host)
  await fs.chmod(join(root, DROP_IN), 0o664)
  t.equal(await yes(host), 0)
  t.match(host.printed().out, `# ${DROP_IN}: owner 0:0, mode 0664 -> owner 0:0, mode 0640\n`)
  t.equal((await fs.stat(join(root, DROP_IN))).mode & 0o7777, 0o640)
  await fs.chmod(join(root, DROP_IN), 0o600)
  const again = await machine(root, { version: '4.2' })
  t.equal(await yes(again), 0)
  t.match(again.printed().warned, 'nothing to change', "what auditd takes is the admin's choice")
})

void test('a link in the place of our drop-in is refused, wherever it leads', async (t) => {
  const root = t.testdir()
  const host = await machine(root, { version: '3.0.9' })
  for (const target of ['syslog.conf', 'nowhere.conf']) {
    await fs.rm(join(root, DROP_IN), { force: true })
    await fs.symlink(target, join(root, DROP_IN))
    t.match(await refusal(yes(host, '--force')), `config: ${DROP_IN}: is a symbolic link`)
    t.match(await refusal(uninstall(['--yes', '--force'], host)), 'is a symbolic link')
  }
})

void test('a system upgraded from 2.x loses the line of that time', async (t) => {
  const root = t.testdir()
  await yes(await machine(root, { version: '2.8.5' }))
  const left = await read(root, CONF)
  const host = await machine(root, { version: '3.0.9', conf: left })
  t.equal(await yes(host), 0)
  t.equal(await read(root, CONF), CONF_2)
  t.notMatch(host.printed().warned, 'note:')
  await plant(root, { [CONF]: left })
  t.equal(await uninstall(['--yes'], host), 0)
  t.equal(await read(root, CONF), CONF_2)
  t.notOk(DROP_IN in (await everything(root)))
})

void test('no auditd here', async (t) => {
  const root = t.testdir()
  const host = await machine(root, { version: '3.0.9' })
  await fs.rm(join(root, CONF))
  t.match(await refusal(yes(host)), `config: ${CONF}: no auditd here: there is no such file\n  install auditd first`)
  t.match(await refusal(yes(host, '--auditd-conf', '/etc/x.conf')), '/etc/x.conf: no auditd here')
  t.equal(await uninstall(['--yes'], host), 0, 'which is no reason not to uninstall')
})

void test('a plugin directory that cannot be used', async (t) => {
  for (const [dir, reason] of [
    ['/etc/none', `${CONF}:1: auditd's plugin_dir /etc/none cannot be used: no such file or directory`],
    ['/etc/audit/auditd.conf', 'is no directory'],
  ] as const) {
    const host = await machine(t.testdir(), { version: '3.0.9', conf: `plugin_dir = ${dir}\n` })
    t.match(await refusal(yes(host)), reason)
  }
  const host = await machine(t.testdir(), { version: '3.0.9', conf: 'plugin_dir=/etc/x\n' })
  t.match(await refusal(yes(host)), `config: ${CONF}:1: auditd refuses this line: '='`)
})

void test('who is not root is told before the question', async (t) => {
  const root = t.testdir()
  const host = await machine(root, { version: '3.0.9', uid: 1000, answer: true })
  const denied = Object.assign(new Error("EACCES: permission denied, access '/etc'"), { code: 'EACCES' })
  const files = { ...host.files, access: () => Promise.reject(denied) }
  t.match(
    await refusal(install([], { ...host, files }, LAUNCHER)),
    'system: /etc/audit/plugins.d: cannot be written: permission denied\n  run it as root: sudo audispctl install',
  )
  t.notMatch(host.printed().warned, 'like this?')
  const unreadable = { ...host.files, lstat: () => Promise.reject(denied) }
  t.match(
    await refusal(install([], { ...host, files: unreadable }, LAUNCHER)),
    /system: .*auditd\.conf: cannot be reached/,
  )
})

void test('what the admin should know besides', async (t) => {
  const active = { '/etc/audit/plugins.d/siem.conf': 'active = YES\npath = /sbin/siem\n' }
  const hidden = { '/etc/audit/plugins.d/.x.conf': 'active = yes\npath = /sbin/x\n' }
  const odd = { '/etc/audit/plugins.d/a.conf/b': '' }
  const twin = { '/etc/audit/plugins.d/old.conf': `active = yes\npath = ${LAUNCHER}\n` }
  for (const [shape, note] of [
    [
      { version: '3.0.9', more: { ...active, ...hidden, ...odd } },
      /goes on running siem\.conf from \/etc\/audit\/plugins\.d beside/,
    ],
    [{ version: '3.0.9', more: twin }, /plugins\.d\/old\.conf starts audispd as well/],
    [{ version: '3.0.9', conf: 'local_events = no\n' }, /heeds no reload while local_events = no/],
    [{ version: '4.2.1', conf: 'log_format = raw\n' }, /4\.2\.1 cuts 16 bytes off each record/],
    [{ version: '2.8.5', conf: 'disp_qos = LOSSLESS\n' }, /auditd\.conf:1: disp_qos = lossless lets auditd.* wait/],
    [{ version: '2.8.5' }, /disp_qos stays lossy/],
    [
      { version: '2.8.5', more: { '/etc/audisp/plugins.d/siem.conf': 'active = yes\npath = /sbin/siem\n' } },
      /nobody starts siem\.conf from \/etc\/audisp\/plugins\.d any more/,
    ],
  ] as const) {
    const host = await machine(t.testdir(), shape)
    t.equal(await yes(host), 0)
    t.match(host.printed().warned, note)
  }
  for (const conf of ['log_format = raw\nname_format = hostname\n', 'log_format = enriched\n', '']) {
    const host = await machine(t.testdir(), { version: '4.2.1', conf })
    await yes(host)
    t.notMatch(host.printed().warned, 'note:')
  }
  const host = await machine(t.testdir(), { version: '3.0.9' })
  await yes(host, '-c', '/etc/own')
  t.match(host.printed().warned, '/etc/own holds neither audispd.conf nor audispd.d')
})

void test('a system image under another root', async (t) => {
  const root = t.testdir()
  await machine(join(root, 'image'), { version: '3.0.9' })
  const uid = process.getuid?.() ?? 0
  const base = fakeHost('/', { uid })
  const host = { ...base, files: fs, gid: process.getgid?.() ?? 0 }
  const image = join(root, 'image')
  const args = ['--yes', '--root', image, '--program', LAUNCHER, '--auditd-version', '3.0.9']
  t.equal(await install(args, host, LAUNCHER), 0)
  t.equal(keysOf(await read(image, DROP_IN)), dropIn('--jitless'), 'paths are as auditd will see them')
  t.notMatch(base.printed().warned, 'reload')
  t.match(
    await refusal(install([...args, '--reload'], host, LAUNCHER)),
    'usage: --reload is for the auditd that runs here',
  )
  t.match(await refusal(install(args.slice(0, 3), host, LAUNCHER)), 'usage: --root needs --program')
  t.match(await refusal(install(args.slice(0, 5), host, LAUNCHER)), 'config: the version of the auditd under')
  t.equal(await uninstall(['-y', '--root', image], host), 0)
  t.notOk(DROP_IN in (await everything(image)))
})

void test('help and mistakes on the command line', async (t) => {
  const host = await machine(t.testdir(), { version: '3.0.9' })
  t.equal(await install(['--help'], host, LAUNCHER), 0)
  t.match(host.printed().out, /^usage: audispctl install/)
  t.equal(await uninstall(['-h'], host), 0)
  t.match(
    await refusal(yes(host, '--frobnicate')),
    /usage: Unknown option '--frobnicate'\n {2}see: audispctl install --help/,
  )
  t.match(await refusal(yes(host, 'now')), /usage: Unexpected argument 'now'/)
  t.match(await refusal(yes(host, '--format', 'xml')), /usage: --format is string or binary, not 'xml'/)
  t.match(await refusal(uninstall(['--program', '/x'], host)), /usage: Unknown option '--program'/)
})
