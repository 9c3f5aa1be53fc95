// Requests for a reload, from SIGHUP and from the watch. A burst of them is one reload; one that comes while a reload is
// going on is another reload after it, so that none is lost.

import type { Clock } from './clock.js'

/** Requests this close together are one. */
const BURST_MS = 100

type State = 'idle' | 'gathering' | 'reloading' | 'reloading-and-again'

export class ReloadRequests {
  readonly #clock: Clock
  readonly #reload: () => Promise<void>
  #state: State = 'idle'
  /** Who waits for a reload that has not begun. */
  #waiting: (() => void)[] = []

  /** `reload` must not reject. */
  constructor(clock: Clock, reload: () => Promise<void>) {
    this.#clock = clock
    this.#reload = reload
  }

  request(): void {
    switch (this.#state) {
      case 'idle':
        this.#gather()
        return
      case 'reloading':
        this.#state = 'reloading-and-again'
        return
      case 'gathering':
      case 'reloading-and-again':
        return
      default:
        this.#state satisfies never
    }
  }

  /** Asks for one, and resolves when one that began after this is done. */
  finished(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      this.request()
    })
  }

  #become(state: State): void {
    this.#state = state
  }

  #gather(): void {
    this.#state = 'gathering'
    this.#clock.after(BURST_MS, () => {
      void this.#carryOut()
    })
  }

  async #carryOut(): Promise<void> {
    this.#become('reloading')
    const waiting = this.#waiting.splice(0)
    try {
      await this.#reload()
    } finally {
      for (const done of waiting) done()
      this.#settle()
    }
  }

  #settle(): void {
    const wanted = this.#state
    this.#state = 'idle'
    if (wanted === 'reloading-and-again') this.request()
  }
}
