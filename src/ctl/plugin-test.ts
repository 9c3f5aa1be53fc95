import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { delimiter, isAbsolute, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { time } from '../config/quantity.js'
import { SYSTEM_CLOCK } from '../dispatcher/clock.js'
import { DIRECTIONS, FORMATS, type Check } from './conformance/check.js'
import { CHECKS } from './conformance/checks.js'
import { examine, type Finding } from './conformance/examination.js'
import { CannotStart } from './conformance/plugin-under-test.js'
import { asJson, findingText, tally, tallyText } from './conformance/report.js'
import type { Examinee, Limits, Violation } from './conformance/stage.js'
import { Workplace } from './conformance/workplace.js'
import { CtlError, systemReason } from './ctl-error.js'
import type { Host } from './host.js'
import { orUsage, usage } from './verb-options.js'

const VERB = 'plugin test'
const EXIT_FAILED = 1

const HELP = `usage: audispctl plugin test [option ...] -- PROGRAM [argument ...]

Plays the dispatcher to a plugin, and holds what it does against its contract.

  --format FORMAT       ${FORMATS.join(' or ')} (default protocol), as in the drop-in
  --direction DIRECTION out, in or both, as in the drop-in (default: judged by what it does)
  --timeout TIME        for READY, the end, each answer, and an ACK above its second
                        (default 10s, 5s, 5s, 1s)
  --only CHECK,...      these checks alone
  --list                name the checks, each with its reason, and start nothing
  --json                one JSON object instead of text

Exit status: 0 all passed, 1 something failed, 64 usage, 71 it cannot be started.
See audispctl(8).
`

export const PLUGIN_TEST_OPTIONS = {
  format: { type: 'string', default: 'protocol' },
  direction: { type: 'string', default: 'auto' },
  timeout: { type: 'string' },
  only: { type: 'string', multiple: true },
  list: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

/** What a plugin may wait before it acknowledges. */
const ACK_MS = 1000
const DEFAULT_LIMITS: Limits = { readyMs: 10_000, stopMs: 5000, answerMs: 5000, ackMs: ACK_MS + 1000 }
const readTimeout = time(100, 600_000)

/** Runs a program through the contract of plugins. */
export async function pluginTest(args: readonly string[], host: Host): Promise<number> {
  const { values, positionals } = orUsage(VERB, () =>
    parseArgs({ args: [...args], options: PLUGIN_TEST_OPTIONS, strict: true, allowPositionals: true }),
  )
  if (values.help) {
    host.out(HELP)
    return 0
  }
  const format = oneOf('format', FORMATS, values.format)
  const checks = chosen(
    values.only,
    CHECKS.filter(({ formats }) => formats.includes(format)),
  )
  if (values.list) {
    host.out(checks.map(({ name, why }) => `${name}\n    ${why}\n`).join(''))
    return 0
  }
  const direction = oneOf('direction', DIRECTIONS, values.direction)
  const limits = limitsOf(values.timeout)
  const [name, ...rest] = positionals
  if (name === undefined) throw usage(VERB, 'a program is missing; it stands behind --')
  const program = { path: findProgram(name), args: rest, env: environment() }
  for (const relative of rest.filter(isRelativePath)) {
    host.warn(`audispctl ${VERB}: note: plugins run in /, where '${relative}' is another file or none\n`)
  }

  const workplace = new Workplace()
  const findings: Finding[] = []
  try {
    const facts = { sentDeniable: false, stopFails: false, mostRecords: 0 }
    const violations = new Map<string, Violation>()
    const examinee: Examinee = { program, format, direction, limits, clock: SYSTEM_CLOCK, workplace, facts, violations }
    await examine(examinee, checks, (finding) => {
      findings.push(finding)
      if (!values.json) host.out(findingText(finding))
    })
  } catch (error) {
    if (!(error instanceof CannotStart)) throw error
    throw cannotStart(program.path, error.message, error)
  } finally {
    workplace.clear()
  }
  const exitStatus = tally(findings).failed > 0 ? EXIT_FAILED : 0
  const command = [program.path, ...rest]
  host.out(values.json ? asJson({ command, format, direction, findings, exitStatus }) : tallyText(tally(findings)))
  return exitStatus
}

function oneOf<T extends string>(option: string, words: readonly T[], word: string): T {
  const found = words.find((each) => each === word)
  if (found === undefined) throw usage(VERB, `--${option} takes ${words.join(', ')}, not '${word}'`)
  return found
}

function chosen(only: readonly string[] | undefined, checks: readonly Check[]): readonly Check[] {
  if (only === undefined) return checks
  const names = only.flatMap((words) => words.split(',')).filter((name) => name !== '')
  if (names.length === 0) throw usage(VERB, '--only needs the name of a check; --list names them')
  for (const name of names) {
    if (!checks.some((check) => check.name === name))
      throw usage(VERB, `there is no check '${name}'; --list names them`)
  }
  return checks.filter(({ name }) => names.includes(name))
}

function limitsOf(timeout: string | undefined): Limits {
  if (timeout === undefined) return DEFAULT_LIMITS
  const parsed = readTimeout(timeout)
  if ('mistake' in parsed) throw usage(VERB, `--timeout: ${parsed.mistake}`)
  const { value } = parsed
  return { readyMs: value, stopMs: value, answerMs: value, ackMs: ACK_MS + value }
}

/** A drop-in has an absolute path; on a command line any way to name a program will do. */
function findProgram(name: string): string {
  const places = name.includes('/') ? [''] : (process.env['PATH'] ?? '').split(delimiter)
  const paths = places.map((place) => resolve(join(place, name)))
  const found = paths.find((path) => isProgram(path)) ?? paths[0] ?? name
  try {
    accessSync(found, constants.X_OK)
  } catch (error) {
    throw cannotStart(name, systemReason(error), error)
  }
  if (!isProgram(found)) throw cannotStart(name, 'not a regular file')
  return found
}

function isProgram(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true
}

function isRelativePath(arg: string): boolean {
  return !isAbsolute(arg) && !arg.startsWith('-') && existsSync(arg)
}

function cannotStart(program: string, reason: string, cause?: unknown): CtlError {
  const mend = 'give a program that can be executed, such as a script with a #! line and chmod +x'
  return new CtlError('system', [{ message: `${program} cannot be started: ${reason}`, mend }], { cause })
}

/** As the dispatcher has it: nothing, but for what Node needs where its compiler may not run. */
function environment(): Readonly<Record<string, string>> {
  const isJitless = process.execArgv.includes('--jitless') || (process.env['NODE_OPTIONS'] ?? '').includes('--jitless')
  return isJitless ? { NODE_OPTIONS: '--jitless' } : {}
}
