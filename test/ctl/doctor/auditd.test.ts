import { test } from 'tap'
import { AUDITD_CHECKS } from '../../../src/ctl/doctor/auditd.js'
import {
  AUDITD_CONF,
  CHECKED,
  checkReport,
  dropIn,
  eachIsNamed,
  findings,
  HEALTHY,
  OUR_DROP_IN,
  patient,
} from './patient.js'

const DROP_IN = '/etc/audit/plugins.d/audispd.conf'

void test('each fault between auditd and audispd is named', async (t) => {
  await eachIsNamed(t, AUDITD_CHECKS, [
    [
      'not told of us',
      { files: { [DROP_IN]: null, '/etc/audit/plugins.d/x.conf': 'active = yes\npath = /sbin/x\n' } },
      /^fail auditd\.starts-us: .*plugins\.d names it -> audispctl install --dry-run$/,
    ],
    [
      'switched off',
      { files: { [DROP_IN]: OUR_DROP_IN.replace('yes', 'no') } },
      /^fail auditd\.starts-us: .*not active.* -> sed -i .*active = yes.* && service auditd reload$/,
    ],
    [
      'not run',
      { files: { '/proc/700/stat': null, '/proc/800/stat': null } },
      /^fail auditd\.running: .* -> service auditd start$/,
    ],
    ['not a child', { files: { '/proc/800/stat': '800 (audispd) S 1 8 8 0\n' } }, /^fail auditd\.child: .*restart/],
    ['a zombie', { files: { '/proc/800/stat': '800 (audispd) Z 700 8 8 0\n' } }, /^fail auditd\.child: /],
    [
      'somebody elses',
      { files: { [DROP_IN]: { text: OUR_DROP_IN, uid: 1000 } } },
      /^fail auditd\.drop-in: .*user 1000 -> chown root:root \/etc\/audit\/plugins\.d\/audispd\.conf$/,
    ],
    [
      'open to all',
      { files: { [DROP_IN]: { text: OUR_DROP_IN, mode: 0o100_666 } } },
      /^fail auditd\.drop-in: .* -> chmod go-w /,
    ],
    [
      'a line that auditd refuses',
      { files: { [DROP_IN]: `${OUR_DROP_IN}q_depth=3\n` } },
      /^fail auditd\.drop-in: .*audispd\.conf:7: auditd refuses this line/,
    ],
    [
      'too many words for this release',
      { files: { [DROP_IN]: OUR_DROP_IN.replace('--jitless', '--jitless -c /etc/audispd') } },
      /^fail auditd\.drop-in: .*3 words in args, and this auditd takes 2/,
    ],
    [
      'a program that auditd would not start',
      { files: { '/usr/sbin/audispd': { mode: 0o100_640 } } },
      /^fail auditd\.drop-in: \/usr\/sbin\/audispd: has mode 0640.* -> chmod 0755 \/usr\/sbin\/audispd$/,
    ],
    [
      'started twice',
      { files: { '/etc/audit/plugins.d/old.conf': OUR_DROP_IN } },
      /^fail auditd\.twice: .*old\.conf starts audispd a second time.* -> sed -i .*old\.conf && service auditd reload$/,
    ],
    [
      'done twice',
      { files: { '/etc/audit/plugins.d/u.conf': 'active = yes\npath = /sbin/audisp-af_unix\n' } },
      /^warn auditd\.twice: .*u\.conf and .*af-unix\.conf do the same/,
    ],
    [
      'done twice, by what auditd 3.0 has inside',
      { files: { '/etc/audit/plugins.d/u.conf': 'active = yes\npath = builtin_af_unix\n' } },
      /^warn auditd\.twice: .*u\.conf and .*af-unix\.conf do the same/,
    ],
    [
      'the same program twice',
      { files: { '/etc/audit/plugins.d/u.conf': 'active = yes\npath = /opt/mine\n' } },
      /^warn auditd\.twice: .*u\.conf and .*mine\.conf do the same/,
    ],
  ])
})

void test('a machine with nothing on it yet', async (t) => {
  const files = {
    '/usr/sbin/auditd': null,
    '/etc/audit/auditd.conf': null,
    [DROP_IN]: null,
    '/proc/700/stat': null,
    '/proc/800/stat': null,
  }
  const answer = { kind: 'error', code: 'not-running', message: 'nobody' } as const
  const none = { '/usr/sbin/auditctl -v': null }
  const debian = await findings(AUDITD_CHECKS, { files, answer, programs: none })
  t.match(debian[0], { level: 'fail', id: 'auditd.installed', mend: 'apt-get install auditd' })
  const fedora = await findings(AUDITD_CHECKS, {
    files: { ...files, '/etc/os-release': 'NAME=x\nID="rhel"\n' },
    answer,
    programs: none,
  })
  t.match(fedora[0], { mend: 'dnf install audit' })
})

void test('a collector has no auditd in front of it', async (t) => {
  const status = { ...HEALTHY, parent: 'systemd' }
  const all = await findings(AUDITD_CHECKS, { files: { [DROP_IN]: null }, status })
  t.match(
    all.filter(({ id }) => id === 'auditd.starts-us'),
    [{ level: 'skip' }],
  )
})

void test('auditd 2.x has a line for its dispatcher', async (t) => {
  const programs = { '/usr/sbin/auditctl -v': 'auditctl version 2.8.5\n' }
  const conf = `${AUDITD_CONF}dispatcher = /usr/sbin/audispd\n`
  const starts = async (text: string) => {
    const all = await findings(AUDITD_CHECKS, { programs, files: { '/etc/audit/auditd.conf': text } })
    return all.filter(({ id }) => id === 'auditd.starts-us')
  }
  t.match(await starts(conf), [{ level: 'ok' }])
  t.match(await starts(conf.replace('sbin/audispd', 'sbin/other')), [{ level: 'fail', what: /auditd\.conf names it/ }])
})

void test('auditd with a directory of its own, and what it passes on', async (t) => {
  const files = {
    '/proc/700/cmdline': '/sbin/auditd\0-c\0/opt/audit\0',
    '/opt/audit/auditd.conf': 'plugin_dir = /opt/audit/p\n',
    '/opt/audit/p/audispd.conf': OUR_DROP_IN.replace('--jitless', '-c /opt/ours'),
    '/opt/ours/audispd.d/x.conf': '',
    '/proc/800/cmdline': 'audispd -c /opt/ours\0',
  }
  const programs = {
    '/usr/sbin/audispd -c /opt/ours --check': checkReport([...CHECKED, dropIn('x', '/sbin/x', [])]),
    '/usr/sbin/audispd --check': null,
  }
  const all = await findings(AUDITD_CHECKS, { files, programs })
  t.same(
    all.filter(({ level }) => level !== 'ok'),
    [],
  )
})

void test('without being root, what auditd starts is not known', async (t) => {
  const { world } = patient({})
  const readdir = (dir: string) =>
    dir.startsWith('/etc/audit')
      ? Promise.reject(Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' }))
      : world.files.readdir(dir)
  const files = { ...world.files, readdir }
  const all = await findings(AUDITD_CHECKS, { world: { files, uid: 1000 } })
  t.match(
    all.filter(({ id }) => id === 'auditd.starts-us'),
    [{ level: 'skip' }],
  )
  t.same(
    all.filter(({ level }) => level === 'fail' || level === 'warn'),
    [],
  )
})
