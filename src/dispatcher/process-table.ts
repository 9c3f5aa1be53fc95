import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { errorCode } from './error-code.js'

const START_TIME_FIELD = 22
const BOOT_ID = '/proc/sys/kernel/random/boot_id'

/** A process beyond the reuse of its pid: start time in clock ticks since boot, as in /proc/PID/stat. */
export interface ProcessId {
  readonly pid: number
  readonly startTicks: string
}

/** The process that has this pid now; undefined if none has. */
export function processWith(pid: number): ProcessId | undefined {
  const stat = readText(`/proc/${pid}/stat`)
  // The second field is the name in parentheses, which may hold blanks and parentheses of its own.
  const startTicks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[START_TIME_FIELD - 3]
  return startTicks === undefined || startTicks === '' ? undefined : { pid, startTicks }
}

/** The name of a process as ps shows it, at most 15 characters; empty if there is no such process. */
export function nameOf(pid: number): string {
  return readText(`/proc/${pid}/comm`).trim()
}

export function isAlive(id: ProcessId): boolean {
  return processWith(id.pid)?.startTicks === id.startTicks
}

/** True while the process group has members, zombies included. */
export function groupExists(pgid: number): boolean {
  try {
    process.kill(-pgid, 0)
    return true
  } catch (error) {
    return errorCode(error) === 'EPERM'
  }
}

/** Signals a whole group; a group that has gone already is no error. */
export function signalGroup(pgid: number, signal: NodeJS.Signals): void {
  signalQuietly(-pgid, signal)
}

export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  signalQuietly(pid, signal)
}

/** Changes at every boot, so that a pid and start time from before it are not taken for a living process. */
export function bootId(): string {
  return readText(BOOT_ID).trim()
}

/** Processes, other than this one, that have a file open that reads as `path` or as `path (deleted)`. */
export function holdersOf(path: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && holds(pid, path))
}

function holds(pid: number, path: string): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => {
      const target = readlinkSync(`/proc/${pid}/fd/${fd}`)
      return target === path || target === `${path} (deleted)`
    })
  } catch {
    // ENOENT or EACCES: it ended while we looked, or it is somebody else's.
    return false
  }
}

function signalQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (errorCode(error) !== 'ESRCH' && errorCode(error) !== 'EPERM') throw error
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // ENOENT or ESRCH: there is no such process.
    return ''
  }
}
