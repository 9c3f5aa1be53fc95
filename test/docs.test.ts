// The pages say what the code does: what can be compared is compared.

import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { test } from 'tap'
import { eventLine } from '../src/show/event-line.js'
import { readableLine } from '../src/show/line.js'
import { PLAIN } from '../src/show/paint.js'
import { newLife, next, type PluginEvent, type PluginState } from '../src/dispatcher/plugin-state.js'
import { DEFAULT_SETTINGS } from '../src/dispatcher/settings.js'
import { HANDLED_SIGNALS } from '../src/early-signals.js'
import { USAGE } from '../src/options.js'
import { HEADER_BYTES } from '../src/protocol/frame.js'
import { writeLine } from '../src/protocol/record.js'
import { EventAssembler, readRecord } from '../src/sdk/index.js'

const NO_PAGES = new Set(['.git', '.tap', 'build', 'node_modules', 'fixtures'])
const PAGES = filesBelow('.').filter((path) => path.endsWith('.md'))
const MANUALS = readdirSync('man').map((name) => join('man', name))
const RECORDING = 'test/fixtures/auditd-stream/v2.8.5-raw.bin'

void test('every link leads to a file, and its anchor to a heading', (t) => {
  for (const page of PAGES) {
    for (const { file, anchor } of linksOf(page)) {
      if (!t.ok(existsSync(file), `${page}: ${file}`) || anchor === '') continue
      t.ok(anchorsOf(file).includes(anchor), `${page}: ${file}#${anchor}`)
    }
  }
  t.end()
})

void test('every page and manual is reached from the README', (t) => {
  const reached = new Set(['README.md'])
  for (const page of reached) {
    if (page.endsWith('.md')) for (const { file } of linksOf(page)) reached.add(file)
  }
  for (const page of [...PAGES, ...MANUALS, 'LICENSE']) t.ok(reached.has(page), page)
  t.end()
})

void test('the record in the README is in the recording, and comes out as it says', (t) => {
  const readme = read('README.md')
  const dump = [...readme.matchAll(/^ {4}([0-9a-f]{8}): ((?:[0-9a-f]{2,4} )+) /gm)]
  const offset = Number.parseInt(dump[0]?.[1] ?? '', 16)
  const frame = Buffer.from(dump.map(([, , hex = '']) => hex.replaceAll(' ', '')).join(''), 'hex')
  t.ok(frame.length > HEADER_BYTES)
  t.same(readFileSync(RECORDING).subarray(offset, offset + frame.length), frame)

  const line = Buffer.alloc(1024)
  const type = frame.readUInt32LE(8)
  const end = writeLine(line, 0, 0, type, frame, HEADER_BYTES, frame.length, true, Buffer.alloc(0))
  const text = line.toString('latin1', 0, end - 1)
  t.ok(readme.includes(`\n    ${text}\n`), text)
  const assembler = new EventAssembler()
  const record = readRecord(text)
  const [event] = [...(record === undefined ? [] : assembler.push(record, 0, 1)), ...assembler.flush()]
  const shown = event === undefined ? '' : eventLine(event, PLAIN)
  t.ok(readme.includes(`\n    ${shown}\n`), shown)
  t.ok(readme.includes(`\n    ${readableLine(text)}\n`), readableLine(text))
  t.end()
})

void test('audispd(8) has the options of --help, and no others', (t) => {
  const help = [...USAGE.matchAll(/^ {2}(?:(-\w), | {4})(--[\w-]+)/gm)].flatMap(([, short, long]) => [short, long])
  const described = itemsIn('man/audispd.8', 'OPTIONS').flatMap((item) =>
    [...item.matchAll(/Fl (\S+)/g)].map(([, name = '']) => `-${name}`),
  )
  t.same(described.sort(), help.filter((name) => name !== undefined).sort())
  t.end()
})

void test('audispd(8) has the signals that are handled', (t) => {
  const described = itemsIn('man/audispd.8', 'SIGNALS').flatMap((item) => item.split(' , '))
  t.same(described.map((name) => `SIG${name}`).sort(), [...HANDLED_SIGNALS].sort())
  t.end()
})

void test('help, manual and code have the same exit statuses', (t) => {
  const [, inHelp = ''] = /^Exit status: (.*)\.$/m.exec(USAGE) ?? []
  const help = inHelp.split(', ').map((words) => words.split(' ')[0] ?? '')
  const code = sources()
    .filter(([file]) => !file.includes('/ctl/'))
    .flatMap(([, text]) => [...text.matchAll(/^const EXIT_\w+ = (\d+)$/gm)].map(([, status = '']) => status))
  t.same(itemsIn('man/audispd.8', 'EXIT STATUS').sort(), help.toSorted())
  t.same([...new Set(code)].sort(), help.toSorted())
  const [, launcher = ''] = /\bexit (\d+)/.exec(read('bin/launcher.sh')) ?? []
  t.ok(help.includes(launcher), `the launcher's ${launcher}`)
  t.end()
})

void test('audispd(8) has every record of our own, and no others', (t) => {
  const made = sources().flatMap(([, text]) => [...text.matchAll(/\bop: '([a-z-]+)'/g)].map(([, op = '']) => op))
  const [, table = ''] = /^\.It Em op [^]*?\n([^]*?)\n\.El$/m.exec(read('man/audispd.8')) ?? []
  const described = [...table.matchAll(/^\.It (\S+) Ta/gm)].map(([, op = '']) => op)
  t.same([...new Set(described)].sort(), [...new Set(made)].sort())
  t.end()
})

void test('audispd.conf(5) has every key of the shipped file, and the shipped file every key', (t) => {
  const [settings = '', actions = ''] = read('etc/audispd.conf').split(/^# \[action .*\]$/m)
  const shipped = [...settings.matchAll(/^(\w+) =/gm), ...actions.matchAll(/^# (\w+) =/gm)].map(([, key = '']) => key)
  const described = [...read('man/audispd.conf.5').matchAll(/^\.It Cm (\w+) No =/gm)].map(([, key = '']) => key)
  t.ok(shipped.length > 0)
  t.same(shipped.sort(), described.sort())
  t.end()
})

void test('the manuals of the plugins have the options, signals and exit statuses of --help, and no others', (t) => {
  for (const name of readdirSync('plugins')) {
    const manual = `man/audispd-${name}.8`
    const [, usage = ''] = /^const USAGE = `([^`]*)`/m.exec(read(`plugins/${name}/main.ts`)) ?? []
    t.ok(usage !== '', `plugins/${name}/main.ts has a USAGE`)
    const help = [...usage.matchAll(/^ {2}(?:(-\w), | {4})(--[\w-]+)/gm)].flatMap(([, short = '', long = '']) => [
      short,
      long,
    ])
    const described = itemsIn(manual, 'OPTIONS').flatMap((item) =>
      [...item.matchAll(/Fl (\S+)/g)].map(([, option = '']) => `-${option}`),
    )
    t.same(described.sort(), help.filter(Boolean).sort(), manual)
    const [, signals = ''] = /^Signals: ([^]*?)\n(?=Exit)/m.exec(usage) ?? []
    const told = itemsIn(manual, 'SIGNALS').flatMap((item) => item.split(' , '))
    t.same(
      told.sort(),
      [...signals.matchAll(/\b[A-Z]{3,4}\d?\b/g)].map(([signal]) => signal).sort(),
      `${manual}: signals`,
    )
    const [, statuses = ''] = /^Exit status: (.*)\.$/m.exec(usage) ?? []
    t.same(
      itemsIn(manual, 'EXIT STATUS'),
      [...statuses.matchAll(/\d+/g)].map(([status]) => status),
      `${manual}: statuses`,
    )
  }
  t.end()
})

void test('audispctl(8) has every option of the verbs remote and cert', (t) => {
  const described = new Set(
    itemsIn('man/audispctl.8', 'OPTIONS').flatMap((item) =>
      [...item.matchAll(/Fl (\S+)/g)].map(([, option = '']) => `-${option}`),
    ),
  )
  const helps = ['status', 'verify', 'export', 'repair'].map((verb) => `src/ctl/remote-${verb}.ts`).filter(existsSync)
  for (const file of ['src/ctl/cert.ts', ...helps]) {
    const [, help = ''] = /^const HELP = `([^`]*)`/m.exec(read(file)) ?? []
    const options = [...help.matchAll(/(?<=[ [])--[a-z-]+/g)].map(([option]) => option)
    t.ok(options.length > 0, file)
    for (const option of new Set(options)) t.ok(described.has(option), `${file}: ${option}`)
  }
  t.end()
})

void test('every manual is clean under mandoc -T lint', (t) => {
  const version = spawnSync('mandoc', ['-T', 'lint', '/dev/null'])
  if (version.error !== undefined) {
    t.pass('mandoc -T lint', { skip: `mandoc cannot be run: ${version.error.message}` })
    t.end()
    return
  }
  for (const manual of MANUALS) {
    const { stdout, stderr } = spawnSync('mandoc', ['-T', 'lint', manual], { encoding: 'utf8' })
    // Our own pages are not installed, and the index of those that are may be old.
    const said = `${stdout}${stderr}`.split('\n').filter((line) => !/manual not found|outdated mandoc\.db/.test(line))
    t.same(said.filter(Boolean), [], manual)
  }
  t.end()
})

void test('the log lines that are explained are those that there are', (t) => {
  const page = read('docs/troubleshooting.md')
  const explained = [...page.matchAll(/\*\*`([^`]+)`\*\*/g)].map(([, message = '']) => message)
  const ours = sources().filter(([file]) => !file.includes('/ctl/'))
  const literals = [...ours, ...pluginSources()].flatMap(([, text]) => literalsIn(text))
  const patterns = literals.filter((text) => text.includes(' ') || text === 'input' || text === 'ledger').map(patternOf)
  for (const message of explained) {
    t.ok(
      patterns.some((pattern) => pattern.test(message)),
      `there is: ${message}`,
    )
  }
  const logged = ours.flatMap(([file, text]) => [
    ...[...text.matchAll(/log\.(?:debug|info|warn|error|fatal)\(([^]{1,300}?)\)\n/g)].flatMap(([, call = '']) =>
      literalsIn(call).slice(-1),
    ),
    ...(file.endsWith('/trouble-meaning.ts') ? literalsIn(text).filter((literal) => literal.startsWith('stdin')) : []),
  ])
  t.ok(logged.length >= 40, `${logged.length} messages found`)
  for (const message of logged) {
    t.ok(
      explained.some((told) => patternOf(message).test(told)),
      `is explained: ${message}`,
    )
  }
  t.end()
})

void test('the table of states is the one in the code', (t) => {
  const events: Record<string, PluginEvent> = {
    start: { kind: 'start' },
    spawned: { kind: 'spawned', pid: 1, greets: false },
    ready: { kind: 'ready' },
    fault: { kind: 'fault', why: '' },
    exited: { kind: 'exited', death: { how: '', exitCode: 1, excused: false } },
    timer: { kind: 'timer' },
    restart: { kind: 'restart' },
    stop: { kind: 'stop', after: 'stopped' },
  }
  const states: Record<PluginState['kind'], PluginState> = {
    stopped: { kind: 'stopped' },
    starting: { kind: 'starting' },
    greeting: { kind: 'greeting', pid: 1 },
    running: { kind: 'running', pid: 1, sinceMs: 0 },
    backoff: { kind: 'backoff', untilMs: 0 },
    stopping: { kind: 'stopping', step: 'unborn', after: 'stopped' },
    failed: { kind: 'failed', reason: '' },
    invalid: { kind: 'invalid' },
  }
  const { restart } = DEFAULT_SETTINGS
  const at = { nowMs: 0, roll: 1, restart, stopTimeoutMs: 1, readyTimeoutMs: 1 }
  const [, rows = ''] = /^\| state \| (?:\w+ \| ?)+\n\|[ -|]+\n((?:\|.*\n)+)/m.exec(read('docs/architecture.md')) ?? []
  const table = new Map(
    rows
      .split('\n')
      .map((row) => row.split('|').slice(1, -1))
      .map(([name = '', ...cells]) => [name.trim(), cells.map((cell) => cell.trim())]),
  )
  for (const [name, state] of Object.entries(states)) {
    const follows = Object.values(events).map((event) => {
      try {
        const { kind } = next({ ...newLife(restart), state }, event, at).life.state
        return kind === name ? '-' : kind
      } catch {
        // What cannot happen throws.
        return 'never'
      }
    })
    t.same(table.get(name), follows, name)
  }
  t.end()
})

void test('docs/dependencies.md has every package, with its version', (t) => {
  const manifest: unknown = JSON.parse(read('package.json'))
  const page = read('docs/dependencies.md')
  for (const field of ['dependencies', 'devDependencies']) {
    const packages = Object.entries(Object.entries(manifest ?? {}).find(([name]) => name === field)?.[1] ?? {})
    t.ok(packages.length > 0, field)
    for (const [name, version] of packages)
      t.ok(page.includes(`\n| ${name} ${String(version)} |`), `${name} ${String(version)}`)
  }
  t.end()
})

function read(path: string): string {
  return readFileSync(path, 'utf8')
}

function filesBelow(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    if (NO_PAGES.has(entry.name)) return []
    const path = join(dir, entry.name)
    return entry.isDirectory() ? filesBelow(path) : [path]
  })
}

void test('what the remote pair says is explained', (t) => {
  const page = read('docs/troubleshooting.md')
  for (const [name, heading] of [
    ['remote-recv', '## The collector: remote-recv'],
    ['remote-send', '## The sender: remote-send'],
  ] as const) {
    const [section = ''] = page.slice(page.indexOf(heading) + 1).split('\n## ')
    const explained = new Set([...section.matchAll(/\*\*`([^`]+)`\*\*/g)].map(([, message = '']) => message))
    const said = pluginSources()
      .filter(([file]) => file.startsWith(`plugins/${name}/`))
      .flatMap(([, text]) => [...text.matchAll(/\blog\(\s*'(?:debug|info|warn|error)',\s*'([^']+)'/g)])
      .map(([, message = '']) => message)
    t.ok(said.length >= 30, `${said.length} messages of ${name} found`)
    t.same(
      said.filter((message) => !explained.has(message)),
      [],
    )
    t.same(
      [...explained].filter((message) => !said.includes(message)),
      [],
      'and nothing else is',
    )
  }
  t.end()
})

/** Our sources, each with its name. */
function sources(): (readonly [file: string, text: string])[] {
  return filesBelow('src').map((file) => [file, read(file)] as const)
}

/** A plugin's lines stand in the same log. */
function pluginSources(): (readonly [file: string, text: string])[] {
  return filesBelow('plugins').map((file) => [file, read(file)] as const)
}

/** Where the relative links and images of a page lead. */
function linksOf(page: string): { file: string; anchor: string }[] {
  const text = read(page).replaceAll(/^(?: {4}|```[^]*?^```).*$/gm, '')
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)
  return targets
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [path = '', anchor = ''] = target.split('#')
      return { file: path === '' ? page : normalize(join(dirname(page), path)), anchor }
    })
}

/** The anchors that the headings of a page make. */
function anchorsOf(page: string): string[] {
  const headings = [...read(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => heading)
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  )
}

/** The items of a section's lists in a manual, without what stands behind the macro's name. */
function itemsIn(manual: string, section: string): string[] {
  const [, body = ''] = new RegExp(`^\\.Sh ${section}\\n([^]*?)(?=^\\.Sh |(?![^]))`, 'm').exec(read(manual)) ?? []
  return [...body.matchAll(/^\.It (.*)$/gm)].map(([, item = '']) => item)
}

function literalsIn(source: string): string[] {
  return [...source.matchAll(/'((?:[^'\\\n]|\\.)*)'|`((?:[^`\\\n]|\\.)*)`/g)].map(
    ([, plain, template]) => plain ?? template ?? '',
  )
}

/** Matches what a literal comes to, with anything in the place of `${…}`. */
function patternOf(literal: string): RegExp {
  const parts = literal.split(/\$\{[^}]*\}/).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
  return new RegExp(`^${parts.join('.+')}$`)
}
