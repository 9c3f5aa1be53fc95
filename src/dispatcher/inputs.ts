// Minds where records come from: stdin, and plugins that send some. A full queue with `block` shuts the door for all of them;
// a plugin that sends is told what is settled, and heard as long as not too much is unsettled.

import type { Clock } from './clock.js'
import type { Outbox } from './outbox.js'
import type { PluginSide } from './plugin-side.js'

/** How often what only time can settle is looked for. */
const SETTLE_PAUSE_MS = 250

export interface StdinDoor {
  pause(): void
  resume(): void
}

/** What of a plugin is of interest here. */
export interface Feeder {
  readonly queue: Pick<Outbox, 'blocks' | 'unblocks'>
  readonly side: { readonly inlet: Pick<NonNullable<PluginSide['inlet']>, 'unsettled'> | undefined }
  /** `isDoorShut`: nobody may send. */
  mindInput(isDoorShut: boolean): void
}

export class Inputs {
  readonly #clock: Clock
  readonly #plugins: () => readonly Feeder[]
  readonly #stdin: () => StdinDoor | undefined
  #isDoorShut = false
  #isClosed = false
  #cancelLook: (() => void) | undefined

  /** `plugins`: those that there are, also while their processes still end. */
  constructor(clock: Clock, plugins: () => readonly Feeder[], stdin: () => StdinDoor | undefined) {
    this.#clock = clock
    this.#plugins = plugins
    this.#stdin = stdin
  }

  get isDoorShut(): boolean {
    return this.#isDoorShut
  }

  /** Called whenever a queue has got fuller or emptier. */
  mind(): void {
    const plugins = this.#plugins()
    this.#mindDoor(plugins)
    let unsettled = false
    for (const plugin of plugins) {
      if (plugin.side.inlet === undefined) continue
      plugin.mindInput(this.#isDoorShut)
      unsettled ||= plugin.side.inlet.unsettled > 0
    }
    if (unsettled && !this.#isClosed) this.#lookLater()
  }

  close(): void {
    this.#isClosed = true
    this.#cancelLook?.()
  }

  /** Holds everybody as long as a plugin whose admin asked for `block` has no room. */
  #mindDoor(plugins: readonly Feeder[]): void {
    if (!this.#isDoorShut && plugins.some(({ queue }) => queue.blocks)) {
      this.#isDoorShut = true
      this.#stdin()?.pause()
    } else if (this.#isDoorShut && plugins.every(({ queue }) => queue.unblocks)) {
      this.#isDoorShut = false
      this.#stdin()?.resume()
    }
  }

  /** Somebody's patience may come to its end without anything else happening. */
  #lookLater(): void {
    this.#cancelLook ??= this.#clock.after(SETTLE_PAUSE_MS, () => {
      this.#cancelLook = undefined
      this.mind()
    })
  }
}
