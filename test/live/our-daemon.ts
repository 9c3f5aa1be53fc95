// Our daemon, fed by the test itself instead of by auditd.

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import type { Test } from 'tap'
import { AUDISPD, type Scene } from './scene.js'

export interface DaemonOptions {
  /** Stands before the daemon's own arguments. */
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** A command line that ours is appended to. */
  readonly through?: readonly string[]
}

export class OurDaemon {
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  /** Starts it with the configuration of `scene`; what plugins print goes to `stdout.out`. It ends with the test at the latest. */
  static start(t: Test, scene: Scene, { args = [], env = {}, through = [] }: DaemonOptions = {}): OurDaemon {
    const ours = [AUDISPD, ...args, '-c', scene.ourDir, '--run-dir', scene.path('run')]
    const output = openSync(scene.path('stdout.out'), 'a')
    // env(1) and not spawn's own way: the test runner adds to the environment of whatever is spawned.
    const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`)
    const child = spawn('/usr/bin/env', ['-i', ...variables, ...through, ...ours], {
      stdio: ['pipe', output, 'inherit'],
    })
    closeSync(output)
    const daemon = new OurDaemon(child)
    t.teardown(() => daemon.end())
    return daemon
  }

  feed(text: string): void {
    this.#child.stdin?.write(text, 'latin1')
  }

  signal(signal: 'SIGHUP' | 'SIGTERM'): void {
    this.#child.kill(signal)
  }

  /** Ends its input; gives the exit status. */
  async end(): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exited = once(this.#child, 'exit')
      this.#child.stdin?.end()
      await exited
    }
    return this.#child.exitCode
  }
}
