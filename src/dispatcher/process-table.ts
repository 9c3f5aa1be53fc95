import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { errorCode } from '../config/error-code.js'

const START_TIME_FIELD = 22
const BOOT_ID = '/proc/sys/kernel/random/boot_id'

/** A process beyond the reuse of its pid: start time in clock ticks since boot, as in /proc/PID/stat. */
export interface ProcessId {
  readonly pid: number
  readonly startTicks: string
}

/** The process that has this pid now; undefined if none has. */
export function processWith(pid: number): ProcessId | undefined {
  const { startTicks } = statOf(pid)
  return startTicks === '' ? undefined : { pid, startTicks }
}

/** The name of a process as ps shows it, at most 15 characters; empty if there is no such process. */
export function nameOf(pid: number): string {
  return readText(`/proc/${pid}/comm`).trim()
}

/** A zombie is not alive: it does nothing any more, and where nobody reaps it stays for ever. */
export function isAlive(id: ProcessId): boolean {
  const { startTicks, state } = statOf(id.pid)
  return startTicks === id.startTicks && !isGone(state)
}

/** True while a process of the group lives. Zombies do not count: where PID 1 reaps nothing they stay for ever. */
export function groupLives(pgid: number): boolean {
  if (!groupExists(pgid)) return false
  return processes().some((pid) => {
    const { state, group } = statOf(pid)
    return group === String(pgid) && !isGone(state)
  })
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
  return processes().filter((pid) => pid !== process.pid && holds(pid, path))
}

function processes(): number[] {
  return namesInProc()
    .filter((name) => /^[0-9]+$/.test(name))
    .map(Number)
}

function namesInProc(): string[] {
  try {
    return readdirSync('/proc')
  } catch {
    // EMFILE: there is nothing to look with, and nothing that could be done about what would be seen.
    return []
  }
}

function isGone(state: string): boolean {
  return state === 'Z' || state === 'X'
}

function groupExists(pgid: number): boolean {
  try {
    process.kill(-pgid, 0)
    return true
  } catch (error) {
    return errorCode(error) === 'EPERM'
  }
}

/** Of /proc/PID/stat: state letter, process group, start time; empty if there is no such process. */
function statOf(pid: number): { state: string; group: string; startTicks: string } {
  const stat = readText(`/proc/${pid}/stat`)
  // The second field is the name in parentheses, which may hold blanks and parentheses of its own.
  const [state = '', , group = '', ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return { state, group, startTicks: rest[START_TIME_FIELD - 6] ?? '' }
}

function holds(pid: number, path: string): boolean {
  return descriptorsOf(pid).some((fd) => {
    const target = targetOf(`/proc/${pid}/fd/${fd}`)
    return target === path || target === `${path} (deleted)`
  })
}

function descriptorsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`)
  } catch {
    // ENOENT or EACCES: it ended while we looked, or it is somebody else's.
    return []
  }
}

function targetOf(link: string): string {
  try {
    return readlinkSync(link)
  } catch {
    // ENOENT: it was closed while we looked, which says nothing about the others.
    return ''
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
