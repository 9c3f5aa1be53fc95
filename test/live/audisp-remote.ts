// Stock audisp-remote, in a network and with a /run of its own: see in-its-own-net.sh.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { Test } from 'tap'
import { ENVIRONMENT } from './kernel.js'
import { keysAndValues } from './scene.js'

/** The only place where audisp-remote looks for its configuration. */
const CONFIGURATION = '/etc/audit/audisp-remote.conf'
/** What it finds there, in this namespace alone. */
const SHOWN = '/run/audisp-remote.conf'

/** As it ships, it ends for good after four tries, and does not notice that a connection was reset. */
export const STUBBORN = {
  heartbeat_timeout: 1,
  network_failure_action: 'syslog',
  max_tries_per_record: 100,
  max_time_per_record: 60,
}

/** Stock audisp-remote, fed by the test. */
export class AudispRemote {
  readonly #child: ChildProcess

  /** Once, before the first. */
  static showConfiguration(): void {
    writeFileSync(SHOWN, '')
    run('mount', '--bind', SHOWN, CONFIGURATION)
  }

  constructor(t: Test, keys: Readonly<Record<string, string | number>>) {
    writeFileSync(SHOWN, keysAndValues({ remote_server: '127.0.0.1', ...keys }), { mode: 0o640 })
    this.#child = spawn('audisp-remote', [], { env: ENVIRONMENT, stdio: ['pipe', 'ignore', 'inherit'] })
    // EPIPE: it was killed.
    this.#child.stdin?.on('error', () => {})
    t.teardown(() => this.end('SIGKILL'))
  }

  feed(from: number, to: number): void {
    this.#child.stdin?.write(`${sampleRecords(from, to).join('\n')}\n`)
  }

  async end(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, 'exit')
    this.#child.kill(signal)
    await exited
  }
}

export function sampleRecord(n: number): string {
  return `node=n1 type=USER msg=audit(1700000000.000:${n}): pid=${n} uid=0 auid=0 ses=1 msg='op=test res=success'`
}

export function sampleRecords(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, index) => sampleRecord(from + index))
}

export function run(name: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(name, args, { env: ENVIRONMENT, encoding: 'latin1' })
  if (status !== 0) throw new Error(`${name} ${args.join(' ')}: exit status ${status}: ${stderr}`)
  return stdout
}

/** Not in the checkout: programs of audit skip long lines of their configuration. */
export function shortDir(t: Test): string {
  const dir = mkdtempSync('/tmp/audispd-live-')
  t.teardown(() => {
    rmSync(dir, { recursive: true, force: true })
  })
  return dir
}
