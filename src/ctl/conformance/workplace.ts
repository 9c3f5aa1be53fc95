// What the kit makes on the machine, so that nothing is left of it, however it ends: a directory, and processes.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { signalGroup } from '../../dispatcher/process-table.js'

const NAME = 'audispctl-'
/** What ends this program from outside; plugins, in groups of their own, would not hear of it. */
const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export class Workplace {
  readonly #dir: string
  readonly #groups = new Set<number>()
  readonly #end = (signal: NodeJS.Signals): void => {
    this.clear()
    process.kill(process.pid, signal)
  }
  #made = 0

  constructor() {
    this.#dir = mkdtempSync(join(tmpdir(), NAME))
    for (const signal of ENDING_SIGNALS) process.once(signal, this.#end)
  }

  /** A path that nothing has yet. */
  newPath(suffix: string): string {
    return join(this.#dir, `${++this.#made}${suffix}`)
  }

  /** A process that leads a group. */
  began(pid: number): void {
    this.#groups.add(pid)
  }

  ended(pid: number): void {
    this.#groups.delete(pid)
  }

  /** Ends all that is left, and removes the directory. */
  clear(): void {
    for (const signal of ENDING_SIGNALS) process.removeListener(signal, this.#end)
    for (const pid of this.#groups) signalGroup(pid, 'SIGKILL')
    this.#groups.clear()
    rmSync(this.#dir, { recursive: true, force: true })
  }
}
