import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem } from 'node:os'

/** What the figures were measured on, and how busy it was otherwise. */
export interface Machine {
  readonly date: string
  readonly processor: string
  readonly cores: number
  readonly memoryGib: number
  readonly system: string
  readonly kernel: string
  readonly node: string
  readonly tee: string
  readonly producer: string
  readonly loadBefore: readonly number[]
  readonly loadAfter: readonly number[]
}

export function lookAtMachine(producer: string): Omit<Machine, 'loadAfter'> {
  return {
    date: new Date().toISOString().slice(0, 10),
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    system: systemName(),
    kernel: release(),
    node: process.version,
    tee: execFileSync('/usr/bin/tee', ['--version'], { encoding: 'utf8' }).split('\n')[0] ?? 'unknown',
    producer,
    loadBefore: loads(),
  }
}

/** Load averages of 1, 5 and 15 minutes. */
export function loads(): number[] {
  return loadavg().map((load) => Math.round(load * 100) / 100)
}

function systemName(): string {
  try {
    return /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'unknown'
  } catch {
    // ENOENT: a system without that file.
    return 'unknown'
  }
}
