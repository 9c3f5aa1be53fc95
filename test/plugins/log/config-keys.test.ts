import { readFileSync } from 'node:fs'
import { test } from 'tap'
import { gidOf, loadSettings } from '../../../plugins/log/config-file.js'
import { readConfig } from '../../../plugins/log/config-keys.js'
import { DEFAULT_CONFIG, SIZE_WORDS, type LogConfig } from '../../../plugins/log/config.js'
import { formatProblem } from '../../../src/config.js'
import { fakeDisk } from '../../dispatcher/fake-disk.js'

const MIB = 1024 ** 2

function problemsOf(text: string): string[] {
  return readConfig(text, 'f').problems.map((problem) => `${problem.level} ${formatProblem(problem)}`)
}

const GOOD: readonly (readonly [line: string, changes: Partial<LogConfig>])[] = [
  ['LOG_FILE = /l/a.log', { logFile: '/l/a.log' }],
  ['log_group = adm', { logGroup: 'adm' }],
  ['names = Solaris', { names: 'solaris' }],
  ['max_log_file = 50', { maxFileBytes: 50 * MIB }],
  ['max_log_file = 64K', { maxFileBytes: 65_536 }],
  ...SIZE_WORDS.map((word): [string, Partial<LogConfig>] => [
    `max_log_file_action = ${word.toUpperCase()}`,
    { maxFileAction: word },
  ]),
  ['num_logs = 999', { numLogs: 999 }],
  ['rotate_every = 1d', { rotateEveryMs: 86_400_000 }],
  ['rotate_every = 0', {}],
  ['rotate_at = UTC', { rotateAt: 'utc' }],
  ['keep = 30d', { keepMs: 30 * 86_400_000 }],
  ['compress = stream', { compress: 'stream' }],
  ['compress = rotated', { compress: 'rotated' }],
  ['flush = INCREMENTAL\nfreq = 1', { flush: 'incremental', freq: 1 }],
  ['flush = none', { flush: 'none' }],
  ['flush = data', { flush: 'data' }],
  ['flush = sync', { flush: 'sync' }],
  ['space_left = 25%', { spaceLeft: { kind: 'share', percent: 25 } }],
  ['space_left = 1G', { spaceLeft: { kind: 'bytes', bytes: 1024 * MIB } }],
  [
    'space_left = 0\nadmin_space_left = 0',
    { spaceLeft: { kind: 'bytes', bytes: 0 }, adminSpaceLeft: { kind: 'bytes', bytes: 0 } },
  ],
  ['admin_space_left = 1%', { adminSpaceLeft: { kind: 'share', percent: 1 } }],
  ['space_left_action = rotate', { spaceLeftAction: { kind: 'rotate' } }],
  ['admin_space_left_action = SUSPEND', { adminSpaceLeftAction: { kind: 'suspend' } }],
  ['disk_full_action = exec Page-me', { diskFullAction: { kind: 'exec', name: 'Page-me' } }],
  ['disk_full_action = halt', { diskFullAction: { kind: 'halt' } }],
  ['disk_error_action = single', { diskErrorAction: { kind: 'single' } }],
  ['disk_error_action = ignore', { diskErrorAction: { kind: 'ignore' } }],
  ['block_size = 10K', { blockBytes: 10_240 }],
]

const BAD: readonly (readonly [line: string, said: string])[] = [
  ['log_file = audit.log', "'audit.log' is not an absolute path"],
  ['log_file = /var/log/', "'/var/log/' is no path of a file"],
  ['max_log_file = 0', "'0' is not a size from 64K"],
  ['max_log_file_action = rotat', "did you mean 'rotate'?"],
  ['num_logs = 1000', 'from 0 to 999'],
  ['rotate_every = 1s', "'1s' is not a time"],
  ['compress = gzip', 'is not off, rotated or stream'],
  ['flush = fast', 'is not none'],
  ['freq = 0', 'from 1 to'],
  ['space_left = 100%', 'neither a number of mebibytes'],
  ['space_left_action = email', 'write exec NAME'],
  ['disk_full_action = exec', "'' is no name"],
  ['disk_full_action = exec /bin/page', 'a program is run by the dispatcher alone: define [action NAME]'],
  ['disk_error_action = rotate', 'is not ignore, syslog, suspend, single or halt'],
  ['space_left = 50\nadmin_space_left = 50', 'has to be less than space_left'],
  ['log_fil = /x', "unknown key (did you mean 'log_file'?)"],
  ['[section]', 'there are no sections here'],
]

void test('every key and value', (t) => {
  for (const [line, changes] of GOOD) {
    const { config, problems } = readConfig(line, 'f')
    t.same(problems, [], line)
    t.same(config, { ...DEFAULT_CONFIG, ...changes }, line)
  }
  t.end()
})

void test('every mistake, all at once', (t) => {
  for (const [line, said] of BAD) {
    const { config } = readConfig(line, 'f')
    t.equal(config, undefined, line)
    t.ok(problemsOf(line)[0]?.includes(said), `${line}: ${problemsOf(line).join('; ')}`)
  }
  t.equal(problemsOf('num_logs = x\nfreq = y\ncompress = z').length, 3)
  t.match(problemsOf('num_logs = 1'), [
    'warning f:1: num_logs: with less than 2 nothing is rotated, and the file grows',
  ])
  t.match(problemsOf('flush = none\nfreq = 5'), ['warning f:2: freq: has no effect with flush = none'])
  t.end()
})

void test('the shipped file has every key with its default', (t) => {
  const text = readFileSync('etc/log.conf', 'utf8')
  t.same(readConfig(text, 'f'), { config: DEFAULT_CONFIG, problems: [] })
  const shipped = [...text.matchAll(/^(\w+) =/gm)].map(([, key = '']) => key)
  const described = [...readFileSync('man/audispd-log.conf.5', 'utf8').matchAll(/^\.It Cm (\w+) No =/gm)]
  t.same(shipped.toSorted(), described.map(([, key = '']) => key).sort(), 'and the manual describes them')
  t.equal(shipped.length, Object.keys(DEFAULT_CONFIG).length)
  t.end()
})

void test('whose group it is', (t) => {
  const groups = 'root:x:0:\nadm:x:4:syslog\nbroken:x:x:\n'
  t.equal(
    gidOf('adm', () => groups),
    4,
  )
  t.equal(
    gidOf('12', () => ''),
    12,
  )
  t.equal(
    gidOf('root', () => ''),
    0,
  )
  t.equal(
    gidOf('broken', () => groups),
    undefined,
  )
  t.end()
})

void test('a file that cannot be believed, or is not there', (t) => {
  const said = (path: string, disk = fakeDisk({})): string[] => loadSettings(path, disk).problems.map(formatProblem)
  t.same(said('/none'), ['/none: does not exist'])
  t.match(
    loadSettings('/f', fakeDisk({ '/f': { text: 'log_group = no-such-group-here' } })).problems.map(formatProblem),
    ["/f: log_group: there is no group 'no-such-group-here'"],
  )
  t.end()
})
