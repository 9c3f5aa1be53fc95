import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { test } from 'tap'
import { formatProblem } from '../../src/config.js'
import { readDropIn, type DropIn, type DropInSource } from '../../src/dispatcher/drop-in.js'
import { DEFAULT_SETTINGS, readSettings } from '../../src/dispatcher/settings.js'
import { EVERYTHING, parseSelector } from '../../src/protocol/selector.js'

const DEBIAN = 'test/fixtures/drop-ins'
const OURS: Readonly<Record<string, string>> = {
  builtin_af_unix: fileURLToPath(new URL('../../bin/audispd-af-unix', import.meta.url)),
  builtin_syslog: fileURLToPath(new URL('../../bin/audispd-syslog', import.meta.url)),
}
const { settings: WITH_ACTION } = readSettings('[action block-ip]\npath = /bin/block\n', 'audispd.conf')
const SOURCE: DropInSource = { name: 'x', file: '/d/x.conf', settings: WITH_ACTION, relativePaths: false }

const DEFAULTS: DropIn = {
  name: 'x',
  file: '/d/x.conf',
  active: false,
  direction: 'out',
  path: '',
  args: [],
  format: 'string',
  subscribe: EVERYTHING,
  queue: DEFAULT_SETTINGS.queue,
  restart: DEFAULT_SETTINGS.restart,
  user: '',
  group: '',
  env: {},
  allow: [],
  readyTimeoutMs: 10_000,
  stopTimeoutMs: 5000,
  watchdogMs: 0,
}

function read(text: string | Buffer, source: Partial<DropInSource> = {}) {
  const { dropIn, problems } = readDropIn(text, { ...SOURCE, ...source })
  return { dropIn, problems: problems.map((problem) => `${problem.level} ${formatProblem(problem)}`) }
}

function essence(text: string, settings = DEFAULT_SETTINGS, source: Partial<DropInSource> = {}): string {
  const found = readDropIn(text, { ...SOURCE, settings, ...source })
  return 'essence' in found ? found.essence : 'none'
}

const KEYS = [
  'active',
  'direction',
  'path',
  'type',
  'args',
  'format',
  'subscribe',
  'q_depth',
  'q_bytes',
  'overflow_action',
  'restart_delay',
  'max_restarts',
  'restart_window',
  'user',
  'group',
  'env.',
  'allow',
  'ready_timeout',
  'stop_timeout',
  'watchdog',
]
const PROTOCOL_ONLY = 'has an effect only with format = protocol'

// Each good value with what it changes, and what is remarked about it.
const GOOD: readonly (readonly [line: string, changes: Partial<DropIn>, remark?: string])[] = [
  ['active = no', {}],
  ['path = /bin/x\nACTIVE=Yes', { active: true, path: '/bin/x' }],
  ['direction = OUT', {}],
  ['direction = in', { direction: 'in' }],
  ['direction = Both', { direction: 'both' }],
  ['format = Protocol', { format: 'protocol' }],
  [
    'direction = in\nsubscribe = type=EOE',
    { direction: 'in', subscribe: parseSelector('type=EOE') },
    'subscribe: has no effect with direction = in: the plugin gets no records',
  ],
  ['path = /opt/a#b;c', { path: '/opt/a#b;c' }],
  ['path = /opt/my plugin', { path: '/opt/my plugin' }],
  ['type = Always', {}],
  ['type = builtin', {}],
  ['args =', {}],
  ['args = -a "b c" \'d\'  #e ;f', { args: ['-a', 'b c', 'd', '#e', ';f'] }],
  ['format = STRING', {}],
  ['format = Binary', { format: 'binary' }],
  ['q_depth = 7', { queue: { ...DEFAULT_SETTINGS.queue, depth: 7 } }],
  ['q_bytes = 1M', { queue: { ...DEFAULT_SETTINGS.queue, bytes: 1_048_576 } }],
  ['overflow_action = block', { queue: { ...DEFAULT_SETTINGS.queue, overflow: 'block' } }],
  ['restart_delay = 1s..2s', { restart: { ...DEFAULT_SETTINGS.restart, firstDelayMs: 1000, longestDelayMs: 2000 } }],
  ['max_restarts = 0', { restart: { ...DEFAULT_SETTINGS.restart, maxRestarts: 0 } }],
  ['restart_window = 1m', { restart: { ...DEFAULT_SETTINGS.restart, windowMs: 60_000 } }],
  ['user = _laurel', { user: '_laurel' }],
  ['group = 4', { group: '4' }],
  ['env.A = b c\nEnv.a =\nenv.PATH = /bin#x', { env: { A: 'b c', a: '', PATH: '/bin#x' } }],
  ['env.A = "b c"', { env: { A: '"b c"' } }, 'env.A: the quotes are part of the value'],
  ['allow =', {}, `allow: ${PROTOCOL_ONLY}`],
  [
    'allow = action:block-ip action:halt\taction:single reload',
    { allow: ['action:block-ip', 'action:halt', 'action:single', 'reload'] },
    `allow: ${PROTOCOL_ONLY}`,
  ],
  ['ready_timeout = 1m', { readyTimeoutMs: 60_000 }, `ready_timeout: ${PROTOCOL_ONLY}`],
  ['stop_timeout = 0.5s', { stopTimeoutMs: 500 }],
  ['watchdog = 30', { watchdogMs: 30_000 }, `watchdog: ${PROTOCOL_ONLY}`],
  ['watchdog = OFF', {}, `watchdog: ${PROTOCOL_ONLY}`],
]

// Each bad value with all of what is said about it.
const BAD: readonly (readonly [key: string, value: string, text: string])[] = [
  ['active', 'ye', "'ye' is not yes or no (did you mean 'yes'?)"],
  ['direction', 'upward', "'upward' is not out, in or both"],
  ['path', 'bin/x', "'bin/x' is not an absolute path"],
  ['path', '"/bin/x"', 'a path stands without quotes'],
  [
    'path',
    '/opt/a=b',
    "a program's path may not contain '=': env(1) starts it and would take it for a variable; use a link",
  ],
  ['path', 'builtin_sylog', "'builtin_sylog' is no built-in plugin (did you mean 'builtin_syslog'?)"],
  ['type', 'allways', "'allways' is not always or builtin (did you mean 'always'?)"],
  ['args', 'a "b', 'a " is opened and not closed; put a lone " between the other quotes'],
  ['format', 'text', "'text' is not string, binary or protocol"],
  ['subscribe', 'type=SYSCAL', "'SYSCAL' is no record type; its number will do as well (did you mean 'SYSCALL'?)"],
  ['subscribe', 'tpye=SYSCALL', "'tpye' is no field; there are type, node, source (did you mean 'type'?)"],
  ['subscribe', 'type = SYSCALL', "'type' is not field=value[,value...] without blanks"],
  ['q_depth', '0', "'0' is not a whole number from 1 to 100000000"],
  ['q_bytes', '1K', "'1K' is not a size from 64K to 64G, such as 65536 or 64M"],
  ['overflow_action', 'drop', "'drop' is not drop-newest, drop-oldest, block, suspend, single, halt, ignore or syslog"],
  ['restart_delay', '2s..1s', '2s is longer than 1s; the shorter time stands first'],
  ['max_restarts', 'many', "'many' is not a whole number from 0 to 1000000"],
  ['restart_window', '0', "'0' is not a time from 1s to 24h, such as 10s, 0.5s or 5m"],
  ['user', 'a b', "'a b' is no name of a user or group, nor its number"],
  ['group', '-x', "'-x' is no name of a user or group, nor its number"],
  [
    'allow',
    'action:block_ip relod notify',
    "there is no section [action block_ip] in audispd.conf (did you mean 'action:block-ip'?); 'relod' is not reload or action:NAME (did you mean 'reload'?); 'notify' is not reload or action:NAME",
  ],
  ['ready_timeout', '1ms', "'1ms' is not a time from 100ms to 10m, such as 10s, 0.5s or 5m"],
  ['stop_timeout', '11m', "'11m' is not a time from 100ms to 10m, such as 10s, 0.5s or 5m"],
  ['watchdog', 'no', "'no' is not a time from 1s to 1h, such as 10s, 0.5s or 5m, nor off"],
]

void test('what a plugin that sends records can be', (t) => {
  const problemsOf = (text: string, name = 'x'): readonly string[] =>
    readDropIn(text, { name, file: '/d/x.conf', settings: DEFAULT_SETTINGS, relativePaths: false }).problems.map(
      ({ level, line, key, text: said }) => `${level} ${line} ${key}: ${said}`,
    )
  for (const direction of ['in', 'both']) {
    t.same(problemsOf(`direction = ${direction}\nformat = binary`), [
      `error 1 direction: '${direction}' needs format = string, a line a record, or format = protocol`,
    ])
    for (const name of ['auditd', 'self']) {
      t.same(problemsOf(`direction = ${direction}`, name), [
        `error 1 direction: '${name}' is a source of the dispatcher's own: a plugin that sends records needs another name`,
      ])
    }
    t.same(problemsOf(`direction = ${direction}\nformat = protocol\nwatchdog = 30\nallow = reload`), [])
  }
  t.same(problemsOf('direction = both\noverflow_action = block'), [
    "error 2 overflow_action: 'block' with direction = both needs format = protocol; set another overflow_action here",
  ])
  t.same(problemsOf('direction = both\nformat = protocol\noverflow_action = block'), [])
  t.same(problemsOf('direction = out', 'self'), [], 'a plugin that gets records may be called anything')
  t.end()
})

void test('good values', (t) => {
  t.same(read(''), { dropIn: DEFAULTS, problems: [] })
  for (const [line, changes, remark] of GOOD) {
    const at = remark?.startsWith('subscribe') === true ? 2 : 1
    const problems = remark === undefined ? [] : [`warning /d/x.conf:${at}: ${remark}`]
    t.same(read(line), { dropIn: { ...DEFAULTS, ...changes }, problems }, line)
  }
  t.equal(read('subscribe = Type=user_*\t!node=a').dropIn?.subscribe.text, 'type=USER_* !node=a')
  const tried = [...GOOD.map(([line]) => line.toLowerCase()), 'subscribe']
  t.same(
    KEYS.filter((key) => !tried.some((line) => line.includes(key))),
    [],
    'every key is tried',
  )
  t.end()
})

void test('bad values', (t) => {
  for (const [key, value, text] of BAD) {
    const { dropIn, problems } = read(`# x\n${key} = ${value}`)
    t.equal(dropIn, undefined)
    t.same(
      problems.filter((problem) => !problem.includes(PROTOCOL_ONLY)),
      [`error /d/x.conf:2: ${key}: ${text}`],
    )
  }
  t.same(
    KEYS.filter((key) => key !== 'env.' && !BAD.some(([bad]) => bad === key)),
    [],
    'every key is tried',
  )
  const mayBeEmpty = new Set(['args', 'allow', 'env.'])
  for (const key of KEYS.filter((name) => !mayBeEmpty.has(name))) {
    t.ok(read(`${key} =`).problems.includes(`error /d/x.conf:1: ${key}: the value is missing`), key)
  }
  t.same(read('env.A = x\0y').problems, ['error /d/x.conf:1: env.A: control byte 0x00 in the line; take it out'])
  t.same(read(Buffer.from('env.A = \xff', 'latin1')).problems, [
    'error /d/x.conf:1: env.A: the line is not UTF-8; save the file as UTF-8',
  ])
  t.end()
})

void test('all mistakes of a file at once, in its order', (t) => {
  const text = 'actve = yes\npath = x\n[plugin]\nformat = strin\nformat = string\n; x\nenv.1 = x\nargs[] = x\n'
  t.same(read(text), {
    dropIn: undefined,
    problems: [
      "error /d/x.conf:1: actve: unknown key (did you mean 'active'?)",
      "error /d/x.conf:2: path: 'x' is not an absolute path",
      'error /d/x.conf:3: a drop-in has no sections; take [plugin] out',
      "error /d/x.conf:4: format: 'strin' is not string, binary or protocol (did you mean 'string'?)",
      'warning /d/x.conf:5: format: also on line 4; the last one counts',
      "error /d/x.conf:6: ';' does not start a comment; use '#'",
      "error /d/x.conf:7: 'env.1' is no key: a variable is named with A-Z, a-z, 0-9 and _, and does not start with a digit",
      "error /d/x.conf:8: 'args[]' is no key: a key is one word of letters, digits and '_', then '='",
    ],
  })
  t.end()
})

void test('an active drop-in needs a program', (t) => {
  t.same(read('active = yes').problems, ['error /d/x.conf: path: missing; an active drop-in needs a program'])
  t.same(read('', { active: true }).problems, ['error /d/x.conf: path: missing; an active drop-in needs a program'])
  t.same(read('active = yes', { active: false }).problems, [])
  t.equal(read('path = /bin/x', { active: true }).dropIn?.active, true)
  t.equal(read('active = yes\npath = /bin/x', { active: false }).dropIn?.active, false)
  t.end()
})

void test('the program is told also when something else is wrong', (t) => {
  t.same(readDropIn('\npath = /bin/x\nactive = yes\nzzz = 1', SOURCE).program, { path: '/bin/x', line: 2 })
  t.equal(readDropIn('path = /bin/x', SOURCE).program, undefined, 'an inactive one is not looked at')
  t.end()
})

void test('built-in plugins', (t) => {
  for (const path of ['builtin_af_unix', 'Builtin_Syslog']) {
    t.same(read(`path = ${path}\ntype = builtin`).problems, [], 'nothing while it is switched off')
    const { program, problems } = readDropIn(`active = yes\npath = ${path}\ntype = builtin`, SOURCE)
    const name = path.toLowerCase()
    t.same(program, { path: OURS[name], line: 2 })
    t.match(problems, [{ level: 'warning', key: 'path', line: 2, text: `'${name}' is run as ${OURS[name]}` }])
  }
  const args = (text: string) => read(text).dropIn?.args
  t.same(args('path = builtin_af_unix\nargs = 0640 /run/x'), ['0640', '/run/x'])
  t.same(args('path = builtin_af_unix\nargs = 0640 /run/x\nformat = binary'), ['0640', '/run/x', 'binary'])
  t.same(args('path = builtin_af_unix\nargs = String /run/x\nformat = binary'), ['String', '/run/x'])
  t.same(args('path = builtin_syslog'), ['LOG_INFO'])
  t.same(args('path = builtin_syslog\nargs = LOG_AUTH\nformat = binary'), ['LOG_AUTH'])
  t.same(args('path = /bin/x\nformat = binary'), [])
  t.same(read('type = builtin\npath = /bin/x').problems, [
    "warning /d/x.conf:1: type: 'builtin' is read as always: the path is that of a program",
  ])
  t.end()
})

void test('relative paths, where they are allowed', (t) => {
  const path = (text: string) => read(`path = ${text}`, { relativePaths: true })
  t.equal(path('bin/x').dropIn?.path, '/d/bin/x')
  t.equal(path('../x').dropIn?.path, '/x')
  t.equal(path('/bin/x').dropIn?.path, '/bin/x')
  t.equal(path('builtin_syslog').dropIn?.path, OURS['builtin_syslog'])
  t.match(path("'x'").problems, [/a path stands without quotes/])
  const inOddPlace = read('path = x', { relativePaths: true, file: '/a=b/x.conf' })
  t.match(inOddPlace.problems, [/may not contain '='/])
  t.end()
})

void test('a selector that can hardly be meant', (t) => {
  t.same(read('subscribe = type=SYSCALL type=PATH').problems, [
    "warning /d/x.conf:1: subscribe: 'type' stands twice and both must hold; for either of them write type=A,B",
  ])
  t.same(read('subscribe = type=USER_* !type=USER_CMD').problems, [])
  t.end()
})

void test("a drop-in of Debian's packages works unchanged", (t) => {
  const wanted: Readonly<Record<string, Partial<DropIn>>> = {
    'af_unix.conf': { path: OURS['builtin_af_unix'] ?? '', args: ['0640', '/var/run/audispd_events'] },
    'au-remote.conf': { path: '/sbin/audisp-remote' },
    'audispd-zos-remote.conf': { path: '/sbin/audispd-zos-remote', args: ['/etc/audit/zos-remote.conf'] },
    'laurel.conf': { active: true, path: '/usr/sbin/laurel', args: ['--config', '/etc/laurel/config.toml'] },
    'syslog.conf': { path: '/sbin/audisp-syslog', args: ['LOG_INFO'] },
  }
  t.same(readdirSync(DEBIAN).sort(), Object.keys(wanted))
  for (const [file, changes] of Object.entries(wanted)) {
    const text = readFileSync(`${DEBIAN}/${file}`)
    t.same(read(text), { dropIn: { ...DEFAULTS, ...changes }, problems: [] }, file)
    t.match(read(text, { active: true }).dropIn, { ...changes, active: true }, `${file} switched on`)
  }
  t.end()
})

void test('every key is in the manual page', (t) => {
  const page = readFileSync('man/audispd.d.5', 'utf8').replaceAll('\\&', '')
  const keys = [...page.matchAll(/^\.It Cm ([a-z_.]+) N[os]/gm)].map(([, key = '']) => key)
  t.same(keys.sort(), [...KEYS].sort())
  t.end()
})

void test('the essence changes with what a process or a queue is made of', (t) => {
  const text = 'active = yes\npath = /bin/x\nenv.A = 1\nenv.B = 2'
  const same: readonly string[] = [
    essence('PATH=/bin/x\n# x\n\nenv.B = 2\nenv.A = 1\nactive = yes\nq_depth = 100000\nargs =\n'),
    essence(text, DEFAULT_SETTINGS, { file: '/other/x.conf' }),
    essence(text.replace('yes', 'no'), DEFAULT_SETTINGS, { active: true }),
    essence(text, { ...DEFAULT_SETTINGS, watch: true, logLevel: 'debug' }),
    essence(text, { ...DEFAULT_SETTINGS, restart: { ...DEFAULT_SETTINGS.restart, maxRestarts: 3 } }),
  ]
  for (const other of same) t.equal(other, essence(text))
  const different = [
    'args = x',
    'format = binary',
    'subscribe = type=SYSCALL',
    'env.C = 3',
    'user = nobody',
    'group = adm',
    'q_depth = 5',
    'stop_timeout = 1s',
    'max_restarts = 11',
    'path = /bin/y',
    'overflow_action = halt',
  ].map((line) => essence(`${text}\n${line}`))
  different.push(essence(text, { ...DEFAULT_SETTINGS, queue: { ...DEFAULT_SETTINGS.queue, depth: 3 } }))
  t.equal(new Set([...different, essence(text)]).size, different.length + 1)
  t.notOk(different.includes('none'))
  t.end()
})
