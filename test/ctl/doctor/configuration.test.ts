import { test } from 'tap'
import type { Ran } from '../../../src/ctl/doctor/world.js'
import { CONFIGURATION_CHECKS } from '../../../src/ctl/doctor/configuration.js'
import {
  CHECKED,
  checkReport,
  complaints,
  dropIn,
  eachIsNamed,
  failing,
  findings,
  patient,
  type Illness,
} from './patient.js'

const DIR = '/etc/audispd/audispd.d'

function problem(text: string, more: object = {}): object {
  return { level: 'error', file: `${DIR}/bad.conf`, line: 3, key: 'colour', text, ...more }
}

/** A drop-in that audispd --check says this of. */
function bad(text: string, more: object = {}): Illness {
  const invalid = { name: 'bad', file: `${DIR}/bad.conf`, state: 'invalid', problems: [problem(text, more)] }
  return { programs: { '/usr/sbin/audispd': checkReport([...CHECKED, invalid]) } }
}

function listed(...dropIns: readonly object[]): Illness {
  return { programs: { '/usr/sbin/audispd': checkReport([...CHECKED, ...dropIns]) } }
}

void test('each mistake is named with what mends it', async (t) => {
  await eachIsNamed(t, CONFIGURATION_CHECKS, [
    [
      'a key',
      bad("unknown key (did you mean 'format'?)"),
      /^fail configuration\.check: .*bad\.conf:3: colour: unknown key.* -> sed -i '3s\/colour\/format\/I' \S+ && audispctl reload$/,
    ],
    ['a value', bad("'x' is not yes or no"), /bad\.conf:3: .* -> sensible-editor \+3 /],
    [
      'an owner',
      bad("belongs to user 7; it must be root's (chown root)", { line: 0 }),
      /-> chown root \/etc\/audispd\/audispd\.d\/bad\.conf$/,
    ],
    [
      'a mode',
      bad('everybody may write it (chmod o-w)', { line: 0 }),
      /-> chmod o-w \/etc\/audispd\/audispd\.d\/bad\.conf$/,
    ],
    ['a program', bad('/opt/my prog is not executable (chmod 0750)'), /-> chmod 0750 '\/opt\/my prog'$/],
    ['a warning', bad('also on line 1; the last one counts', { level: 'warning' }), /^warn configuration\.check: /],
    ['a terminal', bad('a \u001b[31mred\u202e word'), /a \\u\{1b\}\[31mred\\u\{202e\} word/],
    [
      'nothing is active',
      { programs: { '/usr/sbin/audispd': checkReport([dropIn('a', '/sbin/a', [], { state: 'inactive' })]) } },
      /^warn configuration\.active: .* -> audispctl enable syslog$/,
    ],
    [
      'a name that is passed over',
      {
        ...listed(dropIn('x', '/sbin/x', [], { file: `${DIR}/x.cnf`, state: 'ignored' })),
        files: { [`${DIR}/x.cnf`]: 'active = yes\n' },
      },
      /^warn configuration\.ignored: .* -> mv \/etc\/audispd\/audispd\.d\/x\.cnf \/etc\/audispd\/audispd\.d\/x\.conf$/,
    ],
    [
      'an active drop-in behind one that is not',
      {
        ...listed(
          dropIn('m', '/sbin/m', [], { state: 'inactive' }),
          dropIn('m', '/sbin/m', [], {
            file: '/usr/lib/audispd/audispd.d/m.conf',
            state: 'masked',
            by: `${DIR}/m.conf`,
          }),
        ),
        files: { '/usr/lib/audispd/audispd.d/m.conf': 'active = yes\n' },
      },
      /^warn configuration\.masked: .*m\.conf is not active, and masks \/usr\/lib/,
    ],
    [
      "a plugin's own file",
      {
        programs: { '/usr/sbin/audispd-remote-send': failing('/etc/x.conf:3: server: it is missing\nand more\n', 78) },
      },
      /^fail configuration\.plugins: remote-send: \/etc\/x\.conf:3: server: it is missing; and more -> \/usr\/sbin\/audispd-remote-send --check \/etc\/audispd\/remote-send\.conf/,
    ],
    [
      'a plugin that hangs over its file',
      { programs: { '/usr/sbin/audispd-remote-send': { kind: 'late' } } },
      /^warn configuration\.plugins: remote-send: its --check does not end/,
    ],
    [
      'edited and not reloaded',
      {
        pending: [
          { name: 'mine', change: 'kept' },
          { name: 'new', change: 'started' },
        ],
      },
      /^warn configuration\.reload: .*new would be started -> audispctl reload$/,
    ],
    [
      'audispd that cannot say',
      { programs: { '/usr/sbin/audispd': failing('no node found') } },
      /^fail configuration\.check: .*no node found/,
    ],
    [
      'audispd that hangs',
      { programs: { '/usr/sbin/audispd': { kind: 'late' } } },
      /^fail configuration\.check: audispd --check does not end/,
    ],
  ])
})

void test('what a plugin warns of is no failure', async (t) => {
  const plugin = '/usr/sbin/audispd-af-unix'
  const programs = {
    '/usr/sbin/audispd': checkReport([dropIn('af-unix', plugin, [])]),
    [`${plugin} --check`]: failing('warning: /run/events is in use\n/etc/x.conf:3: port: as others know\n', 0),
  }
  const all = await findings(CONFIGURATION_CHECKS, { programs })
  t.match(
    all.filter(({ id }) => id === 'configuration.plugins'),
    [
      {
        level: 'warn',
        what: /^af-unix: warning: \/run\/events is in use$/,
        mend: /^\/usr\/sbin\/audispd-af-unix --check, and/,
      },
    ],
  )
})

void test('copies that editors and packages leave are nothing to see to', async (t) => {
  const file = `${DIR}/x.conf.bak`
  const all = await findings(CONFIGURATION_CHECKS, {
    ...listed(dropIn('x.conf.bak', '/sbin/x', [], { file, state: 'ignored' })),
    files: { [file]: 'active = yes\n' },
  })
  t.same(
    all.filter(({ level }) => level === 'warn'),
    [],
  )
})

void test('more mistakes than anybody would read', async (t) => {
  const many = Array.from({ length: 50 }, (_, line) => problem('no', { line }))
  const invalid = { name: 'bad', file: `${DIR}/bad.conf`, state: 'invalid', problems: many }
  const all = await findings(CONFIGURATION_CHECKS, listed(invalid))
  t.equal(all.filter(({ id }) => id === 'configuration.check').length, 11)
  t.match(all, [...Array.from({ length: 10 }, () => ({})), { what: 'and 40 more mistakes' }])
})

void test('no configuration is no mistake', async (t) => {
  const files = Object.fromEntries(
    ['audispd.conf', 'audispd.d/mine.conf', 'audispd.d/af-unix.conf', 'audispd.d/remote-send.conf'].map((name) => [
      `/etc/audispd/${name}`,
      null,
    ]),
  )
  const absent = problem('does not exist, so there are no plugins', { level: 'warning' })
  const directory = { name: '', file: DIR, state: 'directory', problems: [absent] }
  const programs = { '/usr/sbin/audispd': checkReport([directory]) }
  const all = await findings(CONFIGURATION_CHECKS, { files, programs })
  t.match(all[0], { level: 'skip', what: /there is no configuration in \/etc\/audispd/ })
  t.same(
    all.filter(({ level }) => level === 'fail' || level === 'warn'),
    [],
  )
})

void test('what only root may read is no mistake', async (t) => {
  const denied = bad('cannot be read: permission denied', { line: 0 })
  t.match(await findings(CONFIGURATION_CHECKS.slice(0, 1), { ...denied, world: { uid: 1000 } }), [{ level: 'skip' }])
  t.match(await findings(CONFIGURATION_CHECKS.slice(0, 1), denied), [{ level: 'fail' }])
})

void test('only programs that are ours are run', async (t) => {
  const ran: string[] = []
  const { world } = patient({})
  const dropIns = [
    dropIn('a', '/opt/audispd-log', []),
    dropIn('b', '/usr/sbin/audispd-af-unix', []),
    dropIn('c', '/usr/sbin/audispd-print', []),
    dropIn('d', '/usr/sbin/audispd-filter', ['allowlist', '/etc/rules', '/sbin/other', '-x']),
  ]
  const run = (program: string, args: readonly string[]): Promise<Ran> => {
    if (program !== '/usr/sbin/auditctl') ran.push([program, ...args].join(' '))
    const isCheck = program === '/usr/sbin/audispd'
    return isCheck
      ? Promise.resolve({ kind: 'ended', status: 0, out: checkReport(dropIns), err: '' })
      : world.run(program, args)
  }
  t.same(await complaints(CONFIGURATION_CHECKS, { world: { run } }), [])
  t.same(ran, [
    '/usr/sbin/audispd --check --json',
    '/usr/sbin/audispd-af-unix --check',
    '/usr/sbin/audispd-filter --check /etc/rules',
  ])
})
