// A real daemon for a test: its stdin in the test's hands, its log read line by line. Waiting is always for something the
// daemon or a plugin says or does, with a deadline that fails the test.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Writable } from 'node:stream'
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises'
import type { Test } from 'tap'
import type { Place } from './place.js'

const MAIN = resolve('build/src/main.js')
/**
 * The environment is made behind the back of the test runner, which puts itself into that of every child. One variable is in
 * it, as auditd may have them, and no plugin gets it.
 */
const ENV = '/usr/bin/env'
const FRESH = ['-i', 'NOT_FOR_PLUGINS=1']
/** Of each wait: what is slow is not wrong. */
const DEADLINE_MS = 90_000
const POLL_MS = 5
/** Characters of the log that a failure shows. */
const LOG_SHOWN = 3000
const KIB = 1024
/** Where statOf() has the process group and the start time. */
const GROUP = 2
const START_TIME = 19

/** Stopped; dead; and waiting for a child that was stopped on its way to its program. */
const STILL = new Set(['T', 'Z', 'X', 'D'])

export interface Started {
  readonly args?: readonly string[]
  /** Flags for Node itself, such as --jitless. */
  readonly nodeArgs?: readonly string[]
  /** Beside what every daemon of a test has. */
  readonly env?: Readonly<Record<string, string>>
  /** What becomes the daemon: a program that is given the daemon's command line and runs it under its own pid. */
  readonly launcher?: readonly string[]
  /** What the daemon reads; by default a socket that write() writes to. */
  readonly stdin?: 'socket' | number
  readonly stdout?: number
  /** Where its log goes; by default here. */
  readonly stderr?: number
}

export interface Ledger {
  readonly in: number
  readonly delivered: number
  readonly filtered: number
  readonly dropped: number
  readonly queued: number
  readonly balanced: boolean
  readonly fields: Readonly<Record<string, string>>
}

interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export class Daemon {
  readonly child: ChildProcess
  readonly place: Place
  #log = ''
  #exit: Exit | undefined

  constructor(t: Test, place: Place, started: Started = {}) {
    this.place = place
    const stdin = started.stdin === undefined || started.stdin === 'socket' ? 'pipe' : started.stdin
    const { launcher = [], nodeArgs = [], args = [], env = {} } = started
    const [command = ENV, ...rest] = [
      ...launcher,
      ENV,
      ...FRESH,
      ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
      process.execPath,
      ...nodeArgs,
      MAIN,
      ...argsAt(place),
      ...args,
    ]
    this.child = spawn(command, rest, { stdio: [stdin, started.stdout ?? 'ignore', started.stderr ?? 'pipe'] })
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#log += text
    })
    this.child.stdin?.on('error', () => {})
    this.child.on('close', (code, signal) => {
      this.#exit = { code, signal }
    })
    t.teardown(async () => {
      this.child.kill('SIGKILL')
      await this.ended()
      endPluginsLeft(place)
    })
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error('the daemon has not started')
    return this.child.pid
  }

  get log(): string {
    return this.#log
  }

  get hasEnded(): boolean {
    return this.#exit !== undefined
  }

  /** stdin, a stream socket as auditd's is. */
  get stdin(): Writable {
    const { stdin } = this.child
    if (stdin === null) throw new Error('this daemon does not read from the test')
    return stdin
  }

  /** Writes, and waits until the kernel has taken it. */
  async write(bytes: Buffer): Promise<void> {
    await new Promise<void>((done, fail) => {
      const late = setTimeout(() => {
        fail(new Error(this.#missed('the daemon takes what is written to it')))
      }, DEADLINE_MS)
      this.stdin.write(bytes, () => {
        clearTimeout(late)
        done()
      })
    })
  }

  endInput(): void {
    this.stdin.end()
  }

  /** Ends the input, and waits for the daemon's end. */
  async finish(): Promise<Exit> {
    this.endInput()
    return this.ended()
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal)
  }

  /** Lines of the log that hold all of `words`; one that is not whole yet is none. */
  lines(...words: readonly string[]): string[] {
    const whole = this.#log.slice(0, this.#log.lastIndexOf('\n') + 1)
    return whole.split('\n').filter((line) => line !== '' && words.every((word) => line.includes(word)))
  }

  /** Waits until the log has `count` lines that hold all of `words`. */
  async says(words: readonly string[], count = 1): Promise<string[]> {
    await this.until(() => this.lines(...words).length >= count, `the log says ${words.join(' … ')} ${count} times`)
    return this.lines(...words)
  }

  /**
   * As until(), and fails at once when the daemon has ended without it. What the daemon had logged before that is in the log
   * then, also where something else was looked at.
   */
  async until(isSo: () => boolean, what: string): Promise<void> {
    await until(
      () => isSo() || this.hasEnded,
      () => this.#described(what),
    )
    if (!isSo()) throw new Error(`the daemon has ended before: ${this.#described(what)}`)
    await turn()
  }

  /** Waits until plugins of these names run. */
  async running(...names: readonly string[]): Promise<void> {
    for (const name of names) await this.says(['plugin started', `plugin=${name} `])
  }

  /** Waits until plugins of these names run, and those of the line protocol have said READY. */
  async ready(...names: readonly string[]): Promise<void> {
    await this.running(...names)
    for (const name of names) await this.ledgerWhen(name, ({ fields }) => fields['state'] === 'running')
  }

  /** Waits until a plugin has a process other than `pid`; returns the new one's. */
  async runningAnew(name: string, pid: number): Promise<number> {
    await this.until(() => this.pidOf(name) !== pid, `${name} runs anew`)
    return this.pidOf(name)
  }

  /** The pid of a plugin's newest process. */
  pidOf(name: string): number {
    const line = this.lines('plugin started', `plugin=${name} `).at(-1)
    if (line === undefined) throw new Error(this.#described(`${name} has not been started`))
    return Number(/pid=(\d+)/.exec(line)?.[1])
  }

  signalPlugin(name: string, signal: NodeJS.Signals): void {
    process.kill(this.pidOf(name), signal)
  }

  /** Stops a plugin and its children by SIGSTOP, and waits until they stand still. */
  async stopPlugin(name: string): Promise<void> {
    process.kill(-this.pidOf(name), 'SIGSTOP')
    await this.standsStill(name)
  }

  /**
   * Waits until a plugin's process and its children are stopped, all threads of them: one that waits for input and has not
   * come round to its signal yet still takes what comes in.
   */
  async standsStill(name: string): Promise<void> {
    const group = String(this.pidOf(name))
    const hasStopped = (): boolean => {
      const states = statesOfGroup(group)
      return states.includes('T') && states.every((state) => STILL.has(state))
    }
    await this.until(hasStopped, `${name} stands still`)
  }

  /** Lets a plugin that was stopped go on, with its children. */
  wakePlugin(name: string): void {
    process.kill(-this.pidOf(name), 'SIGCONT')
  }

  /** Does something again and again until it is so. */
  async doUntil(isSo: () => boolean | Promise<boolean>, what: string, act: () => Promise<unknown>): Promise<void> {
    const deadline = Date.now() + DEADLINE_MS
    while (!(await isSo())) {
      if (Date.now() > deadline) throw new Error(this.#missed(what))
      await act()
      // The news of its end, among others, must come through.
      await turn()
    }
  }

  /** Waits until a plugin's file has `bytes` bytes. */
  async has(name: string, bytes: number): Promise<void> {
    await this.until(() => this.place.size(name) >= bytes, `${name} has ${bytes} bytes, not ${this.place.size(name)}`)
  }

  async ended(): Promise<Exit> {
    await this.until(() => this.#exit !== undefined, 'the daemon ends')
    if (this.#exit === undefined) throw new Error('not ended')
    return this.#exit
  }

  /** Asks for the ledgers by SIGUSR1, and waits for that of `name`. */
  async ledgerNow(name: string): Promise<Ledger> {
    const known = this.#ledgers(name).length
    this.signal('SIGUSR1')
    await this.until(() => this.#ledgers(name).length > known, `a ledger of ${name}`)
    return this.ledger(name)
  }

  /** Asks for the ledger of `name` until it is so. */
  async ledgerWhen(name: string, isSo: (ledger: Ledger) => boolean): Promise<Ledger> {
    const deadline = Date.now() + DEADLINE_MS
    for (;;) {
      const ledger = await this.ledgerNow(name)
      if (isSo(ledger)) return ledger
      if (Date.now() > deadline) throw new Error(this.#missed(`the ledger of ${name} has it that ${isSo.toString()}`))
      await delay(POLL_MS)
    }
  }

  /** The last ledger line of a plugin. */
  ledger(name: string): Ledger {
    const line = this.#ledgers(name).at(-1)
    if (line === undefined) throw new Error(`no ledger of ${name} in:\n${this.#log}`)
    const fields = fieldsOf(line)
    const number = (key: string): number => Number(fields[key])
    return {
      in: number('in'),
      delivered: number('delivered'),
      filtered: number('filtered'),
      dropped: number('dropped'),
      queued: number('queued'),
      balanced: fields['balanced'] === 'true',
      fields,
    }
  }

  /** Memory of the daemon's process in bytes: `VmRSS` now, `VmHWM` at most so far. */
  memory(which: 'VmRSS' | 'VmHWM'): number {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8')
    return KIB * Number(new RegExp(`^${which}:\\s+(\\d+) kB`, 'm').exec(status)?.[1])
  }

  #described(what: string): string {
    return `${what}\nthe log so far:\n${this.#log.slice(-LOG_SHOWN)}`
  }

  #missed(what: string): string {
    return `did not happen within ${DEADLINE_MS / 1000} s: ${this.#described(what)}`
  }

  #ledgers(name: string): string[] {
    return this.lines(' ledger ', `plugin=${name} `)
  }
}

/** The name=value pairs of a line of the log that stand unquoted. */
export function fieldsOf(line: string): Readonly<Record<string, string>> {
  return Object.fromEntries([...line.matchAll(/ ([\w.-]+)=(\S+)/g)].map(([, key, value]) => [key, value]))
}

/** Runs audispd to its end. */
export function runToEnd(args: readonly string[]): { status: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(ENV, [...FRESH, process.execPath, MAIN, ...args], { encoding: 'utf8' })
  return { status, out: stdout, err: stderr }
}

/** The arguments of a daemon at this place. */
export function argsAt(place: Place): string[] {
  return ['-c', place.dir, '--run-dir', place.path('run')]
}

/** Ends what a daemon that was killed has left, by what it wrote down; one that came to its end leaves nothing. */
function endPluginsLeft(place: Place): void {
  for (const [pid, startTicks] of place.pluginsLeft()) {
    if (statOf(pid)[START_TIME] === startTicks) killGroup(pid)
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // ESRCH: it has ended with its input, just now.
  }
}

export async function until(isSo: () => boolean, what: () => string): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS
  while (!isSo()) {
    if (Date.now() > deadline) throw new Error(`did not happen within ${DEADLINE_MS / 1000} s: ${what()}`)
    await delay(POLL_MS)
  }
}

export function isAlive(pid: number): boolean {
  return !['', 'Z', 'X'].includes(stateOf(pid))
}

/** The letter that ps shows for a process, empty if there is none. */
function stateOf(pid: number): string {
  return statOf(pid)[0] ?? ''
}

/** The states of all threads of the processes of a group. */
function statesOfGroup(group: string): string[] {
  const members = readdirSync('/proc').filter((pid) => /^\d/.test(pid) && statOf(pid)[GROUP] === group)
  return members.flatMap((pid) => namesIn(`/proc/${pid}/task`).map((task) => statOf(`${pid}/task/${task}`)[0] ?? ''))
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir)
  } catch {
    // ENOENT: gone.
    return []
  }
}

/** What /proc/PID/stat has behind the name in parentheses, or that of PID/task/TID; empty if there is no such process. */
function statOf(pid: number | string): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    // ENOENT or ESRCH: gone.
    return []
  }
}
