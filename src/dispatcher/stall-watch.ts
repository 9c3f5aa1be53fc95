import type { Outflow } from './outflow.js'
import type { PluginProcess } from './plugin-process.js'
import type { PluginSide } from './plugin-side.js'
import type { PluginVoice } from './plugin-voice.js'

/** A running plugin that reads nothing, or acknowledges nothing, for this long while records wait is called stalled. */
export const STALLED_MS = 60_000

/** Notices when a plugin has stopped working, and when it works again. */
export class StallWatch {
  readonly #voice: PluginVoice
  #isStalled = false

  constructor(voice: PluginVoice) {
    this.#voice = voice
  }

  get isStalled(): boolean {
    return this.#isStalled
  }

  /** Asked once in a while. `process`: the one that runs, and has been told nothing else; undefined when there is none. */
  look(process: PluginProcess | undefined, outflow: Outflow, side: PluginSide, nowMs: number): void {
    const { stuckMs } = outflow
    const isStalled = process !== undefined && Math.max(stuckMs, side.silentMs(nowMs)) >= STALLED_MS
    if (isStalled === this.#isStalled) return
    this.#isStalled = isStalled
    const { queued } = side.queue.ledger
    if (!isStalled) return this.#voice.readsAgain(process?.pid, queued)
    const why = stuckMs < STALLED_MS ? 'it has acknowledged nothing' : 'it has read nothing'
    const said = process.hasClosedInput ? 'it has closed its stdin' : why
    this.#voice.stalled(process.pid, queued, STALLED_MS / 1000, said)
  }

  /** The process is gone; its exit says more. */
  forget(): void {
    this.#isStalled = false
  }
}
