// What clients ask for is worked out between two reads of records. So that records are not kept waiting by those who ask and ask, such
// work is followed by a pause of several times what it took, for all clients of the daemon together.

import type { After } from './control-connection.js'

/** Pauses are so many times as long as the work before: clients get at most a fifth of the time. */
const PAUSE_SHARE = 4
/** Work that comes to less than this is not worth a pause; it counts towards the next one. */
const PAUSED_FOR_MS = 0.5
/** What each piece counts as at the least, for what comes and goes through the socket beside it. */
const LEAST_MS = 0.05

export interface PacerWorld {
  readonly nowMs: () => number
  readonly after: After
}

export class Pacer {
  readonly #world: PacerWorld
  #last: Promise<unknown> = Promise.resolve()
  #readyMs = 0
  /** Work for which there was no pause yet. */
  #owedMs = 0

  constructor(world: PacerWorld) {
    this.#world = world
  }

  /** Does the work when it is its turn. What it returns may be a promise, and is not waited for here. */
  async run<T>(work: () => T): Promise<{ readonly value: T }> {
    const before = this.#last
    const done = this.#runAfter(before, work)
    this.#last = done
    return done
  }

  async #runAfter<T>(before: Promise<unknown>, work: () => T): Promise<{ readonly value: T }> {
    await before.catch(() => {
      // Whoever asked for it is told.
    })
    const { nowMs, after } = this.#world
    const pauseMs = this.#readyMs - nowMs()
    if (pauseMs > 0) await new Promise<void>((resolve) => after(Math.ceil(pauseMs), resolve))
    const beganMs = nowMs()
    try {
      return { value: work() }
    } finally {
      const endMs = nowMs()
      this.#owedMs += Math.max(LEAST_MS, endMs - beganMs)
      if (this.#owedMs >= PAUSED_FOR_MS) {
        this.#readyMs = endMs + PAUSE_SHARE * this.#owedMs
        this.#owedMs = 0
      }
    }
  }
}
