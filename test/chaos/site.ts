// One machine of the chaos suite: a real dispatcher with its plugins, in a directory. Everything is ended by the pid that it has.

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const ENV = '/usr/bin/env'
const MAIN = resolve('build/src/main.js')
const LOG_SHOWN = 4000
/** A dead peer is noticed after 45 s; the rest is for a machine that is busy. */
const DEADLINE_MS = 240_000
const POLL_MS = 10
/** Where /proc/PID/stat has state and start time, behind the name. */
const STATE = 0
const START_TIME = 19

export class Site {
  readonly dir: string
  readonly name: string
  #child: ChildProcess | undefined

  constructor(base: string, name: string) {
    this.name = name
    this.dir = join(base, name)
    mkdirSync(join(this.dir, 'audispd.d'), { recursive: true })
    this.write('audispd.conf', 'self_events = no\n')
  }

  path(name: string): string {
    return join(this.dir, name)
  }

  write(name: string, text: string): void {
    writeFileSync(this.path(name), text, { mode: 0o644 })
  }

  read(name: string): string {
    try {
      return readFileSync(this.path(name), 'latin1')
    } catch {
      // ENOENT: not there yet, or gone again.
      return ''
    }
  }

  size(name: string): number {
    return statSync(this.path(name), { throwIfNoEntry: false })?.size ?? 0
  }

  dropIn(name: string, lines: readonly string[]): void {
    this.write(`audispd.d/${name}.conf`, ['active = yes', 'format = protocol', ...lines, ''].join('\n'))
  }

  start(): void {
    if (this.isRunning) return
    const log = openSync(this.path('log'), 'a')
    const args = [MAIN, '-c', this.dir, '--run-dir', this.path('run'), '--input', 'none']
    this.#child = spawn(ENV, ['-i', process.execPath, ...args], { stdio: ['ignore', 'ignore', log] })
    closeSync(log)
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
  }

  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error(`${this.name} has not started`)
    return this.#child.pid
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal)
  }

  /** Ends the dispatcher, and waits for its end. What it leaves is ended by the next one, or by endAll(). */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#child
    if (child === undefined || !this.isRunning) return
    const closed = once(child, 'exit')
    child.kill(signal)
    await closed
  }

  /** The living process of a plugin, as its dispatcher has written it down. */
  pluginPid(plugin: string): number | undefined {
    return this.#plugins().find(({ name, isAlive }) => name === plugin && isAlive)?.pid
  }

  /** Kills a plugin's process; false if there is none at the moment. */
  killPlugin(plugin: string, signal: NodeJS.Signals = 'SIGKILL'): boolean {
    const pid = this.pluginPid(plugin)
    if (pid === undefined) return false
    try {
      process.kill(pid, signal)
      return true
    } catch {
      // ESRCH: it has just died by itself.
      return false
    }
  }

  async pluginRuns(plugin: string, otherThan = 0): Promise<number> {
    await this.until(() => ![undefined, otherThan].includes(this.pluginPid(plugin)), `${plugin} runs`)
    return this.pluginPid(plugin) ?? 0
  }

  async until(isSo: () => boolean, what: string): Promise<void> {
    const deadline = Date.now() + DEADLINE_MS
    while (!isSo()) {
      if (Date.now() > deadline)
        throw new Error(`${this.name}: did not happen: ${what}\nthe log so far:\n${this.read('log').slice(-LOG_SHOWN)}`)
      await delay(POLL_MS)
    }
  }

  /** The whole machine: the dispatcher, then whatever it has left. Nobody writes to its disk any more. */
  async crash(): Promise<void> {
    await this.end('SIGKILL')
    for (const { pid, isAlive } of this.#plugins()) {
      try {
        if (isAlive) process.kill(-pid, 'SIGKILL')
      } catch {
        // ESRCH: its input has ended, and so has it.
      }
    }
    await this.until(() => this.#plugins().every(({ isAlive }) => !isAlive), 'its plugins are gone')
  }

  #plugins(): { readonly name: string; readonly pid: number; readonly isAlive: boolean }[] {
    if (!existsSync(this.path('run'))) return []
    const files = readdirSync(this.path('run'), { recursive: true, encoding: 'utf8' })
    return files.flatMap((file) => {
      const name = /([^/]+)\.pid$/.exec(file)?.[1]
      if (name === undefined) return []
      const [pid, startTicks] = this.read(join('run', file)).split(' ')
      const stat = statOf(Number(pid))
      const isAlive = stat[START_TIME] === startTicks && !['Z', 'X'].includes(stat[STATE] ?? 'X')
      return [{ name, pid: Number(pid), isAlive }]
    })
  }
}

/** What /proc/PID/stat has behind the name in parentheses; empty if there is no such process. */
function statOf(pid: number): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    // ENOENT or ESRCH: gone.
    return []
  }
}
