// What every plugin does with its command line before it is a plugin. What keeps it from starting is told where it is read also under
// auditd, whose plugins have no standard error that leads anywhere.

import { formatProblem, type Problem } from './config.js'
import { sayLast } from './log.js'
import { keepDebuggerShut } from './no-debugger.js'
import { version } from './version.js'

export const EXIT_DONE = 0
export const EXIT_USAGE = 64
export const EXIT_CONFIG = 78

/** For parseArgs; `verbOf` reads them. */
export const COMMON_OPTIONS = {
  check: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
  version: { type: 'boolean', default: false },
} as const

interface Options {
  readonly verb: string
  /** Everything that is wrong with the arguments, where that is a mistake in the configuration. */
  readonly mistakes?: readonly string[]
}

interface Program<Asked extends Options> {
  /** Throws an Error with what is wrong in words. */
  readonly read: (args: readonly string[]) => Asked
  /** Every verb but help and version; gives the exit status. */
  readonly perform: (asked: Asked) => number | Promise<number>
}

/** Does what the arguments ask for, and sets the exit status. */
export async function runProgram<Asked extends Options>(
  name: string,
  usage: string,
  { read, perform }: Program<Asked>,
): Promise<void> {
  keepDebuggerShut()
  let asked: Asked
  try {
    asked = read(process.argv.slice(2))
  } catch (error) {
    sayLast(`${name}: ${error instanceof Error ? error.message : String(error)}\n${usage}`)
    process.exitCode = EXIT_USAGE
    return
  }
  const { verb, mistakes = [] } = asked
  if (verb === 'help') process.stdout.write(usage)
  else if (verb === 'version') process.stdout.write(`${version()}\n`)
  else process.exitCode = mistakes.length > 0 ? fail(name, mistakes.join('\n')) : await perform(asked)
}

export function verbOf(
  values: Readonly<Record<keyof typeof COMMON_OPTIONS, boolean>>,
): keyof typeof COMMON_OPTIONS | 'run' {
  return (['help', 'version', 'check'] as const).find((each) => values[each]) ?? 'run'
}

/** The file that the arguments name. */
export function oneFile([file, ...more]: readonly string[], defaultFile: string): string {
  if (more.length > 0) throw new Error(`'${more[0]}' is one file too many`)
  return file ?? defaultFile
}

/** What --check says of `what`. */
export function tellCheck(what: string, isWell: boolean, problems: readonly Problem[]): number {
  for (const problem of problems) process.stderr.write(`${formatProblem(problem)}\n`)
  if (!isWell) return EXIT_CONFIG
  process.stdout.write(`${what}: well\n`)
  return EXIT_DONE
}

/** The configuration cannot be used. */
export function misconfigured(name: string, problems: readonly Problem[]): number {
  return fail(name, problems.map(formatProblem).join('\n'))
}

/** Says why the plugin cannot start, under its name on each line. */
export function fail(name: string, text: string, status = EXIT_CONFIG): number {
  sayLast(text.replaceAll(/^/gm, `${name}: `))
  return status
}
