// The running daemon: what the dispatcher needs of the world, signals, reloads, the end.

import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { getPriority, setPriority } from 'node:os'
import { formatProblem, type Problem } from './config.js'
import { author } from './config/author.js'
import { ActionRunner } from './dispatcher/action-runner.js'
import { startBare } from './dispatcher/child.js'
import { SYSTEM_CLOCK } from './dispatcher/clock.js'
import { trustAt, withPluginDir, type ConfigPlace } from './dispatcher/config-place.js'
import { REAL_DISK } from './config/disk.js'
import { Dispatcher } from './dispatcher/dispatcher.js'
import { readDropIns, watchDropIns, type DropInReport } from './dispatcher/drop-in-dir.js'
import { Herald } from './dispatcher/herald.js'
import { endOrphans } from './dispatcher/orphans.js'
import { nameOf, processWith } from './dispatcher/process-table.js'
import { checkProgram } from './dispatcher/program.js'
import { ReloadRequests } from './dispatcher/reload-requests.js'
import { RunDir, runDirBase } from './dispatcher/run-dir.js'
import { SegmentPool } from './dispatcher/segment.js'
import { loadSettings } from './dispatcher/settings-file.js'
import type { Settings } from './dispatcher/settings.js'
import type { EarlySignals } from './early-signals.js'
import { closeInheritedFiles } from './inherited-files.js'
import { openLog, type Log } from './log.js'
import type { Options } from './options.js'

const UMASK = 0o022
const INIT = '/sbin/init'
const RUNLEVELS = { single: '1', halt: '0' } as const

export interface DaemonParts {
  readonly options: Options
  readonly place: ConfigPlace
  readonly settings: Settings
  readonly problems: readonly Problem[]
  readonly reports: readonly DropInReport[]
  readonly signals: EarlySignals
}

/** Runs until everything has ended; resolves with the exit status. */
export async function runDaemon(parts: DaemonParts): Promise<number> {
  const { options, place, settings } = parts
  process.title = ['audispd', ...process.argv.slice(2)].join(' ')
  process.umask(UMASK)
  const parent = process.ppid
  closeInheritedFiles()
  const openedLog = openLog(settings.log, settings.logLevel)
  const { log } = openedLog
  for (const warning of place.warnings) log.warn(warning)
  tellProblems(log, [...parts.problems, ...parts.reports.flatMap((report) => report.problems)])
  const base = options.runDir ?? runDirBase()
  const runDir = RunDir.make(base, processWith(process.pid))
  const toRunlevel = once((to: 'single' | 'halt') => {
    changeRunlevel(to, log)
  })
  const programDoubt = (path: string): string =>
    checkProgram(path, trustAt(place, REAL_DISK), REAL_DISK).findings.find(isError)?.text ?? ''
  const exitStatus = await new Promise<number>((resolve, reject) => {
    const herald = new Herald(log, author(), () => setImmediate(() => dispatcher.turn()))
    const dispatcher = new Dispatcher(
      { place, settings, input: options.input },
      {
        clock: SYSTEM_CLOCK,
        runDir,
        onRunDirProblem: (problem) => {
          log.warn(
            { problem },
            'run directory cannot be written; should this daemon be killed, the next may not find its plugins',
          )
        },
        nodeOptions: isJitless() ? '--jitless' : '',
        niceness: boostPriority(settings.priorityBoost, log),
        pool: new SegmentPool(),
        herald,
        random: Math.random,
        changeRunlevel: toRunlevel,
        runner: new ActionRunner({ clock: SYSTEM_CLOCK, start: startBare, programDoubt, changeRunlevel: toRunlevel }),
        reload: () => {
          reloads.request()
        },
        run: randomUUID(),
        isParentGone: () => process.ppid !== parent,
        programDoubt,
        endOrphans: () => endOrphans(base, SYSTEM_CLOCK, log),
        onEnd: (status) => {
          watching.close()
          resolve(status)
        },
      },
    )
    const watching = new Watching(log, () => {
      reloads.request()
    })
    const reloads = new ReloadRequests(SYSTEM_CLOCK, async () => {
      await reload(parts, dispatcher, watching, log)
    })
    parts.signals.handOver({
      SIGHUP: () => {
        openedLog.reopen()
        reloads.request()
      },
      SIGTERM: () => {
        dispatcher.leave('SIGTERM')
      },
      SIGINT: () => {
        dispatcher.leave('SIGINT')
      },
      SIGUSR1: () => {
        dispatcher.tellLedger()
      },
      SIGUSR2: () => {
        dispatcher.resume()
      },
    })
    watching.follow(place, settings)
    dispatcher.start(parts.reports).catch(reject)
  })
  runDir.remove()
  log.info({ exitStatus }, 'audispd ended')
  await openedLog.close()
  return exitStatus
}

/** Reads the whole configuration first; a mistake in audispd.conf, or a directory that cannot be read, changes nothing. */
async function reload(parts: DaemonParts, dispatcher: Dispatcher, watching: Watching, log: Log): Promise<void> {
  const { place, options } = parts
  if (dispatcher.isEnding) return log.info('asked to reload while ending; not reloading')
  const { settings, problems } = loadSettings(place)
  const reports = problems.some(isError) ? [] : readDropIns(place, settings, options.only)
  const directories = reports.filter(({ kind }) => kind === 'directory').flatMap((report) => report.problems)
  tellProblems(log, [...problems, ...reports.flatMap((report) => report.problems)])
  if ([...problems, ...directories].some(isError)) {
    log.error('configuration cannot be used; reload refused, everything goes on as it was')
    return dispatcher.refuseReload()
  }
  await dispatcher.reload(settings, reports)
  if (!dispatcher.isEnding) watching.follow(place, settings)
}

/** The watch on the drop-in directories, as long as `watch = yes`. */
class Watching {
  readonly #log: Log
  readonly #onHint: () => void
  #dirs = ''
  #watch: { close(): Promise<void> } | undefined

  constructor(log: Log, onHint: () => void) {
    this.#log = log
    this.#onHint = onHint
  }

  follow(place: ConfigPlace, settings: Settings): void {
    const watched = withPluginDir(place, settings)
    const dirs = settings.watch ? watched.dropInDirs.join('\n') : ''
    if (dirs === this.#dirs) return
    this.#dirs = dirs
    void this.#watch?.close()
    this.#watch = settings.watch ? this.#watchIn(watched) : undefined
  }

  close(): void {
    void this.#watch?.close()
  }

  #watchIn(place: ConfigPlace): { close(): Promise<void> } {
    return watchDropIns(place, this.#onHint, {
      onTrouble: (error) => {
        this.#log.warn({ error: String(error) }, 'watch is in trouble; drop-ins are looked at every 30 s')
      },
    })
  }
}

function tellProblems(log: Log, problems: readonly Problem[]): void {
  for (const problem of problems) {
    if (isError(problem)) log.error(formatProblem(problem))
    else log.warn(formatProblem(problem))
  }
}

function isError({ level }: Pick<Problem, 'level'>): boolean {
  return level === 'error'
}

/** auditd's unit forbids memory that is writable and executable; what is Node among our children must do without as well. */
function isJitless(): boolean {
  return process.execArgv.includes('--jitless') || (process.env['NODE_OPTIONS'] ?? '').includes('--jitless')
}

/**
 * As auditd's: the daemon runs at niceness -boost or better. Only where auditd started it, which has boosted itself and so
 * us: anywhere else there is nobody to keep up with, and a daemon that is woken for each single record does twice the work.
 * Returns the niceness that plugins run with; undefined when it is the daemon's own.
 */
function boostPriority(boost: number, log: Log): number | undefined {
  const niceness = getPriority()
  if (boost === 0 || niceness <= -boost || nameOf(process.ppid) !== 'auditd') return undefined
  try {
    setPriority(-boost)
    return niceness
  } catch (error) {
    log.debug({ boost, error: String(error) }, 'priority_boost not taken')
    return undefined
  }
}

/** The machine changes its runlevel once; asking again while it does so would only disturb it. */
function once<T>(run: (value: T) => void): (value: T) => void {
  let hasRun = false
  return (value) => {
    if (!hasRun) run(value)
    hasRun = true
  }
}

/** Runs what auditd runs for `single` and `halt`. */
function changeRunlevel(to: 'single' | 'halt', log: Log): void {
  log.fatal({ action: to }, 'changing the runlevel')
  const init = spawn(INIT, [RUNLEVELS[to]], { stdio: 'ignore', env: {}, cwd: '/', detached: true })
  init.on('error', (error) => {
    log.fatal({ action: to, error: error.message }, 'cannot change the runlevel')
  })
  init.unref()
}
