// A real daemon for a test: its own configuration and run directory below /tmp, its stdin in the test's hands, its log read
// line by line. Waiting is always for something the daemon or a plugin says or does, with a deadline that fails the test.

import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Writable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import type { Test } from 'tap'

export const MAIN = resolve('build/src/main.js')
const DEADLINE_MS = 60_000
const POLL_MS = 5
/** Characters of the log that a failure shows. */
const LOG_SHOWN = 3000

export interface Started {
  readonly args?: readonly string[]
  /** Flags for Node itself, such as --jitless. */
  readonly nodeArgs?: readonly string[]
  /** What the daemon reads; by default a socket that write() writes to. */
  readonly stdin?: 'socket' | number
  readonly stdout?: number
}

/** A directory for one test, with a configuration in it; removed at the test's end. */
export class Place {
  readonly dir: string

  constructor(t: Test, settings = 'self_events = no\n') {
    // Not t.testdir(): its long names do not fit everywhere, and plugins of another user could not reach it.
    this.dir = mkdtempSync(join(tmpdir(), 'audispd-test-'))
    t.teardown(() => rmSync(this.dir, { recursive: true, force: true }))
    mkdirSync(join(this.dir, 'audispd.d'))
    this.settings(settings)
  }

  path(name: string): string {
    return join(this.dir, name)
  }

  settings(text: string): void {
    writeFileSync(this.path('audispd.conf'), text)
  }

  dropInPath(name: string): string {
    return join(this.dir, 'audispd.d', `${name}.conf`)
  }

  /** Writes a drop-in, active unless `lines` say otherwise. */
  dropIn(name: string, lines: readonly string[]): void {
    writeFileSync(this.dropInPath(name), ['active = yes', ...lines, ''].join('\n'))
  }

  /** A drop-in that runs one of the programs in test/fixtures/plugins with the Node that runs the test. */
  nodePlugin(name: string, program: string, args: readonly string[] = [], lines: readonly string[] = []): void {
    const script = resolve('test/fixtures/plugins', program)
    this.dropIn(name, [`path = ${process.execPath}`, `args = ${[script, ...args].join(' ')}`, ...lines])
  }

  read(name: string): Buffer {
    return readFileSync(this.path(name))
  }

  removeDropIn(name: string): void {
    rmSync(this.dropInPath(name))
  }
}

export interface Ledger {
  readonly in: number
  readonly delivered: number
  readonly filtered: number
  readonly dropped: number
  readonly queued: number
  readonly fields: Readonly<Record<string, string>>
}

export class Daemon {
  readonly child: ChildProcess
  readonly place: Place
  #log = ''
  #exit: { code: number | null; signal: NodeJS.Signals | null } | undefined

  constructor(t: Test, place: Place, started: Started = {}) {
    this.place = place
    const stdin = started.stdin === undefined || started.stdin === 'socket' ? 'pipe' : started.stdin
    this.child = spawn(
      process.execPath,
      [...(started.nodeArgs ?? []), MAIN, '-c', place.dir, '--run-dir', place.path('run'), ...(started.args ?? [])],
      { stdio: [stdin, started.stdout ?? 'ignore', 'pipe'], env: {} },
    )
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
      // What a killed daemon leaves ends by its end of input; a test that means to check that does so itself.
    })
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error('the daemon has not started')
    return this.child.pid
  }

  get log(): string {
    return this.#log
  }

  /** stdin, a stream socket as auditd's is. */
  get stdin(): Writable {
    const { stdin } = this.child
    if (stdin === null) throw new Error('this daemon does not read from the test')
    return stdin
  }

  /** Writes, and waits until the kernel has taken it. */
  async write(bytes: Buffer): Promise<void> {
    await new Promise<void>((done) => {
      this.stdin.write(bytes, () => {
        done()
      })
    })
  }

  endInput(): void {
    this.stdin.end()
  }

  /** Lines of the log that hold all of `words`. */
  lines(...words: readonly string[]): string[] {
    return this.#log.split('\n').filter((line) => words.every((word) => line.includes(word)))
  }

  /** Waits until the log has `count` lines that hold all of `words`. */
  async says(words: readonly string[], count = 1): Promise<string[]> {
    await this.until(() => this.lines(...words).length >= count, `the log says ${words.join(' … ')} ${count} times`)
    return this.lines(...words)
  }

  /** As until(), and fails at once when the daemon has ended without it. */
  async until(isSo: () => boolean, what: string): Promise<void> {
    const describe = (): string => `${what}\nthe log so far:\n${this.#log.slice(-LOG_SHOWN)}`
    await until(() => isSo() || this.#exit !== undefined, describe)
    if (!isSo()) throw new Error(`the daemon has ended before: ${describe()}`)
  }

  /** Waits until plugins of these names run. */
  async running(...names: readonly string[]): Promise<void> {
    for (const name of names) await this.says(['plugin started', `plugin=${name} `])
  }

  /** The pid of a plugin's newest process. */
  pidOf(name: string): number {
    const line = this.lines('plugin started', `plugin=${name} `).at(-1) ?? ''
    return Number(/pid=(\d+)/.exec(line)?.[1])
  }

  async ended(): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    await this.until(() => this.#exit !== undefined, 'the daemon ends')
    if (this.#exit === undefined) throw new Error('not ended')
    return this.#exit
  }

  /** The last ledger line of a plugin. */
  ledger(name: string): Ledger {
    const line = this.lines(' ledger ', `plugin=${name} `).at(-1)
    if (line === undefined) throw new Error(`no ledger of ${name} in:\n${this.#log}`)
    const fields = Object.fromEntries([...line.matchAll(/ ([\w.-]+)=(\S+)/g)].map(([, key, value]) => [key, value]))
    const number = (key: string): number => Number(fields[key])
    return {
      in: number('in'),
      delivered: number('delivered'),
      filtered: number('filtered'),
      dropped: number('dropped'),
      queued: number('queued'),
      fields,
    }
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
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return !/\) Z /.test(stat)
  } catch {
    // ENOENT: gone.
    return false
  }
}
