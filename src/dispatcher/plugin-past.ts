import type { PluginState } from './plugin-life.js'

/** How a process of a plugin ended. */
export interface LastExit {
  readonly how: string
  readonly atMs: number
}

/** What is remembered of a plugin for those who ask how it is. */
export class PluginPast {
  /** The last lines of stderr of the process that ended last. */
  lastWords: readonly string[] = []
  lastExit: LastExit | undefined
  /** Since when its state is what it is, as it is told. */
  sinceMs: number
  /** When it lost records last. */
  lastLossMs: number | undefined
  #lost = 0
  #starts = 0
  #told = 'stopped'
  #process: { readonly lastLines: readonly string[] } | undefined

  constructor(nowMs: number) {
    this.sinceMs = nowMs
  }

  get restarts(): number {
    return Math.max(0, this.#starts - 1)
  }

  /** The last lines of stderr of its process, or while that has said nothing of the one before. */
  get lastLines(): readonly string[] {
    const lines = this.#process?.lastLines ?? []
    return lines.length > 0 ? lines : this.lastWords
  }

  /** A process is begun. */
  starts(): void {
    this.#starts++
  }

  /** It is there. */
  lives(process: { readonly lastLines: readonly string[] }): void {
    this.#process = process
  }

  /** It is there no more, or never was. */
  ended(how: string, lastWords: readonly string[], nowMs: number): void {
    this.#process = undefined
    this.lastWords = lastWords
    this.lastExit = { how, atMs: nowMs }
  }

  /** Some may have been lost; `lost` is all of them. */
  noteLoss(lost: number, nowMs: number): void {
    if (lost > this.#lost) this.lastLossMs = nowMs
    this.#lost = lost
  }

  /** The state may have changed. */
  note(state: PluginState, nowMs: number): void {
    const told = toldState(state)
    if (told === this.#told) return
    this.#told = told
    this.sinceMs = nowMs
  }
}

/** A process that has not said READY is still starting. */
export function toldState({ kind }: PluginState): Exclude<PluginState['kind'], 'greeting'> {
  return kind === 'greeting' ? 'starting' : kind
}
