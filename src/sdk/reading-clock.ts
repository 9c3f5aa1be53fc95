import type { Clock } from './clock.js'

/**
 * The time as it goes for what is read: it stands still while nothing can be read, as what has come meanwhile is taken for
 * younger than it is, and what it belongs to would be too old for it.
 */
export class ReadingClock implements Clock {
  readonly #clock: Clock
  /** How many reasons there are to stand still. */
  #holds = 0
  #heldSinceMs = 0
  #heldUpMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get isHeld(): boolean {
    return this.#holds > 0
  }

  nowMs(): number {
    return (this.isHeld ? this.#heldSinceMs : this.#clock.nowMs()) - this.#heldUpMs
  }

  /** In the time of the clock beneath: whoever is called looks whether it is time. */
  after(delayMs: number, call: () => void): () => void {
    return this.#clock.after(delayMs, call)
  }

  /** Nothing can be read until release(). */
  hold(): void {
    if (this.#holds++ === 0) this.#heldSinceMs = this.#clock.nowMs()
  }

  release(): void {
    if (--this.#holds === 0) this.#heldUpMs += this.#clock.nowMs() - this.#heldSinceMs
  }
}
