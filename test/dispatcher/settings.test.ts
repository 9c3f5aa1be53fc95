import { readFileSync } from 'node:fs'
import { test } from 'tap'
import { formatProblem, readEntries } from '../../src/config.js'
import { ACCEPT_NOTHING, parseAcceptPattern } from '../../src/protocol/accept-pattern.js'
import { DEFAULT_SETTINGS, readSettings, type Settings } from '../../src/dispatcher/settings.js'

const KEYS = [
  'q_depth',
  'q_bytes',
  'overflow_action',
  'restart_delay',
  'max_restarts',
  'restart_window',
  'name_format',
  'name',
  'plugin_dir',
  'priority_boost',
  'log',
  'log_level',
  'control_socket',
  'control_group',
  'watch',
  'self_events',
  'drain_timeout',
]

function problemsOf(text: string): string[] {
  return readSettings(text, 'f').problems.map((problem) => `${problem.level} ${formatProblem(problem)}`)
}

const { queue, restart } = DEFAULT_SETTINGS

// Each good value with what of the settings it changes.
const GOOD: readonly (readonly [line: string, changes: Partial<Settings>])[] = [
  ['q_depth = 1', { queue: { ...queue, depth: 1 } }],
  ['q_depth = 100000000', { queue: { ...queue, depth: 100_000_000 } }],
  ['Q_Bytes = 64k', { queue: { ...queue, bytes: 65_536 } }],
  ['q_bytes = 64G', { queue: { ...queue, bytes: 64 * 1024 ** 3 } }],
  ['overflow_action = DROP-OLDEST', { queue: { ...queue, overflow: 'drop-oldest' } }],
  ['overflow_action = block', { queue: { ...queue, overflow: 'block' } }],
  ['overflow_action = suspend', { queue: { ...queue, overflow: 'suspend' } }],
  ['overflow_action = single', { queue: { ...queue, overflow: 'single' } }],
  ['overflow_action = halt', { queue: { ...queue, overflow: 'halt' } }],
  ['overflow_action = ignore', { queue: { ...queue, overflow: 'ignore' } }],
  ['overflow_action = SYSLOG', { queue: { ...queue, overflow: 'drop-newest' } }],
  ['restart_delay = 1s..2m', { restart: { ...restart, firstDelayMs: 1000, longestDelayMs: 120_000 } }],
  ['restart_delay = 5', { restart: { ...restart, firstDelayMs: 5000, longestDelayMs: 5000 } }],
  ['max_restarts = 0', { restart: { ...restart, maxRestarts: 0 } }],
  ['restart_window = 1h', { restart: { ...restart, windowMs: 3_600_000 } }],
  ['name_format = HOSTNAME', { nameFormat: 'hostname' }],
  ['name_format = fqd', { nameFormat: 'fqd' }],
  ['name_format = numeric', { nameFormat: 'numeric' }],
  ['name_format = user\nname = web1', { nameFormat: 'user', name: 'web1' }],
  ['name =', { name: '' }],
  ['plugin_dir = /opt/plugins', { pluginDir: '/opt/plugins' }],
  ['plugin_dir =', { pluginDir: '' }],
  ['priority_boost = 0', { priorityBoost: 0 }],
  ['log = Stderr', { log: { to: 'stderr' } }],
  ['log = syslog', { log: { to: 'syslog' } }],
  ['log = auto', { log: { to: 'auto' } }],
  ['log = file:/var/log/audispd.log', { log: { to: 'file', path: '/var/log/audispd.log' } }],
  ['log_level = WARN', { logLevel: 'warn' }],
  ['control_socket = /run/x.sock', { controlSocket: '/run/x.sock' }],
  ['control_group = adm', { controlGroup: 'adm' }],
  ['control_group = None', { controlGroup: '' }],
  ['control_group =', { controlGroup: '' }],
  ['watch = yes', { watch: true }],
  ['self_events = no', { selfEvents: false }],
  ['drain_timeout = 0', { drainTimeoutMs: 0 }],
  ['drain_timeout = 1h', { drainTimeoutMs: 3_600_000 }],
]

// Each bad value with a part of what is said about it.
const BAD: readonly (readonly [key: string, value: string, text: string])[] = [
  ['q_depth', '0', "'0' is not a whole number from 1 to 100000000"],
  ['q_depth', '100000001', 'is not a whole number'],
  ['q_bytes', '63K', "'63K' is not a size from 64K to 64G"],
  ['q_bytes', '65G', 'is not a size'],
  ['overflow_action', 'drop', "'drop' is not drop-newest, drop-oldest, block, suspend, single, halt, ignore or syslog"],
  ['overflow_action', 'drop_newest', "(did you mean 'drop-newest'?)"],
  ['restart_delay', '60s..1s', '60s is longer than 1s'],
  ['restart_delay', '1ms..1s', 'is not between 10ms and 1h'],
  ['max_restarts', '-1', 'is not a whole number from 0 to 1000000'],
  ['restart_window', '500ms', 'is not a time from 1s to 24h'],
  ['name_format', 'fqdn', "'fqdn' is not none, hostname, fqd, numeric or user (did you mean 'fqd'?)"],
  ['name_format', 'user', "'user' needs a name; set the key 'name' too"],
  ['name', 'a b', 'a node name has 1 to 255 ASCII characters and no blank'],
  ['name', 'x'.repeat(256), 'a node name has'],
  ['plugin_dir', 'plugins', "'plugins' is not an absolute path"],
  ['priority_boost', '21', 'is not a whole number from 0 to 20'],
  ['log', 'sysolg', "'sysolg' is not auto, stderr or syslog (did you mean 'syslog'?), nor file:/PATH"],
  ['log', 'file:x', "'x' is not an absolute path"],
  ['log', 'file:', "'' is not an absolute path"],
  ['log_level', 'warning', "'warning' is not debug, info, warn or error"],
  ['control_socket', 'x.sock', "'x.sock' is not an absolute path"],
  ['control_socket', `/${'x'.repeat(107)}`, "a socket's path has at most 107 bytes"],
  ['control_group', 'a b', "'a b' is no name of a user or group"],
  ['watch', 'true', "(did you mean 'yes'?)"],
  ['self_events', 'off', "(did you mean 'no'?)"],
  ['drain_timeout', '61m', 'is not a time from 0s to 1h'],
]

void test('good values', (t) => {
  t.same(readSettings('', 'f'), { settings: DEFAULT_SETTINGS, problems: [] })
  for (const [line, changes] of GOOD) {
    t.same(readSettings(line, 'f'), { settings: { ...DEFAULT_SETTINGS, ...changes }, problems: [] }, line)
  }
  t.same(
    KEYS.filter((key) => !GOOD.some(([line]) => line.toLowerCase().startsWith(key))),
    [],
    'every key is tried',
  )
  t.end()
})

void test('bad values', (t) => {
  for (const [key, value, text] of BAD) {
    const [first = '', ...more] = problemsOf(`\n${key} = ${value}`)
    t.ok(first.startsWith(`error f:2: ${key}: `) && first.includes(text), first)
    t.same(more, [], `${key} = ${value}`)
  }
  t.same(
    KEYS.filter((key) => !BAD.some(([bad]) => bad === key)),
    [],
    'every key is tried',
  )
  const mayBeEmpty = new Set(['name', 'plugin_dir', 'control_group'])
  for (const key of KEYS.filter((name) => !mayBeEmpty.has(name))) {
    t.same(problemsOf(`${key} =`), [`error f:1: ${key}: the value is missing`])
  }
  t.end()
})

void test('all mistakes of a file at once, in its order', (t) => {
  t.same(problemsOf('q_depht = 5\nwatch = maybe\nwatch = no\nname = x\n; note\nlog_file = /x'), [
    "error f:1: q_depht: unknown key (did you mean 'q_depth'?)",
    "error f:2: watch: 'maybe' is not yes or no",
    'warning f:3: watch: also on line 2; the last one counts',
    'warning f:4: name: used only with name_format = user',
    "error f:5: ';' does not start a comment; use '#'",
    'error f:6: log_file: unknown key',
  ])
  t.end()
})

void test("the settings file of the audit package's own dispatcher", (t) => {
  const text =
    'q_depth = 250\noverflow_action = SYSLOG\npriority_boost = 4\nmax_restarts = 10\nname_format = HOSTNAME\n#name = mydomain\n'
  const { settings, problems } = readSettings(text, 'f')
  t.same(problems, [])
  t.same([settings.queue.depth, settings.queue.overflow, settings.nameFormat], [250, 'drop-newest', 'hostname'])
  t.end()
})

void test('the shipped file is the defaults, and names every key', (t) => {
  const text = readFileSync('etc/audispd.conf')
  t.same(readSettings(text, 'etc/audispd.conf'), { settings: DEFAULT_SETTINGS, problems: [] })
  t.same(
    readEntries(text, 'etc/audispd.conf')
      .entries.map(({ key }) => key)
      .sort(),
    [...KEYS].sort(),
  )
  const uncommented = text.toString().replaceAll(/^# (?=\[action|path|args|accept|user|timeout|per_minute)/gm, '')
  const { settings, problems } = readSettings(uncommented, 'etc/audispd.conf')
  t.same(problems, [])
  t.same([...settings.actions.keys()], ['block-ip'], 'the example in its comments can be used')
  t.end()
})

void test('every key is in the manual page', (t) => {
  const page = readFileSync('man/audispd.conf.5', 'utf8')
  const keys = [...page.matchAll(/^\.It Cm ([a-z_]+) No =/gm)].map(([, key = '']) => key)
  t.same(keys.sort(), [...KEYS, 'path', 'args', 'accept', 'user', 'timeout', 'per_minute'].sort())
  t.end()
})

void test('actions', (t) => {
  const text =
    'watch = yes\n[action block-ip]\npath = /bin/block\nargs = -a "b c"\naccept = [0-9.]*\nuser = nobody\ntimeout = 5\nper_minute = 3\n[Action B]\npath = /bin/b\n'
  const { settings, problems } = readSettings(text, 'f')
  t.same(problems, [])
  t.same(
    [...settings.actions],
    [
      [
        'block-ip',
        {
          name: 'block-ip',
          path: '/bin/block',
          args: ['-a', 'b c'],
          accept: parseAcceptPattern('[0-9.]*'),
          user: 'nobody',
          timeoutMs: 5000,
          perMinute: 3,
        },
      ],
      [
        'B',
        { name: 'B', path: '/bin/b', args: [], accept: ACCEPT_NOTHING, user: '', timeoutMs: 10_000, perMinute: 10 },
      ],
    ],
  )
  t.end()
})

void test('mistakes in actions', (t) => {
  const bad: readonly (readonly [text: string, wanted: readonly string[]])[] = [
    ['[action a]', ['error f:1: path: missing; an action needs a program to run']],
    ['[action a]\npath = b', ["error f:2: path: 'b' is not an absolute path"]],
    ['[action a]\npath =', ['error f:2: path: the value is missing']],
    ['[action]\npath = /b', ['error f:1: an action is named with 1 to 32 of A-Z, a-z, 0-9, _ and -']],
    [`[action ${'x'.repeat(33)}]\npath = /b`, ['error f:1: an action is named with 1 to 32 of A-Z, a-z, 0-9, _ and -']],
    ['[action halt]\npath = /b', ["error f:1: the action 'halt' is built in; choose another name"]],
    [
      '[action a]\npath = /b\n[action a]\npath = /c\nx = y',
      [
        'error f:3: section [action a] is on line 1 already',
        'warning f:4: path: also on line 2; the last one counts',
        'error f:5: x: unknown key',
      ],
    ],
    [
      '[actoin a]\nx = y',
      ["error f:1: unknown section [actoin a] (did you mean 'action'?); there is only [action NAME]"],
    ],
    ['[queue]', ['error f:1: unknown section [queue]; there is only [action NAME]']],
    [
      '[action a]\npath = /b\npat = c\nq_depth = 5',
      ["error f:3: pat: unknown key (did you mean 'path'?)", 'error f:4: q_depth: unknown key'],
    ],
    [
      '[action a]\npath = /b\ntimeout = 99ms\nper_minute = 0\nuser = -x\nargs = "',
      [
        "error f:3: timeout: '99ms' is not a time from 100ms to 1h, such as 10s, 0.5s or 5m",
        "error f:4: per_minute: '0' is not a whole number from 1 to 6000",
        "error f:5: user: '-x' is no name of a user or group, nor its number",
        'error f:6: args: a " is opened and not closed; put a lone " between the other quotes',
      ],
    ],
    ...['[', 'a]', '[]', '[a[b]]'].map((accept): [string, string[]] => [
      `[action a]\npath = /b\naccept = ${accept}`,
      [
        `error f:3: accept: a class in '${accept}' is empty or has no end; one looks like [0-9a-f], a bracket itself is [[] or []]`,
      ],
    ]),
    ...['*', 'a**', '[a]**'].map((accept): [string, string[]] => [
      `[action a]\npath = /b\naccept = ${accept}`,
      [`error f:3: accept: a * in '${accept}' has nothing before it to repeat; a * itself is [*]`],
    ]),
  ]
  for (const [text, wanted] of bad) t.same(problemsOf(text), wanted, text)
  t.same(problemsOf('[action a]\npath = /b\naccept = [z-a]'), [
    "error f:3: accept: the range 'z-a' in '[z-a]' runs backwards",
  ])
  t.same(problemsOf('[action a]\npath = /b\naccept = [*]x*[a-f]*'), [])
  t.end()
})
