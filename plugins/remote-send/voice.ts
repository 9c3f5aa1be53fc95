import { renderLine } from '../../src/log.js'
import type { Plugin } from '../../src/sdk/plugin.js'
import type { Level } from './uplink.js'

type Notify = Plugin['notify']

/**
 * What the program says goes into its dispatcher's log: with its level where there is somebody to take it, else on standard error,
 * where what nobody has to act on goes in any case.
 */
export class Voice {
  #notify: Notify | undefined

  /** The dispatcher listens from now on. */
  heardBy(plugin: Pick<Plugin, 'notify'>): void {
    this.#notify = (level, text) => plugin.notify(level, text)
  }

  /** Nobody answers any more. */
  alone(): void {
    this.#notify = undefined
  }

  readonly log = (level: Level, msg: string, fields: Readonly<Record<string, string | number>> = {}): void => {
    const line = renderLine(JSON.stringify({ ...fields, msg }), false)
    if ((level === 'warn' || level === 'error') && this.#notify !== undefined) void this.#notify(level, line.trimEnd())
    else process.stderr.write(line)
  }
}
