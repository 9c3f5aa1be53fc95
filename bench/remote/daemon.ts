import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import type { Writable } from 'node:stream'
import { waitUntil } from '../processes.js'

/** Added to what a run should take at most; then it is ended by force, so that nothing stays. */
const LONGEST_RUN_S = '600'
const LAST_WORDS = 500

/** A program beside the measurement: its output goes to a file, and it ends when it is told to. */
export class Daemon {
  readonly #child: ChildProcess
  readonly #log: string

  private constructor(command: readonly string[], log: string) {
    this.#log = log
    const output = openSync(log, 'a')
    // Its own process group: timeout passes the signal on.
    const args = ['--foreground', LONGEST_RUN_S, '/usr/bin/env', '-i', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', ...command]
    this.#child = spawn('/usr/bin/timeout', args, { stdio: ['pipe', output, output] })
    closeSync(output)
    this.input.on('error', () => {
      // EPIPE: it has ended, which is told by what does not arrive.
    })
  }

  /** Resolves when it runs. */
  static async start(command: readonly string[], log: string): Promise<Daemon> {
    const daemon = new Daemon(command, log)
    await waitUntil(() => daemon.hasEnded || daemon.pid > 0, `${command[0]} does not start`)
    return daemon
  }

  get input(): Writable {
    if (this.#child.stdin === null) throw new Error('it has no standard input')
    return this.#child.stdin
  }

  /** The program's own, below timeout. */
  get pid(): number {
    return childrenOf(this.#child.pid ?? 0)[0] ?? 0
  }

  get said(): string {
    return readFileSync(this.#log, 'latin1')
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  /** Why it is not there any more. */
  get lastWords(): string {
    return this.said.slice(-LAST_WORDS)
  }

  async end(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    if (this.hasEnded) return
    const exited = once(this.#child, 'exit')
    const { pid } = this
    if (pid > 0) process.kill(pid, signal)
    await exited
  }
}

function childrenOf(pid: number): number[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    return children.split(' ').filter(Boolean).map(Number)
  } catch {
    // ENOENT: it has gone.
    return []
  }
}
