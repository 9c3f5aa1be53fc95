// audispd: argv, signals, exit status. Wires things up and decides nothing.

import { formatProblem, type Problem } from './config.js'
import { findConfig, type ConfigPlace } from './dispatcher/config-place.js'
import { checkReport } from './dispatcher/check-report.js'
import { readDropIns, type DropInReport } from './dispatcher/drop-in-dir.js'
import { dryRunReport } from './dispatcher/dry-run.js'
import { replayReport, replaySettings } from './dispatcher/replay-mode.js'
import { runDirBase } from './dispatcher/run-dir.js'
import { loadSettings } from './dispatcher/settings-file.js'
import { runDaemon } from './daemon.js'
import type { EarlySignals } from './early-signals.js'
import { sayLast } from './log.js'
import { readOptions, USAGE, type Options } from './options.js'
import { version } from './version.js'

const EXIT_DONE = 0
const EXIT_USAGE = 64
const EXIT_BUG = 70
const EXIT_SYSTEM = 71
const EXIT_CONFIGURATION = 78

process.on('uncaughtException', (error: unknown) => {
  // A bug, or a system call that nothing can be done about: never carry on with half a mind.
  const isSystem = error instanceof Error && 'syscall' in error
  const text = error instanceof Error && !isSystem ? error.stack : String(error)
  sayLast(`audispd: ${text}`)
  process.exit(isSystem ? EXIT_SYSTEM : EXIT_BUG)
})

/** Resolves with the exit status. */
export async function main(args: readonly string[], signals: EarlySignals): Promise<number> {
  let options: Options
  try {
    options = readOptions(args)
  } catch (error) {
    sayLast(`audispd: ${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`)
    return EXIT_USAGE
  }
  switch (options.verb) {
    case 'help':
      return say(USAGE)
    case 'version':
      return say(`audispd ${version()}\n`)
    case 'run':
    case 'check':
    case 'dry-run':
      return withConfiguration(options, signals)
    default:
      return options.verb satisfies never
  }
}

async function withConfiguration(options: Options, signals: EarlySignals): Promise<number> {
  const place = findConfig(options.configDir)
  const { settings, problems } = loadSettings(place)
  const reports = readDropIns(place, settings, options.only)
  if (options.verb === 'check') return check(options, place, problems, reports)
  if (options.verb === 'dry-run') return dryRun(options, place, reports)
  if (problems.some(({ level }) => level === 'error') || missesNamed(options, reports)) {
    return refuse(place, [...problems, ...reports.flatMap((report) => report.problems)])
  }
  if (!options.replay) return runDaemon({ options, place, settings, problems, reports, signals })
  const replayed = { settings: replaySettings(settings), reports: reports.map(replayReport) }
  return runDaemon({ options, place, problems, signals, ...replayed })
}

/** A drop-in that was asked for by name and cannot run: there would be nothing to do. */
function missesNamed(options: Options, reports: readonly DropInReport[]): boolean {
  return (
    options.only !== undefined && reports.some(({ kind, name }) => kind === 'invalid' && options.only?.includes(name))
  )
}

function refuse(place: ConfigPlace, problems: readonly Problem[]): number {
  const lines = [
    ...place.warnings,
    ...problems.map((problem) => `${problem.level}: ${formatProblem(problem)}`),
    'not started; `audispd --check` shows the whole configuration',
  ]
  sayLast(lines.map((line) => `audispd: ${line}`).join('\n'))
  return EXIT_CONFIGURATION
}

function check(
  options: Options,
  place: ConfigPlace,
  problems: readonly Problem[],
  reports: readonly DropInReport[],
): number {
  const report = checkReport(problems, reports)
  for (const warning of place.warnings) process.stderr.write(`audispd: warning: ${warning}\n`)
  say(options.json ? `${JSON.stringify(report.json, undefined, 2)}\n` : report.text)
  return report.ok ? EXIT_DONE : EXIT_CONFIGURATION
}

function dryRun(options: Options, place: ConfigPlace, reports: readonly DropInReport[]): number {
  const report = dryRunReport(place, options.runDir ?? runDirBase(), reports)
  say(options.json ? `${JSON.stringify(report.json, undefined, 2)}\n` : report.text)
  return report.ok ? EXIT_DONE : EXIT_CONFIGURATION
}

function say(text: string): number {
  process.stdout.write(text)
  return EXIT_DONE
}
