import type { Clock } from '../../src/dispatcher/clock.js'

/** A clock whose time passes when the test says so. */
export class FakeClock implements Clock {
  #nowMs = 0
  #timers: { readonly atMs: number; readonly call: () => void }[] = []

  nowMs(): number {
    return this.#nowMs
  }

  after(ms: number, then: () => void): () => void {
    const timer = { atMs: this.#nowMs + ms, call: then }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer)
    }
  }

  get pending(): number {
    return this.#timers.length
  }

  /** Lets time pass, and calls what falls due on the way, in order. */
  pass(ms: number): void {
    const untilMs = this.#nowMs + ms
    for (let due = this.#next(untilMs); due !== undefined; due = this.#next(untilMs)) {
      this.#timers.splice(this.#timers.indexOf(due), 1)
      this.#nowMs = due.atMs
      due.call()
    }
    this.#nowMs = untilMs
  }

  #next(untilMs: number): { readonly atMs: number; readonly call: () => void } | undefined {
    const due = this.#timers.filter(({ atMs }) => atMs <= untilMs)
    return due.toSorted((a, b) => a.atMs - b.atMs)[0]
  }
}
