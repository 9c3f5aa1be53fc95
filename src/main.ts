// audispd: argv, signals, exit status. Wires things up and decides nothing.

import { formatProblem, type Problem } from './config.js'
import { findConfig, type ConfigPlace } from './dispatcher/config-place.js'
import { checkReport } from './dispatcher/check-report.js'
import { readDropIns, type DropInReport } from './dispatcher/drop-in-dir.js'
import { dryRunReport } from './dispatcher/dry-run.js'
import { runDirBase } from './dispatcher/run-dir.js'
import { loadSettings } from './dispatcher/settings-file.js'
import { runDaemon } from './daemon.js'
import { readOptions, USAGE, type Options } from './options.js'
import { version } from './version.js'

const EXIT_DONE = 0
const EXIT_USAGE = 64
const EXIT_BUG = 70
const EXIT_SYSTEM = 71
const EXIT_CONFIGURATION = 78

process.on('uncaughtException', (error) => {
  const isSystem = 'syscall' in error
  process.stderr.write(`audispd: ${isSystem ? error.message : (error.stack ?? error.message)}\n`)
  process.exit(isSystem ? EXIT_SYSTEM : EXIT_BUG)
})

await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<void> {
  let options: Options
  try {
    options = readOptions(args)
  } catch (error) {
    process.stderr.write(`audispd: ${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`)
    process.exitCode = EXIT_USAGE
    return
  }
  if (options.verb === 'help') process.stdout.write(USAGE)
  else if (options.verb === 'version') process.stdout.write(`audispd ${version()}\n`)
  else await withConfiguration(options)
}

async function withConfiguration(options: Options): Promise<void> {
  const place = findConfig(options.configDir)
  const { settings, problems } = loadSettings(place)
  const reports = readDropIns(place, settings, options.only)
  if (options.verb === 'check') return check(options, place, problems, reports)
  if (options.verb === 'dry-run') return dryRun(options, place, reports)
  if (problems.some(({ level }) => level === 'error') || missesNamed(options, reports)) {
    return refuse(place, [...problems, ...reports.flatMap((report) => report.problems)])
  }
  process.exitCode = await runDaemon({ options, place, settings, problems, reports, version: version() })
}

/** A drop-in that was asked for by name and cannot run: there would be nothing to do. */
function missesNamed(options: Options, reports: readonly DropInReport[]): boolean {
  return (
    options.only !== undefined && reports.some(({ kind, name }) => kind === 'invalid' && options.only?.includes(name))
  )
}

function refuse(place: ConfigPlace, problems: readonly Problem[]): void {
  for (const warning of place.warnings) process.stderr.write(`audispd: ${warning}\n`)
  for (const problem of problems) process.stderr.write(`audispd: ${problem.level}: ${formatProblem(problem)}\n`)
  process.stderr.write('audispd: not started; `audispd --check` shows the whole configuration\n')
  process.exitCode = EXIT_CONFIGURATION
}

function check(
  options: Options,
  place: ConfigPlace,
  problems: readonly Problem[],
  reports: readonly DropInReport[],
): void {
  const report = checkReport(problems, reports)
  for (const warning of place.warnings) process.stderr.write(`audispd: warning: ${warning}\n`)
  process.stdout.write(options.json ? `${JSON.stringify(report.json, undefined, 2)}\n` : report.text)
  process.exitCode = report.ok ? EXIT_DONE : EXIT_CONFIGURATION
}

function dryRun(options: Options, place: ConfigPlace, reports: readonly DropInReport[]): void {
  const report = dryRunReport(place, options.runDir ?? runDirBase(), reports)
  process.stdout.write(options.json ? `${JSON.stringify(report.json, undefined, 2)}\n` : report.text)
  process.exitCode = report.ok ? EXIT_DONE : EXIT_CONFIGURATION
}
