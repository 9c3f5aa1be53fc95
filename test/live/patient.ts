// A machine for audispctl doctor: the real auditd and the real daemon, in places of their own.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import type { Test } from 'tap'
import { kernelState, auditctl } from './kernel.js'
import { program, type Scene } from './scene.js'

const PROGRAMS = resolve('build/bin')
const PATH = `${PROGRAMS}:/usr/sbin:/usr/bin:/sbin:/bin`

export interface Finding {
  readonly id: string
  readonly level: string
  readonly what: string
  readonly mend: string
}

export interface Visit {
  readonly exitStatus: number | null
  readonly first: string
  readonly findings: readonly Finding[]
  readonly ms: number
}

export class Patient {
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  /** It ends with the test at the latest. */
  static async start(t: Test, scene: Scene): Promise<Patient> {
    const child = spawn('/usr/bin/env', ['-i', `PATH=${PATH}`, '/bin/sh', program('own-places.sh'), scene.auditdDir], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    t.teardown(async () => {
      const exited = once(child, 'exit')
      child.stdin.end()
      await exited
    })
    await once(child.stdout, 'data')
    return new Patient(child)
  }

  /** What a command line begins with to run in these places. */
  get through(): readonly string[] {
    return ['nsenter', `--mount=/proc/${this.#child.pid}/ns/mnt`, '--']
  }

  /** Runs a command as an admin does; gives what it prints. */
  sh(command: string): string {
    const { status, stdout, stderr } = this.#run(['/bin/sh', '-ec', command])
    if (status !== 0) throw new Error(`${command}: exit status ${status}: ${stdout}${stderr}`)
    return stdout
  }

  doctor(...args: readonly string[]): Visit {
    const beganMs = performance.now()
    const { status, stdout, stderr } = this.#run([`${PROGRAMS}/audispctl`, 'doctor', '--json', ...args])
    const ms = performance.now() - beganMs
    if (stderr !== '') throw new Error(`doctor: exit status ${status}: ${stderr}`)
    return { exitStatus: status, ms, ...reportIn(JSON.parse(stdout)) }
  }

  #run(command: readonly string[]) {
    const all = ['-i', `PATH=${PATH}`, 'LC_ALL=C', ...this.through, ...command]
    return spawnSync('/usr/bin/env', all, { cwd: '/', encoding: 'utf8' })
  }
}

/** Puts the kernel's audit back as it is now, when the test is over. */
export function keepKernel(t: Test): void {
  const { enabled, backlogLimit } = kernelState()
  t.teardown(() => {
    auditctl('-D')
    auditctl('-r', '0')
    auditctl('-f', '1')
    auditctl('-b', String(backlogLimit))
    auditctl('-e', String(enabled))
  })
}

function reportIn(json: unknown): Pick<Visit, 'first' | 'findings'> {
  if (typeof json !== 'object' || json === null || !('findings' in json) || !Array.isArray(json.findings)) {
    throw new Error(`no report: ${JSON.stringify(json)}`)
  }
  const textIn = (of: unknown, key: string): string =>
    typeof of === 'object' && of !== null ? String(Object.entries(of).find(([name]) => name === key)?.[1] ?? '') : ''
  const findings = json.findings.map((each: unknown) => ({
    id: textIn(each, 'id'),
    level: textIn(each, 'level'),
    what: textIn(each, 'what'),
    mend: textIn(each, 'mend'),
  }))
  return { first: textIn(json, 'first'), findings }
}
