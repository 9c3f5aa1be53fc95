// The service manager that started the daemon, where one did and says by NOTIFY_SOCKET that it wants to be told: systemd, for a unit
// with Type=notify. Node has no datagram sockets of this machine, so systemd-notify(1) tells it, one process at a time; what is to be
// told meanwhile waits, and of what is only a sign of life just the newest. Nothing here waits for it.
//
// A watchdog is fed from the event loop, at half the time that the unit gives, so that a daemon whose loop hangs is noticed.

import { execFile } from 'node:child_process'
import { errorCode } from './config/error-code.js'
import type { DaemonStatus } from './control/daemon-status.js'
import type { Clock } from './dispatcher/clock.js'
import type { Log } from './log.js'

const PROGRAM = '/usr/bin/systemd-notify'
/** It waits for the manager, which may hang. */
const TIMEOUT_MS = 10_000
const STATUS_MS = 10_000
/** A process for each sign of life: a watchdog that bites sooner is none to live with. */
const LEAST_SIGN_MS = 50
const SECOND_MS = 1000
const USEC_PER_MS = 1000
const NSEC_PER_USEC = 1000n
/** Changes of state that wait; of more the oldest go, as the last one is what holds. An even number: they come in pairs. */
const MAX_WAITING = 8
const MAX_STATUS_CHARACTERS = 200
/** Of the errors of starting it, those that no other try mends. */
const NO_PROGRAM: ReadonlySet<string> = new Set(['ENOENT', 'EACCES'])

/** What the line for people is made of. */
export interface ServiceFacts {
  readonly plugins: number
  readonly running: number
  readonly records: number
  readonly lost: number
}

export interface ServiceWorld {
  /** Its variables for us are taken out, so that no child has them. */
  readonly env: Record<string, string | undefined>
  readonly pid: number
  readonly clock: Clock
  readonly log: Log
  readonly facts: () => ServiceFacts
  /** Resolves with what went wrong, '' if nothing did; rejects when the program cannot be started. */
  readonly tell: (fields: readonly string[], env: Readonly<Record<string, string>>) => Promise<string>
}

/** Undefined: nobody wants to be told anything. */
export function openServiceManager(world: ServiceWorld): ServiceManager | undefined {
  const { env, pid } = world
  const { NOTIFY_SOCKET: socket = '', WATCHDOG_USEC: usec = '', WATCHDOG_PID: of = '' } = env
  for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete env[name]
  if (!/^[/@]./.test(socket)) return undefined
  const isOurs = of === '' || of === String(pid)
  const watchdogMs = isOurs && /^[1-9]\d{0,15}$/.test(usec) ? Number(usec) / USEC_PER_MS : undefined
  return new ServiceManager(world, socket, watchdogMs)
}

export class ServiceManager {
  readonly #world: ServiceWorld
  readonly #socket: string
  readonly #waiting: string[][] = []
  #isSignDue = false
  readonly #isWatched: boolean
  #phase: 'starting' | 'ready' | 'stopping' | 'gone' = 'starting'
  #isTelling = false
  #hasFailed = false
  #last: { readonly records: number; readonly atMs: number }
  readonly #stop: (() => void)[] = []

  constructor(world: ServiceWorld, socket: string, watchdogMs: number | undefined) {
    this.#world = world
    this.#socket = socket
    this.#isWatched = watchdogMs !== undefined
    this.#last = { records: 0, atMs: world.clock.nowMs() }
    // Each time it is told how we are, it is told that we live: more patience needs no timer, and one beyond a timer's reach would have none.
    if (watchdogMs !== undefined && watchdogMs / 2 < STATUS_MS) this.#every(Math.max(LEAST_SIGN_MS, watchdogMs / 2))
    this.#every(STATUS_MS)
  }

  /** Plugins were started, or a reload is done. */
  ready(): void {
    if (this.#phase === 'stopping' || this.#phase === 'gone') return
    this.#phase = 'ready'
    this.#say('READY=1')
  }

  reloading(): void {
    if (this.#phase !== 'ready') return
    // CLOCK_MONOTONIC, by which the manager knows that it is the reload it has asked for.
    this.#say('RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / NSEC_PER_USEC}`)
  }

  /** May be called more than once. */
  stopping(): void {
    if (this.#phase === 'stopping' || this.#phase === 'gone') return
    this.#phase = 'stopping'
    this.#say('STOPPING=1')
  }

  close(): void {
    this.stopping()
    for (const stop of this.#stop.splice(0)) stop()
  }

  #every(ms: number): void {
    const { clock } = this.#world
    const at = this.#stop.length
    const arm = (): void => {
      this.#stop[at] = clock.after(ms, () => {
        arm()
        this.#isSignDue = true
        this.#goOn()
      })
    }
    arm()
  }

  #say(...fields: string[]): void {
    this.#waiting.push(fields)
    if (this.#waiting.length > MAX_WAITING) this.#waiting.splice(0, 2)
    this.#goOn()
  }

  #goOn(): void {
    if (this.#isTelling || this.#phase === 'gone') return
    const change = this.#waiting.shift()
    if (change === undefined && !this.#isSignDue) return
    this.#isSignDue = false
    this.#isTelling = true
    void this.#tell(change)
  }

  /** What every message has: that we live, and how we are. */
  #signs(): string[] {
    const watchdog = this.#isWatched ? ['WATCHDOG=1'] : []
    return [...watchdog, `STATUS=${this.#status()}`]
  }

  /** A change that could not be told is told with the next sign of life: whoever waits for it would wait for ever. */
  async #tell(change: string[] | undefined): Promise<void> {
    const { log } = this.#world
    const why = await this.#wrongWith([...(change ?? []), ...this.#signs()])
    if (why !== '' && !this.#hasFailed) log.warn({ why }, 'the service manager could not be told; trying on')
    this.#hasFailed = why !== ''
    this.#isTelling = false
    if (why === '') return this.#goOn()
    if (change !== undefined) this.#waiting.unshift(change)
  }

  /** What went wrong with telling it; '' if nothing did, or nothing is told any more. */
  async #wrongWith(fields: readonly string[]): Promise<string> {
    const { log, tell } = this.#world
    try {
      return await tell(fields, { NOTIFY_SOCKET: this.#socket })
    } catch (error) {
      // Such as EAGAIN and EMFILE: for the next one there may be room.
      if (!NO_PROGRAM.has(errorCode(error))) return String(error)
      log.warn({ error: String(error) }, 'the service manager is told nothing, as systemd-notify cannot be run')
      this.#phase = 'gone'
      return ''
    }
  }

  /** A line for people. */
  #status(): string {
    const { clock, facts } = this.#world
    const { plugins, running, records, lost } = facts()
    const nowMs = clock.nowMs()
    const seconds = Math.max(nowMs - this.#last.atMs, 1) / SECOND_MS
    const rate = Math.round((records - this.#last.records) / seconds)
    this.#last = { records, atMs: nowMs }
    const loss = lost === 0 ? 'nothing lost' : `${lost} lost`
    return `${running} of ${plugins} plugins run, ${rate} records/s, ${loss}`.slice(0, MAX_STATUS_CHARACTERS)
  }
}

export function factsOf({ plugins, seq }: Pick<DaemonStatus, 'plugins' | 'seq'>): ServiceFacts {
  return {
    plugins: plugins.length,
    running: plugins.filter(({ state }) => state === 'running').length,
    records: seq,
    lost: plugins.reduce((sum, { droppedTotal }) => sum + droppedTotal, 0),
  }
}

/** Runs systemd-notify in the name of this process; only root may, anybody else needs NotifyAccess=all. */
export async function tellBySystemdNotify(
  fields: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<string> {
  return new Promise((told, fail) => {
    const options = { env: { ...env }, cwd: '/', timeout: TIMEOUT_MS, killSignal: 'SIGKILL' } as const
    execFile(PROGRAM, [`--pid=${process.pid}`, ...fields], options, (error, _stdout, stderr) => {
      if (error === null) told('')
      else if (errorCode(error) === '') told(stderr.trim() === '' ? error.message : stderr.trim())
      else fail(error)
    })
  })
}
