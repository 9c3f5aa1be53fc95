// Plugins that are wrong in one way each, and the check that says so.

import { chmodSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'tap'
import { CHECKS } from '../../src/ctl/conformance/checks.js'
import { plugin as pluginVerb } from '../../src/ctl/plugin.js'
import { pluginNew } from '../../src/ctl/plugin-new.js'
import { pluginTest } from '../../src/ctl/plugin-test.js'
import { fakeHost } from './fake-host.js'
import { verdictOn, verdictsOn, type Verdict } from './plugin-verdict.js'

const WRONG = resolve('test/fixtures/wrong-plugins')
/** What the wrong plugins have in common. */
const SHARED = new Set(['good-manners.js', 'record-source.js'])

/** For those that come too late with one thing: all else has to come within it, also where much else is done. */
const PATIENT = ['--timeout', '4s']

interface Case {
  readonly plugin: string
  /** The checks to make, of which exactly those with a word for what is seen must fail. */
  readonly checks: Readonly<Record<string, RegExp | 'ok'>>
  readonly options?: readonly string[]
  readonly args?: readonly string[]
}

const CASES: readonly Case[] = [
  { plugin: 'never-ready', checks: { opening: /nothing of the kind for 0.5 s/ }, options: ['--timeout', '0.5s'] },
  { plugin: 'ready-with-wrong-version', checks: { opening: /'READY 2 ack'/ } },
  { plugin: 'ready-with-unknown-option', checks: { opening: /unknown option 'turbo'/ } },
  { plugin: 'ready-twice', checks: { 'any-bytes': 'ok', 'ready-once': /another, 'READY 1 ack'/ } },
  { plugin: 'speaks-before-ready', checks: { opening: 'ok', 'ready-first': /'COMMAND early notify info hello'/ } },
  {
    plugin: 'acks-what-was-never-sent',
    checks: { comments: /it acknowledged nothing/, 'acks-possible': /^ACK 1001$/ },
  },
  { plugin: 'acks-backwards', checks: { 'any-bytes': 'ok', 'acks-rise': /^ACK 1$/ } },
  { plugin: 'acks-without-saying-so', checks: { 'any-bytes': 'ok', 'acks-announced': /^ACK 1$/ } },
  { plugin: 'never-acks', checks: { stop: /it acknowledged nothing/, 'acks-in-time': /nothing of the kind for 2 s/ } },
  { plugin: 'never-ends', checks: { stop: /it still runs/ }, options: PATIENT },
  { plugin: 'loses-what-it-had-at-stop', checks: { stop: /the last was ACK \d+/, 'acks-in-time': 'ok' } },
  { plugin: 'junk-verbs', checks: { 'any-bytes': 'ok', 'known-lines': /'thank you for 1': unknown verb/ } },
  { plugin: 'endless-line', checks: { 'any-bytes': 'ok', 'line-length': /a longer line/ } },
  {
    plugin: 'writes-without-reading',
    checks: { stop: /it still runs/ },
    options: PATIENT,
  },
  { plugin: 'stops-reading', checks: { opening: 'ok', burst: /nothing of the kind/ }, options: PATIENT },
  { plugin: 'dies-on-reload', checks: { reload: /its end, exit status 0/ } },
  { plugin: 'acks-torn-record', checks: { 'torn-by-end': 'ok', 'acks-possible': /^ACK 22$/ } },
  { plugin: 'ignores-ping', checks: { ping: /nothing of the kind/ }, options: PATIENT },
  { plugin: 'pongs-another-number', checks: { ping: /PONG 3/, 'pongs-asked': /^PONG 3$/ } },
  { plugin: 'pongs-unasked', checks: { comments: 'ok', 'pongs-asked': /^PONG 1$/ } },
  { plugin: 'dies-of-odd-bytes', checks: { 'recorded-stream': /exit status 1/, 'any-bytes': /exit status 1/ } },
  { plugin: 'dies-of-long-records', checks: { 'recorded-stream': 'ok', 'record-lengths': /exit status 1/ } },
  { plugin: 'counts-on-its-own', checks: { sequence: /the last was ACK 8/ } },
  { plugin: 'reads-32-bits', checks: { sequence: /the last was ACK 4294967295/, 'acks-possible': 'ok' } },
  { plugin: 'ignores-lost', checks: { lost: /the last was ACK 6/ } },
  { plugin: 'dies-of-comments', checks: { comments: /exit status 1/ } },
  { plugin: 'dies-of-errors', checks: { errors: /exit status 1/ } },
  { plugin: 'echoes-the-version', checks: { opening: 'ok', 'later-version': /'READY 9 ack'/ } },
  { plugin: 'dies-of-unknown-keys', checks: { opening: 'ok', 'unknown-keys': /its end, exit status 78/ } },
  { plugin: 'takes-reads-for-lines', checks: { pieces: /./ } },
  { plugin: 'fails-at-end-of-input', checks: { stop: 'ok', 'end-of-input': /exit status 1/ } },
  { plugin: 'waits-for-the-rest', checks: { 'torn-by-end': /it still runs/ }, options: PATIENT },
  { plugin: 'lives-on-after-term', checks: { 'torn-by-term': /it still runs/ }, options: PATIENT },
  { plugin: 'claims-the-future', checks: { opening: /from=1000000/ } },
  { plugin: 'remembers-across-runs', checks: { redelivery: /'READY 1 ack from=\d+'/ }, args: ['FILE'] },
  { plugin: 'forgets-what-it-acked', checks: { opening: 'ok', redelivery: /'READY 1 ack from=1'/ } },
  { plugin: 'commands-without-a-tag', checks: { opening: 'ok', commands: /'COMMAND notify info hello'/ } },
  { plugin: 'dies-of-a-refusal', checks: { ping: 'ok', refusals: /exit status 1/ } },
  { plugin: 'dies-when-idle', checks: { opening: 'ok', idle: /its end, exit status 0/ } },
  { plugin: 'leaves-a-child', checks: { opening: /its end, exit status 0/ } },
  {
    plugin: 'splits-at-odd-bytes',
    checks: { 'any-bytes': /its end, exit status 0/, 'acks-possible': /^ACK 9007199254740991$/ },
    args: ['latin1'],
  },
  {
    plugin: 'splits-at-odd-bytes',
    checks: { 'any-bytes': /its end, exit status 0/, 'acks-possible': /^ACK 9007199254740991$/ },
    args: ['utf8'],
  },
  { plugin: 'joins-at-backslash', checks: { 'any-bytes': /nothing of the kind/ }, options: PATIENT },
  { plugin: 'dies-of-unknown-verbs', checks: { comments: 'ok', 'unknown-lines': /exit status 1/ } },
  ...inVain('first subscribe colour=red', /'colour' is no field/),
  ...inVain('first subscribe', /selector/),
  ...inVain('first notify loud hello', /LEVEL is debug, info, warn or error/),
  ...inVain('first notify info', /there is no text/),
  ...inVain('first notify info 100%', /followed by two hex digits/),
  ...inVain('first action', /action NAME/),
  ...inVain('first action halt a%0ab', /without control bytes/),
  ...inVain('first pause 3s', /takes no arguments/),
  ...inVain('first dance', /there is no such command/),
  ...inVain('first stats,first stats', /^'COMMAND first stats'$/),
  {
    plugin: 'never-resumes',
    checks: { opening: 'ok', comments: /nothing of the kind/ },
    options: PATIENT,
  },
  {
    plugin: 'sends-nothing',
    checks: { opening: 'ok', 'input-records': /^none$/ },
    options: ['--direction', 'in'],
  },
  { plugin: 'dies-of-a-refused-record', checks: { 'input-records': 'ok', 'input-refused': /exit status 1/ } },
  { plugin: 'sends-from-five', checks: { 'input-records': 'ok', 'input-rises': /^RECORD 5$/ } },
  { plugin: 'sends-backwards', checks: { 'input-records': 'ok', 'input-rises': /^RECORD 2$/ } },
  { plugin: 'sends-no-audit-records', checks: { 'input-records': 'ok', 'input-looks': /^RECORD 1 \{/ } },
  {
    plugin: 'ignores-in-window',
    checks: { 'input-records': 'ok', 'input-resumes': 'ok', 'input-window': /^5 of them$/ },
  },
  { plugin: 'never-goes-on', checks: { 'input-records': 'ok', 'input-resumes': /nothing of the kind/ } },
  { plugin: 'changes-its-positions', checks: { 'input-records': 'ok', 'input-positions': /another record/ } },
  {
    plugin: 'sends-from-five',
    checks: { comments: 'ok', direction: /^RECORD 5$/, 'input-looks': 'ok' },
    options: ['--direction', 'out'],
  },
  {
    plugin: 'string-dies-of-hangup',
    checks: { 'recorded-stream': 'ok', hangup: /its end, exit status 1/ },
    options: ['--format', 'string'],
  },
  {
    plugin: 'string-waits-for-the-rest',
    checks: { 'end-of-input': 'ok', 'torn-by-end': /it still runs/ },
    options: ['--format', 'string', ...PATIENT],
  },
  {
    plugin: 'string-lives-on-after-term',
    checks: { 'end-of-input': 'ok', terminate: /it still runs/ },
    options: ['--format', 'string', ...PATIENT],
  },
  {
    plugin: 'string-stays-after-the-end',
    checks: { 'end-of-input': /it still runs/ },
    options: ['--format', 'string', ...PATIENT],
  },
  {
    plugin: 'string-sends-no-records',
    checks: { 'end-of-input': 'ok', 'input-looks': /'started'/ },
    options: ['--format', 'string', '--direction', 'in'],
  },
]

void test('each wrong plugin fails at the check that names what is wrong', async (t) => {
  const places = CASES.map((_, index) => join(t.testdirName, String(index)))
  t.testdir()
  const verdicts = await verdictsOn(CASES.map((each, index) => wordsFor(each, places[index] ?? '')))
  for (const [index, { plugin, checks }] of CASES.entries()) {
    const { status, out } = verdicts[index] ?? { status: -1, out: '{}' }
    const found = findingsIn(out)
    t.equal(status, 1, plugin)
    t.same([...found.keys()].sort(), Object.keys(checks).sort(), plugin)
    for (const [check, seen] of Object.entries(checks)) {
      const finding = found.get(check)
      if (seen === 'ok') t.match(finding, { result: 'ok' }, `${plugin}: ${check}`)
      else t.match(finding, { result: 'failed', seen, transcript: [{ who: /^[DPE-]$/ }] }, `${plugin}: ${check}`)
    }
  }
})

void test('every wrong plugin is tried, and every check fails for one of them', (t) => {
  const there = readdirSync(WRONG).filter((name) => !SHARED.has(name))
  t.same(there.sort(), [...new Set(CASES.map(({ plugin }) => `${plugin}.js`))].sort())
  const failing = new Set(
    CASES.flatMap(({ checks, options = [] }) => {
      const format = options.includes('string') ? 'string' : 'protocol'
      return Object.entries(checks).flatMap(([name, seen]) => (seen === 'ok' ? [] : [`${format} ${name}`]))
    }),
  )
  const scenes = CHECKS.filter(({ kind }) => kind === 'scene')
  const never = scenes.flatMap(({ name, formats }) => formats.map((format) => `${format} ${name}`))
  // These fail as their equals of the other format do.
  const alike = ['recorded-stream', 'record-lengths', 'any-bytes', 'pieces', 'burst'].map((name) => `string ${name}`)
  t.same(
    never.filter((name) => !failing.has(name)),
    alike,
  )
  const rules = CHECKS.filter(({ kind }) => kind === 'rule').map(({ name }) => `protocol ${name}`)
  t.same(
    rules.filter((name) => !failing.has(name)),
    [],
  )
  t.end()
})

/** Of a JSON report, by the name of the check. */
function inVain(commands: string, seen: RegExp): readonly Case[] {
  return [{ plugin: 'asks-in-vain', checks: { opening: 'ok', commands: seen }, args: [commands] }]
}

function findingsIn(json: string): Map<string, unknown> {
  const parsed: unknown = JSON.parse(json)
  const checks = typeof parsed === 'object' && parsed !== null && 'checks' in parsed ? parsed.checks : []
  const found = new Map<string, unknown>()
  for (const check of Array.isArray(checks) ? checks : []) found.set(String(Object(check).name), check)
  return found
}

function wordsFor({ plugin, checks, options = [], args = [] }: Case, file: string): string[] {
  const only = ['--json', '--only', Object.keys(checks).join(',')]
  const program = [process.execPath, join(WRONG, `${plugin}.js`)]
  return [...only, ...options, '--', ...program, ...args.map((arg) => (arg === 'FILE' ? file : arg))]
}

/** The same within this process, for what is refused before anything is started. */
async function refusalOf(words: readonly string[]): Promise<Verdict> {
  const host = fakeHost('/')
  const status = await pluginTest(words, host)
  return { status, ...host.printed() }
}

void test('what it prints for people', async (t) => {
  const args = ['--only', 'opening,comments,acks-rise', '--', process.execPath, join(WRONG, 'acks-backwards.js')]
  const { status, out } = await verdictOn(args)
  t.equal(status, 1)
  const lines = out.split('\n')
  t.same(lines.slice(0, 3), ['ok      opening', 'ok      comments', 'FAIL    acks-rise'])
  t.match(lines[3], /^ {8}An ACK not above the last one is a violation/)
  t.same(lines.slice(4, 6), ['        expected: an ACK above 1, the last one', '        seen:     ACK 1, in comments'])
  t.match(
    out,
    /\n {8} {2}\d\.\d{3} D: HELLO 1 plugin=kit run=[0-9a-f-]{36} next=1 in-window=4096\n {10}\d\.\d{3} P: READY 1 ack\n/,
  )
  t.match(out, / D: RECORD 1 type=.*\n[^]* P: ACK 1\n[^]* P: ACK 1\n/)
  t.match(out, /-: process \d+ ended: exit status 0\n/)
  t.match(out, /\n2 ok, 1 failed, 0 skipped\n$/)
  t.ok(/^[\x20-\x7e\n…]+$/.test(out), 'nothing that a terminal would act upon')
})

void test('when the opening fails, nothing else is tried', async (t) => {
  const { out } = await verdictOn(['--timeout', '0.3s', '--', process.execPath, join(WRONG, 'never-ready.js')])
  t.match(out, /^FAIL {4}opening\n/)
  t.match(out, /\nskipped redelivery: opening failed\n/)
})

void test('a plugin that cannot be started, and wrong usage', async (t) => {
  const dir = t.testdir({ 'no-interpreter': '#!/no/such/interpreter\n', 'not-executable': '' })
  chmodSync(join(dir, 'no-interpreter'), 0o755)
  const system = { code: 'system' }
  await t.rejects(refusalOf(['--', '/no/such/plugin']), { ...system, message: /cannot be started: no such file/ })
  await t.rejects(refusalOf(['--', join(dir, 'not-executable')]), { ...system, message: /permission denied/ })
  await t.rejects(refusalOf(['--', '/']), { ...system, message: /not a regular file/ })
  await t.rejects(refusalOf(['--', join(dir, 'no-interpreter')]), { ...system, message: /No such file/ })
  const usage = { code: 'usage' }
  await t.rejects(refusalOf([]), { ...usage, message: /a program is missing/ })
  await t.rejects(refusalOf(['--format', 'binary', '--', '/bin/true']), { ...usage, message: /protocol, string/ })
  await t.rejects(refusalOf(['--only', 'nothing', '--', '/bin/true']), { ...usage, message: /no check 'nothing'/ })
  await t.rejects(refusalOf(['--only', '', '--', '/bin/true']), { ...usage, message: /needs the name of a check/ })
  await t.rejects(refusalOf(['--timeout', 'soon', '--', '/bin/true']), { ...usage, message: /'soon' is not a time/ })
  const { status, out } = await refusalOf(['--list', '--format', 'string'])
  t.equal(status, 0)
  t.match(out, /^end-of-input\n {4}A string plugin/)
})

void test('audispctl(8) has the options of --help', async (t) => {
  const manual = readFileSync('man/audispctl.8', 'utf8')
  const described = new Set(
    [...manual.matchAll(/^\.It Fl (?:\w+ , Fl |\w+ Ar \w+ , Fl )?-([\w-]+)/gm)].map(([, name = '']) => name),
  )
  for (const verb of [pluginTest, pluginNew]) {
    const host = fakeHost('/')
    t.equal(await verb(['--help'], host), 0)
    const options = [...host.printed().out.matchAll(/^ {2}--([\w-]+)/gm)].map(([, name = '']) => name)
    t.ok(options.length >= 3)
    for (const option of options) t.ok(described.has(option), option)
  }
})

void test('nothing is left: no process, no directory', async (t) => {
  const dir = t.testdir()
  const args = ['--timeout', '0.5s', '--json', '--only', 'stop', '--', process.execPath, join(WRONG, 'never-ends.js')]
  const { out } = await verdictOn(args, { TMPDIR: dir })
  const pids = [...out.matchAll(/process (\d+) is started/g)].map(([, pid]) => Number(pid))
  t.ok(pids.length > 0)
  for (const pid of pids) t.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
  t.same(readdirSync(dir), [])
})

void test('a failure has the same name for the verb as a success', async (t) => {
  const host = fakeHost('/')
  t.equal(await pluginVerb(['test', '--json', '--', '/no/such/plugin'], host), 71)
  t.match(JSON.parse(host.printed().out), { verb: 'plugin test', result: 'failed', exitStatus: 71 })
  const forPeople = fakeHost('/')
  t.equal(await pluginVerb(['test', '--', '/no/such/plugin', '--json'], forPeople), 71)
  t.match(forPeople.printed(), { out: '', warned: /^audispctl plugin test: \/no\/such\/plugin cannot be started/ })
})
