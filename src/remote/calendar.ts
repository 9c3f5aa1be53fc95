// The time of day, as far as ages are counted by it. A clock that is set years ahead, or that stood at 1970 until the network came,
// must not let everything look old at once: a step forward counts only when it has stood for a day. A step back counts at once, as it
// only keeps more.

import type { StreamState } from '../journal/stream-table.js'
import type { Clock } from './ports.js'

/** The clocks may run apart by so much from one look to the next. */
const STEP_MS = 3_600_000
const BELIEVED_AFTER_MS = 24 * 3_600_000

export class Calendar {
  readonly #clock: Clock
  readonly #doubted: (aheadMs: number) => void
  /** What is added to the monotonic time; undefined before the first look. */
  #offsetMs: number | undefined
  #doubtedSinceMs: number | undefined

  /** `doubted`: once for each step forward, with its size. */
  constructor(clock: Clock, doubted: (aheadMs: number) => void) {
    this.#clock = clock
    this.#doubted = doubted
  }

  /** `streams`: of the journal whose age is asked for; when its last block was taken is what the first look is held against. */
  nowMs(streams: Iterable<StreamState>): number {
    const monotonicMs = this.#clock.monotonicMs()
    const wallOffsetMs = this.#clock.wallMs() - monotonicMs
    const offsetMs = this.#offsetMs ?? newest(streams, wallOffsetMs + monotonicMs) - monotonicMs
    const isStep = wallOffsetMs > offsetMs + STEP_MS
    if (isStep && this.#doubtedSinceMs === undefined) {
      this.#doubtedSinceMs = monotonicMs
      this.#doubted(wallOffsetMs - offsetMs)
    }
    const isBelieved = !isStep || monotonicMs - (this.#doubtedSinceMs ?? monotonicMs) >= BELIEVED_AFTER_MS
    if (isBelieved) this.#doubtedSinceMs = undefined
    this.#offsetMs = isBelieved ? wallOffsetMs : offsetMs
    return monotonicMs + this.#offsetMs
  }
}

function newest(streams: Iterable<StreamState>, nowMs: number): number {
  const taken = Array.from(streams, ({ takenMs }) => takenMs)
  return taken.length === 0 ? nowMs : taken.reduce((latest, takenMs) => Math.max(latest, takenMs))
}
