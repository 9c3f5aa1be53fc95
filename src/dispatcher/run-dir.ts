// Where the daemon remembers which processes are its plugins, so that the next daemon can end what a killed one left.
//
//     <run dir>/<pid>.<start ticks>.<boot id>/     one daemon
//         <plugin>.pid                             "<pid> <start ticks> <stop timeout in ms>" of its process
//         <plugin>.<n>.in, <plugin>.<n>.err        FIFOs, for the moment between making and opening them
//         state.json                               what runs, for --dry-run
//
// Each daemon has a directory of its own, so that several may run; one whose daemon is gone is an orphanage.

import { lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { errorCode } from '../config/error-code.js'
import { bootId, isAlive, processWith, type ProcessId } from './process-table.js'

const ROOT_RUN_DIR = '/run/audispd'
const PRIVATE = 0o700
const WRITABLE_BY_OTHERS = 0o022
const PID_SUFFIX = '.pid'
const STATE_FILE = 'state.json'

/** The run directory cannot be used; a fault of the system around us, like that of a system call. */
/** stdin, stderr and stdout of one process. */
export interface FifoPaths {
  readonly input: string
  readonly stderr: string
  readonly output: string
}

export class RunDirError extends Error {
  readonly syscall = 'lstat'
}

export class RunDir {
  readonly path: string
  #fifos = 0

  private constructor(path: string) {
    this.path = path
  }

  /** Makes this daemon's directory below `base`; throws when that cannot be trusted or written. */
  static make(base: string, self: ProcessId | undefined): RunDir {
    makeUnlessThere(base)
    const stat = lstatSync(base)
    if (!stat.isDirectory() || (stat.uid !== process.geteuid?.() && stat.uid !== 0)) {
      throw new RunDirError(`${base} is not a directory of this user's; give another by --run-dir`)
    }
    if ((stat.mode & WRITABLE_BY_OTHERS) !== 0) {
      throw new RunDirError(`${base} may be written by others; give another by --run-dir`)
    }
    const name = `${process.pid}.${self?.startTicks ?? '0'}.${bootId()}`
    const path = join(base, name)
    mkdirSync(path, { mode: PRIVATE })
    return new RunDir(path)
  }

  /** Paths for the FIFOs of one process. */
  fifoPaths(plugin: string): FifoPaths {
    const stem = join(this.path, `${plugin}.${++this.#fifos}`)
    return { input: `${stem}.in`, stderr: `${stem}.err`, output: `${stem}.out` }
  }

  /** For the next daemon. Returns what kept it from being written: this daemon goes on without. */
  remember(plugin: string, pid: number, stopTimeoutMs: number): string {
    const startTicks = processWith(pid)?.startTicks ?? '0'
    return unlessItFails(() => {
      this.#writeWhole(plugin + PID_SUFFIX, `${pid} ${startTicks} ${stopTimeoutMs}\n`)
    })
  }

  forget(plugin: string): void {
    unlessItFails(() => {
      rmSync(join(this.path, plugin + PID_SUFFIX), { force: true })
    })
  }

  removeFifos(paths: FifoPaths): void {
    for (const path of Object.values(paths)) unlessItFails(() => rmSync(path, { force: true }))
  }

  /** Writes what --dry-run compares with. Returns what kept it from being written. */
  saveState(state: unknown): string {
    return unlessItFails(() => {
      this.#writeWhole(STATE_FILE, JSON.stringify(state))
    })
  }

  remove(): void {
    unlessItFails(() => {
      rmSync(this.path, { recursive: true, force: true })
    })
  }

  /** Whole or not at all: a daemon may be killed at any moment. */
  #writeWhole(name: string, text: string): void {
    const path = join(this.path, name)
    writeFileSync(`${path}.new`, text)
    renameSync(`${path}.new`, path)
  }
}

/** What is remembered here is for others; that it cannot be must not harm whoever has records to pass on. */
function unlessItFails(run: () => void): string {
  try {
    run()
    return ''
  } catch (error) {
    return String(error)
  }
}

/** Where run directories of daemons lie: root's in /run, a user's in their own runtime directory. */
export function runDirBase(): string {
  if (process.geteuid?.() === 0) return ROOT_RUN_DIR
  const own = process.env['XDG_RUNTIME_DIR']
  return own === undefined || own === '' ? join(tmpdir(), `audispd-${process.geteuid?.()}`) : join(own, 'audispd')
}

/** A plugin's process that an earlier daemon left. */
export interface Orphan extends ProcessId {
  readonly plugin: string
  readonly stopTimeoutMs: number
}

export interface Orphanage {
  readonly path: string
  readonly orphans: readonly Orphan[]
}

/** The directories of daemons that are gone, each with those of its plugins that may still live. */
export function orphanages(base: string): Orphanage[] {
  const boot = bootId()
  return daemonDirs(base)
    .filter(({ daemon, bootedAs }) => bootedAs !== boot || !isAlive(daemon))
    .map(({ path, bootedAs }) => ({ path, orphans: bootedAs === boot ? orphansIn(path) : [] }))
}

/** The saved states of the daemons that live. */
export function livingStates(base: string): unknown[] {
  const boot = bootId()
  return daemonDirs(base)
    .filter(({ daemon, bootedAs }) => bootedAs === boot && isAlive(daemon))
    .flatMap(({ path }) => {
      try {
        const state: unknown = JSON.parse(readFileSync(join(path, STATE_FILE), 'utf8'))
        return [state]
      } catch {
        // ENOENT: that daemon has only just started.
        return []
      }
    })
}

interface DaemonDir {
  readonly path: string
  readonly daemon: ProcessId
  readonly bootedAs: string
}

function daemonDirs(base: string): DaemonDir[] {
  return namesIn(base).flatMap((name) => {
    const match = /^([0-9]+)\.([0-9]+)\.([0-9a-f-]+)$/.exec(name)
    if (match === null) return []
    if (!isOurs(join(base, name))) return []
    const [, pid = '', startTicks = '', bootedAs = ''] = match
    return [{ path: join(base, name), daemon: { pid: Number(pid), startTicks }, bootedAs }]
  })
}

function orphansIn(path: string): Orphan[] {
  return namesIn(path)
    .filter((name) => name.endsWith(PID_SUFFIX))
    .flatMap((name) => {
      const match = /^([0-9]+) ([0-9]+) ([0-9]+)\n$/.exec(readUnlessGone(join(path, name)))
      if (match === null) return []
      const [, pid = '', startTicks = '', stopTimeoutMs = ''] = match
      const plugin = name.slice(0, -PID_SUFFIX.length)
      return [{ plugin, pid: Number(pid), startTicks, stopTimeoutMs: Number(stopTimeoutMs) }]
    })
}

/** Not with all its parents: Node's recursive mkdir never returns where the kernel refuses, as in /proc. */
function makeUnlessThere(path: string): void {
  try {
    mkdirSync(path, { mode: PRIVATE })
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error
  }
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    // ENOENT: no daemon has run here, or that one is just tidying up.
    return []
  }
}

/** Somebody else's directory could make us end whatever it names. */
function isOurs(path: string): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  return stat?.isDirectory() === true && stat.uid === process.geteuid?.()
}

function readUnlessGone(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // ENOENT: another daemon that starts now tidies up as well.
    return ''
  }
}
