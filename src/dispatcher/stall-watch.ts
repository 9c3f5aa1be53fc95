import type { Outflow } from './outflow.js'
import type { PluginVoice } from './plugin-voice.js'

/** A running plugin that takes nothing for this long while records wait is called stalled. */
export const STALLED_MS = 60_000

/** Notices when a plugin has stopped reading, and when it reads again. */
export class StallWatch {
  readonly #voice: PluginVoice
  #isStalled = false

  constructor(voice: PluginVoice) {
    this.#voice = voice
  }

  get isStalled(): boolean {
    return this.#isStalled
  }

  /** Asked once in a while. `outflow`: of the process that runs; undefined when none does. */
  look(outflow: Outflow | undefined, pid: number | undefined, queued: number, hasClosedInput: () => boolean): void {
    const isStalled = outflow !== undefined && outflow.stuckMs >= STALLED_MS
    if (isStalled === this.#isStalled) return
    this.#isStalled = isStalled
    if (isStalled) this.#voice.stalled(pid, queued, STALLED_MS / 1000, hasClosedInput())
    else this.#voice.readsAgain(pid, queued)
  }

  /** The process is gone; its exit says more. */
  forget(): void {
    this.#isStalled = false
  }
}
