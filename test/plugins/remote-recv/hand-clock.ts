import { setImmediate as turn } from 'node:timers/promises'
import type { Clock } from '../../../src/remote/ports.js'

/** Time goes by only when a test lets it. */
export class HandClock implements Clock {
  #nowMs = 1000
  #timers: { readonly atMs: number; readonly call: () => void }[] = []

  monotonicMs(): number {
    return this.#nowMs
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.#nowMs
  }

  after(ms: number, call: () => void): () => void {
    const timer = { atMs: this.#nowMs + ms, call }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer)
    }
  }

  /** Lets so much time go by, and everything be done that is due in it. */
  async pass(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms
    await rest()
    for (;;) {
      const [first] = this.#timers.toSorted((a, b) => a.atMs - b.atMs)
      if (first === undefined || first.atMs > endMs) break
      this.#timers = this.#timers.filter((each) => each !== first)
      this.#nowMs = Math.max(this.#nowMs, first.atMs)
      first.call()
      await rest()
    }
    this.#nowMs = endMs
    await rest()
  }
}

/** Until promises have nothing more to do that waits for neither a clock nor a real disk. */
export async function rest(): Promise<void> {
  for (let turns = 0; turns < 3; turns++) await turn()
}
