// Every command that a page or a manual shows is run, in the order of the page, on a copy of this machine that is thrown away.

import { spawn } from 'node:child_process'
import { accessSync, constants, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import t, { test, type Test } from 'tap'
import { missingPrograms, whyNoNamespace } from './kernel.js'
import { program } from './scene.js'

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const OURS = readdirSync('build/bin')
const LONGEST_PAGE_MS = 200_000
/** Of those that go on until somebody ends them. */
const LOOK_S = 1
const TIMED_OUT = 124
const MACHINE = 'test/fixtures/live/docs-machine.sh'

/** Pages at a time: mostly they wait. */
const JOBS = 3

/** Commands that cannot be run there, and who runs them. */
const ELSEWHERE: readonly (readonly [RegExp, string])[] = [
  [/^npm /, 'these are what the gate itself is made of'],
  [/^apt /, 'the packages suite installs the package'],
  [/^(systemctl|service) /, 'needs systemd as the first process: the packages suite'],
  [/^audispctl install( --reload| -y|$)|^audispctl uninstall/, 'the live suite runs it with the real auditd (install)'],
  [/^(sealert|ausearch -m NETFILTER_PKT)/, 'needs what only such a machine has'],
]
/** They show something until they are interrupted. */
const ENDLESS = /^(socat |audispctl (tap|top|logs .*-f|status --watch))/
/** Their exit status says what they found, and on this machine they find something. */
const FINDING = /^audispctl (doctor|ledger|status|remote status|install --dry-run)/
const FOUND_STATUSES = [0, 1, 2, 3]

interface Shown {
  readonly page: string
  readonly command: string
}

const PAGES = ['README.md', 'CONTRIBUTING.md', ...filesIn('docs', '.md')]
const MANUALS = filesIn('man', '')
const skip = whyNoNamespace() || missingPrograms('unshare', 'ip', 'socat', 'iptables', 'ausearch')

t.jobs = JOBS
for (const page of [...PAGES, ...MANUALS]) {
  const shown = commandsIn(page)
  if (shown.length === 0) continue
  void test(`the commands in ${page}`, { skip, buffered: true, timeout: 0 }, async (t) => {
    const here = shown.filter(({ command }) => {
      const why = ELSEWHERE.find(([pattern]) => pattern.test(command))?.[1]
      if (why !== undefined) t.comment(`${command}: ${why}`)
      return why === undefined
    })
    if (here.length > 0) await runAll(t, page, here)
  })
}

async function runAll(t: Test, page: string, shown: readonly Shown[]): Promise<void> {
  const script = shown.map(({ command }, at) => {
    const look = ENDLESS.test(command) ? `timeout -s INT ${LOOK_S} ` : ''
    const typed = command.replaceAll(/\b(?:PID|812)\b/g, '"$PID"')
    // What it says need not end with a line's end, as what curl says of its progress.
    const said = `( ${look}${typed} ) </dev/null >/run/said 2>&1; status=$?; cat /run/said`
    return `echo "@@ ${at}"; ${said}; printf '\\n@@ ${at} %s\\n' "$status"\n`
  })
  const machine = spawn('/bin/sh', [program('throw-away-root.sh'), '/bin/bash', MACHINE, page], {
    env: { PATH, TERM: 'xterm', HOME: '/root' },
    timeout: LONGEST_PAGE_MS,
    killSignal: 'SIGKILL',
  })
  machine.stdin.end(script.join(''))
  const [output, errors] = await Promise.all([textOf(machine.stdout), textOf(machine.stderr)])
  for (const [at, { command }] of shown.entries()) {
    const [, said = '', status] = new RegExp(`^@@ ${at}\\n([^]*?)^@@ ${at} (\\d+)$`, 'm').exec(output) ?? []
    const allowed = FINDING.test(command) ? FOUND_STATUSES : ENDLESS.test(command) ? [0, TIMED_OUT] : [0]
    t.ok(allowed.includes(Number(status ?? -1)), `${page}: ${command}`, { said, status, errors: errors.slice(-2000) })
    t.notMatch(said, /a bug, please report it/)
  }
}

/** What a reader would type: lines of code, and table cells under "type this", that begin with the name of a program. */
function commandsIn(page: string): Shown[] {
  const text = readFileSync(page, 'utf8')
  const lines = page.endsWith('.md') ? [...tableCells(text), ...codeLines(text)] : manualLines(text)
  return lines
    .map((line) => line.replace(/^[#$] /, '').replace(/ +# .*$| {2,}.*$/, ''))
    .filter((line) => isCommand(line))
    .map((command) => ({ page, command }))
}

function codeLines(text: string): string[] {
  const lines: string[] = []
  let fence = ''
  for (const line of text.split('\n')) {
    const [, language] = /^```(.*)$/.exec(line) ?? []
    if (language !== undefined) fence = fence === '' ? language || 'plain' : ''
    // A program that is shown to be written, not typed.
    else if (line.startsWith('#!')) fence = 'program'
    else if (fence === 'sh' || fence === 'plain') lines.push(line)
    else if (fence === '' && /^ {4,}\S/.test(line)) lines.push(line.trim())
  }
  return lines
}

function tableCells(text: string): string[] {
  const tables = [...text.matchAll(/^\| .* \| type this \|\n\|.*\n((?:\|.*\n)*)/gm)].map(([, rows = '']) => rows)
  return tables.flatMap((rows) => [...rows.matchAll(/\| `([^`]+)` \|$/gm)].map(([, cell = '']) => cell))
}

/** Of EXAMPLES: what has a prompt. */
function manualLines(text: string): string[] {
  const examples = /^\.Sh EXAMPLES\n([^]*?)(?=^\.Sh |$(?![^]))/m.exec(text)?.[1] ?? ''
  const joined = examples.replaceAll(/\\e\n[#>]? */g, '')
  return [...joined.matchAll(/^(?:\.Dl )?([#$] .*)$/gm)].map(([, line = '']) => line.replaceAll('\\-', '-'))
}

function isCommand(line: string): boolean {
  const [name = '', next] = line.split(' ')
  return name !== '' && next !== '=' && (OURS.includes(name) || PATH.split(':').some((dir) => canRun(join(dir, name))))
}

function canRun(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    // ENOENT: no such program.
    return false
  }
}

function filesIn(dir: string, suffix: string): string[] {
  return readdirSync(dir, { withFileTypes: true })
    .flatMap((entry) => (entry.isDirectory() ? filesIn(join(dir, entry.name), suffix) : [join(dir, entry.name)]))
    .filter((path) => path.endsWith(suffix))
    .sort()
}
