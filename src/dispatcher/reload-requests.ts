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
    try {
      await this.#reload()
    } finally {
      this.#settle()
    }
  }

  #settle(): void {
    const wanted = this.#state
    this.#state = 'idle'
    if (wanted === 'reloading-and-again') this.request()
  }
}
