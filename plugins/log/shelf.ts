// The directory of a log, and its files by their names.

import { basename, dirname, join } from 'node:path'
import type { LogConfig } from './config.js'
import type { LogDisk } from './log-disk.js'
import type { Naming, Step } from './naming.js'
import { mayRotate } from './rotation-due.js'
import { simpleNames } from './simple-names.js'
import { solarisNames } from './solaris-names.js'

const GZ = '.gz'

export class Shelf {
  readonly #disk: LogDisk
  readonly naming: Naming
  readonly dir: string
  readonly base: string

  constructor(disk: LogDisk, { logFile, names, compress }: LogConfig, hostName: string) {
    const isStream = compress === 'stream'
    this.#disk = disk
    this.dir = dirname(logFile)
    this.base = basename(logFile)
    this.naming = names === 'simple' ? simpleNames(this.base, isStream) : solarisNames(hostName, isStream)
  }

  path(name: string): string {
    return join(this.dir, name)
  }

  names(): string[] {
    return this.#disk.list(this.dir)
  }

  /** Oldest first. */
  rotated(): readonly string[] {
    return this.naming.rotated(this.names())
  }

  retire(name: string, endMs: number): void {
    this.#take(this.naming.retire(name, this.names(), endMs))
  }

  /** Removes what num_logs and `keep` do not want any more; gives what was removed. */
  prune(config: LogConfig, nowMs: number): readonly string[] {
    const { maxFileAction, numLogs, keepMs } = config
    // One of them is the one that is written.
    const most = maxFileAction === 'keep_logs' || !mayRotate(config) ? Infinity : numLogs - 1
    const oldestMs = keepMs === 0 ? -Infinity : nowMs - keepMs
    const rotated = this.rotated()
    const removed = rotated.filter((name, index) => index < rotated.length - most || this.#isOlder(name, oldestMs))
    this.#take(removed.map((name) => ({ kind: 'remove', name })))
    return removed
  }

  /** Gives what was removed; undefined if there was nothing. */
  removeOldest(): string | undefined {
    const [name] = this.rotated()
    if (name !== undefined) this.#take([{ kind: 'remove', name }])
    return name
  }

  /** What was compressed and not removed any more: the compressed file has its name only once it is whole. */
  removeTwins(): void {
    const names = this.rotated()
    const twins = names.filter((name) => names.includes(name + GZ))
    this.#take(twins.map((name) => ({ kind: 'remove', name })))
  }

  /** A compressed copy takes the place of a rotated file, whatever number that has by now; false if the file is gone. */
  replace(id: string, copy: string): boolean {
    const name = this.rotated().find((each) => this.#disk.look(this.path(each))?.id === id)
    if (name === undefined) return false
    this.#take([{ kind: 'rename', from: copy, to: name + GZ }])
    this.#take([{ kind: 'remove', name }])
    return true
  }

  #isOlder(name: string, oldestMs: number): boolean {
    return (this.#disk.look(this.path(name))?.modifiedMs ?? Infinity) < oldestMs
  }

  /** After a loss of power the steps may have come to the disk in any order; so the directory is synced behind them. */
  #take(steps: readonly Step[]): void {
    if (steps.length === 0) return
    for (const step of steps) {
      if (step.kind === 'rename') this.#disk.rename(this.path(step.from), this.path(step.to))
      else this.#disk.remove(this.path(step.name))
    }
    this.#disk.syncDir(this.dir)
  }
}
