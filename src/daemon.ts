// The running daemon: what the dispatcher needs of the world, signals, reloads, the end.

import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { getPriority, setPriority } from 'node:os'
import type { Problem } from './config.js'
import { author } from './config/author.js'
import { ActionRunner } from './dispatcher/action-runner.js'
import { startBare } from './dispatcher/child.js'
import { SYSTEM_CLOCK } from './dispatcher/clock.js'
import { controlPath } from './dispatcher/control-path.js'
import { trustAt, type ConfigPlace } from './dispatcher/config-place.js'
import { REAL_DISK } from './config/disk.js'
import { ControlSocket } from './control/control-socket.js'
import { LogRing } from './control/log-ring.js'
import { DaemonDesk } from './daemon-desk.js'
import { Dispatcher } from './dispatcher/dispatcher.js'
import type { DropInReport } from './dispatcher/drop-in-dir.js'
import { Herald } from './dispatcher/herald.js'
import { endOrphans } from './dispatcher/orphans.js'
import { findOwner } from './dispatcher/owner.js'
import { nameOf, processWith } from './dispatcher/process-table.js'
import { checkProgram } from './dispatcher/program.js'
import { RunDir, runDirBase } from './dispatcher/run-dir.js'
import { SegmentPool } from './dispatcher/segment.js'
import type { Settings } from './dispatcher/settings.js'
import { statsPage } from './dispatcher/stats-page.js'
import type { EarlySignals } from './early-signals.js'
import { closeInheritedFiles } from './inherited-files.js'
import { openLog, type Log, type OpenLog } from './log.js'
import type { Options } from './options.js'
import { isError, Reloading, tellProblems } from './reloading.js'
import { factsOf, openServiceManager, tellBySystemdNotify } from './service-manager.js'
import { Watching } from './watching.js'

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
  const { settings } = parts
  process.title = ['audispd', ...process.argv.slice(2)].join(' ')
  process.umask(UMASK)
  const parent = process.ppid
  closeInheritedFiles()
  const ring = new LogRing()
  const openedLog = openLog(settings.log, settings.logLevel, ring.hear)
  const { log, target } = openedLog
  try {
    return await runLogged(parts, openedLog, ring, parent)
  } catch (error) {
    // The last words are for stderr or syslog, as ever: whoever reads a file is to find them as well.
    if (target.startsWith('file:')) log.fatal({ error: String(error) }, 'audispd cannot go on')
    throw error
  } finally {
    await openedLog.close()
  }
}

async function runLogged(parts: DaemonParts, openedLog: OpenLog, ring: LogRing, parent: number): Promise<number> {
  const { options, place, settings } = parts
  const { log } = openedLog
  const startedMs = Date.now()
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
        reload: () => reloading.request(),
        statsPage: (from) => statsPage(desk.status(undefined), from),
        run: randomUUID(),
        isParentGone: () => process.ppid !== parent,
        programDoubt,
        endOrphans: () => endOrphans(base, SYSTEM_CLOCK, log),
        onEnd: (status) => {
          watching.close()
          service?.close()
          // Whoever watches sees the end of the connection, and by then everything has ended.
          void Promise.resolve(control?.close()).then(() => resolve(status))
        },
      },
    )
    const watching = new Watching(log, () => reloading.request())
    const { only, replay } = options
    const onSettings = (taken: Settings): void => {
      watching.follow(place, taken)
      control?.follow({ path: controlPath(taken, base), group: taken.controlGroup })
    }
    const onBegin = (): void => service?.reloading()
    const onOver = (): void => service?.ready()
    const reloading = new Reloading({ place, only, replay, dispatcher, herald, onBegin, onOver, onSettings })
    const desk = new DaemonDesk({
      dispatcher,
      reloading,
      log: openedLog,
      ring,
      jitless: isJitless(),
      parent: nameOf(parent),
      startedMs,
    })
    const service = openServiceManager({
      env: process.env,
      pid: process.pid,
      clock: SYSTEM_CLOCK,
      log,
      facts: () => factsOf(desk.status(undefined)),
      tell: tellBySystemdNotify,
    })
    const control = only === undefined && !replay ? openControl(desk, log) : undefined
    parts.signals.handOver({
      SIGHUP: () => {
        openedLog.reopen()
        reloading.request()
      },
      SIGTERM: () => {
        service?.stopping()
        dispatcher.leave('SIGTERM')
      },
      SIGINT: () => {
        service?.stopping()
        dispatcher.leave('SIGINT')
      },
      SIGUSR1: () => {
        dispatcher.tellLedger()
      },
      SIGUSR2: () => {
        dispatcher.admin.resume(undefined)
      },
    })
    onSettings(settings)
    dispatcher.start(parts.reports).then(onOver, reject)
  })
  runDir.remove()
  log.info({ exitStatus }, 'audispd ended')
  return exitStatus
}

function openControl(desk: DaemonDesk, log: Log): ControlSocket {
  const groupId = async (group: string): Promise<number | undefined> => {
    try {
      return (await findOwner('', group))?.gid
    } catch {
      // There is no such group, which whoever asks tells.
      return undefined
    }
  }
  const after = (ms: number, then: () => void): (() => void) => {
    const timer = setTimeout(then, ms).unref()
    return () => clearTimeout(timer)
  }
  return new ControlSocket({ desk, log, after, nowMs: () => SYSTEM_CLOCK.nowMs(), groupId })
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
