import type { Clock } from './clock.js'

/** So many in so much time. What goes beyond is counted, and told as a number when the time is over. */
export class RateWindow {
  readonly #limit: number
  readonly #windowMs: number
  readonly #clock: Clock
  readonly #onOver: (count: number) => void
  #beganMs = Number.NEGATIVE_INFINITY
  #taken = 0
  #over = 0
  #cancelTimer: () => void = () => {}

  constructor(limit: number, windowMs: number, clock: Clock, onOver: (count: number) => void) {
    this.#limit = limit
    this.#windowMs = windowMs
    this.#clock = clock
    this.#onOver = onOver
  }

  /** Whether one more is within the limit. */
  take(): boolean {
    const nowMs = this.#clock.nowMs()
    if (nowMs - this.#beganMs >= this.#windowMs) {
      this.#tellOver()
      this.#beganMs = nowMs
      this.#taken = 0
    }
    if (this.#taken < this.#limit) {
      this.#taken++
      return true
    }
    if (this.#over++ === 0) {
      const restMs = this.#beganMs + this.#windowMs - nowMs
      this.#cancelTimer = this.#clock.after(restMs, () => {
        this.#tellOver()
      })
    }
    return false
  }

  /** Tells at once what is still to be told. */
  close(): void {
    this.#tellOver()
  }

  #tellOver(): void {
    this.#cancelTimer()
    const over = this.#over
    this.#over = 0
    if (over > 0) this.#onOver(over)
  }
}
