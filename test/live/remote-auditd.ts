// An auditd that collects from others and hears nothing of the kernel. It listens on every address, so it belongs into a network of its
// own: see in-its-own-net.sh.

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { ENVIRONMENT } from './kernel.js'
import { keysAndValues } from './scene.js'
import { until } from './until.js'

export const AUDITD_PORT = 6000

const LONGEST_RUN_SECONDS = '120'

const SETTINGS = {
  local_events: 'no',
  write_logs: 'yes',
  log_group: 'root',
  log_format: 'RAW',
  flush: 'NONE',
  max_log_file: 1000,
  max_log_file_action: 'IGNORE',
  space_left: 2,
  space_left_action: 'IGNORE',
  admin_space_left: 1,
  admin_space_left_action: 'IGNORE',
  disk_full_action: 'IGNORE',
  disk_error_action: 'IGNORE',
  name_format: 'NONE',
  use_libwrap: 'no',
  tcp_listen_port: AUDITD_PORT,
  tcp_listen_queue: 64,
  tcp_max_per_addr: 64,
}

export class RemoteAuditd {
  readonly #dir: string
  readonly #log: string
  #child: ChildProcess | undefined

  /** Its configuration in `dir`, its log in `logDir`, and `keys` over what is usual. */
  constructor(t: Test, dir: string, logDir = dir, keys: Readonly<Record<string, string | number>> = {}) {
    this.#dir = dir
    this.#log = join(logDir, 'audit.log')
    mkdirSync(join(dir, 'plugins.d'), { recursive: true, mode: 0o750 })
    const plugins = join(dir, 'plugins.d')
    const settings = keysAndValues({ ...SETTINGS, ...keys, log_file: this.#log, plugin_dir: plugins })
    writeFileSync(join(dir, 'auditd.conf'), settings, { mode: 0o640 })
    t.teardown(() => this.end('SIGKILL'))
  }

  /** The process of auditd itself. */
  get pid(): number {
    return this.#child?.pid ?? 0
  }

  async start(): Promise<void> {
    const before = this.#starts()
    // It ends with whoever started it, and after so long at the latest.
    const args = ['--kill-after=1', '--foreground', LONGEST_RUN_SECONDS, 'auditd', '-n', '-c', this.#dir]
    const child = spawn('timeout', args, { env: ENVIRONMENT, stdio: ['ignore', 'ignore', 'inherit'] })
    this.#child = child
    await until('auditd to start', () => {
      if (child.exitCode !== null) throw new Error('auditd did not start')
      return this.#starts() > before
    })
  }

  signal(signal: NodeJS.Signals): void {
    const auditd = this.#auditdPid()
    if (auditd !== undefined) process.kill(auditd, signal)
  }

  async end(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    this.signal(signal)
    await exited
  }

  /** All lines but those of auditd itself. */
  records(): string[] {
    return this.#text()
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('type=DAEMON_'))
  }

  get logFile(): string {
    return this.#log
  }

  #starts(): number {
    return this.#text().split('type=DAEMON_START ').length
  }

  #text(): string {
    try {
      return readFileSync(this.#log, 'latin1')
    } catch {
      // ENOENT: it has not written yet.
      return ''
    }
  }

  #auditdPid(): number | undefined {
    const children = readFileSync(`/proc/${this.pid}/task/${this.pid}/children`, 'latin1').trim()
    return children === '' ? undefined : Number(children.split(' ')[0])
  }
}
