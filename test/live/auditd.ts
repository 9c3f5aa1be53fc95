// The real auditd, by hand and without its unit. While it runs it holds the kernel's audit, which only one can.

import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync, readdirSync } from 'node:fs'
import { once } from 'node:events'
import type { Test } from 'tap'
import { auditctl, ENVIRONMENT, kernelState } from './kernel.js'
import { daemonPids, pluginPids } from './our-log.js'
import { isRunning, nameOf, processesAbout } from './processes.js'
import { program, type Scene } from './scene.js'
import { until } from './until.js'

/** However a test ends, auditd does not stay. */
const LONGEST_RUN_SECONDS = '220'
const BACKLOG = '8192'
const RUN_DIR = '/run/audispd'

export interface AuditdOptions {
  /** As under MemoryDenyWriteExecute in auditd's unit. */
  readonly underMdwe?: boolean
  /** What starts auditd's command line, such as `unshare`, with its arguments. */
  readonly through?: readonly string[]
}

export class Auditd {
  readonly pid: number
  readonly #scene: Scene
  readonly #child: ChildProcess
  readonly #lostBefore: number

  private constructor(pid: number, scene: Scene, child: ChildProcess, lostBefore: number) {
    this.pid = pid
    this.#scene = scene
    this.#child = child
    this.#lostBefore = lostBefore
  }

  /** Starts auditd with the configuration of `scene`; it ends with the test at the latest. */
  static async start(t: Test, scene: Scene, { underMdwe = false, through = [] }: AuditdOptions = {}): Promise<Auditd> {
    const { enabled, backlogLimit, lost } = kernelState()
    const mdwe = underMdwe ? ['perl', program('mdwe.pl'), 'refuse'] : []
    const auditd = ['timeout', LONGEST_RUN_SECONDS, ...through, ...mdwe, 'auditd', '-n', '-c', scene.auditdDir]
    const output = openSync(scene.path('auditd.out'), 'a')
    const args = [program('holds-the-kernel.sh'), String(enabled), String(backlogLimit), ...auditd]
    const child = spawn('/bin/sh', args, { env: ENVIRONMENT, stdio: ['ignore', output, output], detached: true })
    closeSync(output)
    t.teardown(() => endForSure(child))
    const pid = await until('auditd to hold the kernel', () => {
      if (child.exitCode !== null) throw new Error(`auditd did not start: ${scene.read('auditd.out')}`)
      const holder = kernelState().pid
      return nameOf(holder) === 'auditd' && scene.read('audit.log').includes('type=DAEMON_START ') && holder
    })
    auditctl('-b', BACKLOG)
    return new Auditd(pid, scene, child, lost)
  }

  /** Records that the kernel could not give to auditd; a comparison is worth nothing then. */
  get lostByKernel(): number {
    return kernelState().lost - this.#lostBefore
  }

  signal(signal: 'SIGHUP' | 'SIGTERM' | 'SIGKILL'): void {
    if (nameOf(this.pid) === 'auditd') process.kill(this.pid, signal)
  }

  /** Ends it as an admin does, or suddenly, and waits until the kernel is free again. */
  async end(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const exited = hasExited(this.#child) ? undefined : once(this.#child, 'exit')
    this.signal(signal)
    await exited
  }

  /** Waits until nothing of ours is there any more. */
  async nothingLeft(): Promise<void> {
    await until(
      () => `the end of ${this.#leftovers().join(', ')}`,
      () => this.#leftovers().length === 0,
    )
  }

  /** ANOM_ABEND records about us: a crash of ours would be evidence against the machine. */
  crashes(): string[] {
    const log = this.#scene.read('audispd.log')
    const pids = new Set([...daemonPids(log), ...pluginPids(log)])
    return this.#scene
      .read('audit.log')
      .split('\n')
      .filter((line) => line.includes('type=ANOM_ABEND '))
      .filter((line) => / exe="[^"]*\/node"/.test(line) || pids.has(Number(/ pid=([0-9]+)/.exec(line)?.[1])))
  }

  #leftovers(): string[] {
    const log = this.#scene.read('audispd.log')
    const pids = [...daemonPids(log), ...pluginPids(log)].filter((pid) => isRunning(pid))
    const runDirs = namesIn(RUN_DIR).filter((name) => daemonPids(log).includes(Number(name.split('.')[0])))
    return [...pids.map((pid) => `process ${pid} ${nameOf(pid)}`), ...runDirs, ...processesAbout(this.#scene.dir)]
  }
}

function hasExited(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

async function endForSure(child: ChildProcess): Promise<void> {
  if (hasExited(child)) return
  const holder = kernelState().pid
  if (nameOf(holder) === 'auditd') process.kill(holder, 'SIGTERM')
  await once(child, 'exit')
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    // ENOENT: no daemon has run here yet.
    return []
  }
}
