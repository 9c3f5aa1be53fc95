// A Debian of its own for a test: a container on a tree that debootstrap has made, which is kept from run to run and never changed. It
// has no network but its loopback, and the kernel's audit is out of its reach. All that is done in it stands in the life cycle's log.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, readFileSync, readlinkSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Test } from 'tap'
import { until } from '../live/until.js'

const BASE_SCRIPT = 'test/fixtures/packages/debian-base.sh'
const CACHE = '/var/cache/audispd-tests'
const BUILT = resolve('build/packages')
const LOG = `${BUILT}/life-cycle.log`
const NSPAWN = '/usr/bin/systemd-nspawn'
const PROGRAMS = ['/usr/sbin/debootstrap', NSPAWN, '/usr/bin/nsenter']
const ENVIRONMENT = [
  'PATH=/usr/sbin:/usr/bin:/sbin:/bin',
  'HOME=/root',
  'DEBIAN_FRONTEND=noninteractive',
  'LC_ALL=C.UTF-8',
]
const NAMESPACES = ['pid', 'mnt', 'net']
const START_MS = 60_000
const STOP_MS = 60_000
const COMMAND_MS = 180_000
/** auditd comes with it, as the package recommends. */
const BARE = ['auditd']
const SYSTEMD = [...BARE, 'systemd', 'systemd-sysv', 'dbus']

export type Suite = 'bookworm' | 'trixie'

export interface Done {
  readonly status: number
  /** Standard output and standard error, as they came. */
  readonly output: string
}

interface Wanted {
  readonly suite: Suite
  /** Its own systemd runs in it; else it has none. */
  readonly isBooted: boolean
  /** Shown to it under these paths, read-only. */
  readonly shown: Readonly<Record<string, string>>
}

/** Why there can be no machines here; false where there can. */
export function noMachines(): string | false {
  if (process.getuid?.() !== 0) return 'only root can start a container'
  const missing = PROGRAMS.find((path) => !existsSync(path))
  return missing === undefined ? false : `no ${missing}: scripts/install-peers.sh packages`
}

/** Its tree, which is made unless it is there. */
export function makeBase(suite: Suite, isBooted: boolean): string {
  const packages = isBooted ? SYSTEMD : BARE
  const base = `${CACHE}/${suite}-${packages.join('-')}`
  const made = spawnSync(BASE_SCRIPT, [suite, base, packages.join(',')], { encoding: 'utf8' })
  if (made.status !== 0) throw new Error(`no ${suite} to be had: ${made.stderr}`)
  return base
}

export class Machine {
  readonly #name: string
  readonly #nspawn: ChildProcess
  readonly #ended: Promise<void>
  #init = ''
  #said = ''

  /** One that ends with the test. */
  static async start(t: Test, { suite, isBooted, shown }: Wanted): Promise<Machine> {
    const base = makeBase(suite, isBooted)
    const machine = new Machine(`${suite}${isBooted ? ', booted' : ''}`, base, isBooted, shown)
    t.teardown(() => machine.stop())
    await machine.#up(isBooted)
    return machine
  }

  private constructor(name: string, base: string, isBooted: boolean, shown: Readonly<Record<string, string>>) {
    this.#name = name
    const binds = Object.entries(shown).map(([inside, path]) => `--bind-ro=${path}:${inside}`)
    const program = isBooted ? ['--boot'] : ['--as-pid2', '/usr/bin/sleep', 'infinity']
    const [flag = '', ...rest] = program
    // auditd wants CAP_AUDIT_CONTROL, and a socket to the kernel's audit, which answers nobody in a process namespace of his own;
    // without the other two, systemd does not even write records to it.
    const audit = ['--capability=CAP_AUDIT_CONTROL', '--drop-capability=CAP_AUDIT_WRITE,CAP_AUDIT_READ']
    const alone = [
      '--quiet',
      '--register=no',
      '--keep-unit',
      '--private-network',
      '--console=pipe',
      '--volatile=overlay',
    ]
    const args = [
      ...alone,
      ...audit,
      ...binds,
      `--machine=audispd-${process.pid}`,
      `--directory=${base}`,
      flag,
      ...rest,
    ]
    const env = { ...process.env, SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: '1', SYSTEMD_SECCOMP: '0', NODE_OPTIONS: '' }
    this.#nspawn = spawn(NSPAWN, args, { stdio: ['ignore', 'pipe', 'pipe'], env })
    for (const stream of [this.#nspawn.stdout, this.#nspawn.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#said += text
      })
    }
    this.#ended = new Promise((done) => {
      this.#nspawn.once('close', () => done())
    })
  }

  /** A command of the shell that must end well; what it printed. */
  ok(t: Test, command: string): string {
    const { status, output } = this.run(command)
    t.equal(status, 0, `${this.#name}: ${command}`, status === 0 ? {} : { output })
    return output
  }

  run(command: string): Done {
    if (!this.#isInside(this.#init)) throw new Error(`${this.#name} has ended: ${this.#said}`)
    const began = performance.now()
    const inside = ['-t', this.#init, '-m', '-u', '-i', '-n', '-p', '-r', '-w']
    const args = [...inside, '/usr/bin/env', '-i', ...ENVIRONMENT, '/bin/sh', '-c', `exec 2>&1; ${command}`]
    const { status, stdout } = spawnSync('/usr/bin/nsenter', args, { encoding: 'utf8', timeout: COMMAND_MS })
    const seconds = ((performance.now() - began) / 1000).toFixed(1)
    log(`[${this.#name}] # ${command}\n${stdout}${status === 0 ? '' : `(ended with ${status}) `}(${seconds} s)\n\n`)
    return { status: status ?? -1, output: stdout }
  }

  /** Waits until a command ends well. */
  async until(command: string): Promise<void> {
    const silent = `(${command}) >/dev/null 2>&1`
    const loop = `i=0; until ${silent}; do i=$((i + 1)); [ $i -lt 600 ] || exit 1; sleep 0.1; done`
    const { status } = this.run(loop)
    if (status !== 0) throw new Error(`${this.#name}: in vain: ${command}`)
  }

  async stop(): Promise<void> {
    if (this.#nspawn.exitCode === null && this.#nspawn.signalCode === null) {
      if (this.#init !== '') process.kill(Number(this.#init), 'SIGKILL')
      else this.#nspawn.kill('SIGKILL')
    }
    const late = setTimeout(() => this.#nspawn.kill('SIGKILL'), STOP_MS)
    await this.#ended
    clearTimeout(late)
  }

  async #up(isBooted: boolean): Promise<void> {
    const children = `/proc/${this.#nspawn.pid}/task/${this.#nspawn.pid}/children`
    this.#init = await until(
      () => `the container: ${this.#said}`,
      () => {
        if (this.#nspawn.exitCode !== null) throw new Error(`systemd-nspawn ended: ${this.#said}`)
        return readFileSync(children, 'utf8')
          .split(' ')
          .find((pid) => pid !== '' && this.#isInside(pid))
      },
      START_MS,
    )
    if (isBooted) await this.until('systemctl is-system-running | grep -E "running|degraded"')
  }

  /** Its first process is one of ours before it has namespaces of its own, and systemd-nspawn before it is what the container is for. */
  #isInside(pid: string): boolean {
    try {
      if (NAMESPACES.some((name) => readlinkSync(`/proc/${pid}/ns/${name}`) === readlinkSync(`/proc/self/ns/${name}`)))
        return false
      const name = readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
      return name !== 'systemd-nspawn' && existsSync(`/proc/${pid}/root/etc/debian_version`)
    } catch {
      // ENOENT: that one has ended.
      return false
    }
  }
}

export function log(text: string): void {
  mkdirSync(BUILT, { recursive: true })
  appendFileSync(LOG, text)
}
