import { setImmediate as turn } from 'node:timers/promises'
import type { Clock } from '../../../src/remote/ports.js'

interface Timer {
  readonly atMs: number
  readonly call: () => void
}

/** Time that only a test lets go by; it begins at zero. */
export class HandClock implements Clock {
  nowMs = 0
  readonly #timers = new Set<Timer>()

  monotonicMs(): number {
    return this.nowMs
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.nowMs
  }

  after(ms: number, call: () => void): () => void {
    const timer = { atMs: this.nowMs + ms, call }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  get waiting(): number {
    return this.#timers.size
  }

  async pass(ms: number): Promise<void> {
    const endMs = this.nowMs + ms
    for (let due = this.#due(endMs); due !== undefined; due = this.#due(endMs)) {
      this.#timers.delete(due)
      this.nowMs = due.atMs
      due.call()
      await turn()
    }
    this.nowMs = endMs
    await turn()
  }

  #due(endMs: number): Timer | undefined {
    return [...this.#timers].filter(({ atMs }) => atMs <= endMs).toSorted((a, b) => a.atMs - b.atMs)[0]
  }
}
