import type { Clock } from '../../src/remote/ports.js'
import type { Family } from './metric.js'

/** What was collected serves everybody who asks within this time: however many scrape, the dispatcher is asked once a second. */
const FRESH_MS = 1000
/** Nobody waits longer. */
export const PATIENCE_MS = 5000

type State =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'collecting'; readonly families: Promise<readonly Family[]> }
  | { readonly kind: 'collected'; readonly families: readonly Family[]; readonly atMs: number }

/** There is nothing to export, and why: for people. */
export class NoMetrics extends Error {
  override readonly name = 'NoMetrics'
}

/** The metrics of this moment, collected once for all who ask. `collect` rejects with NoMetrics alone. */
export class Collection {
  readonly #collect: () => Promise<readonly Family[]>
  readonly #clock: Clock
  #state: State = { kind: 'nothing' }

  constructor(collect: () => Promise<readonly Family[]>, clock: Clock) {
    this.#collect = collect
    this.#clock = clock
  }

  /** Rejects with NoMetrics: that of collecting, or as it took too long. */
  async latest(): Promise<readonly Family[]> {
    const state = this.#state
    switch (state.kind) {
      case 'collected':
        if (this.#clock.monotonicMs() - state.atMs < FRESH_MS) return state.families
        return this.#inTime(this.#begin())
      case 'nothing':
        return this.#inTime(this.#begin())
      case 'collecting':
        return this.#inTime(state.families)
      default:
        return state satisfies never
    }
  }

  #begin(): Promise<readonly Family[]> {
    const families = this.#finish()
    this.#state = { kind: 'collecting', families }
    return families
  }

  async #finish(): Promise<readonly Family[]> {
    try {
      const families = await this.#collect()
      this.#state = { kind: 'collected', families, atMs: this.#clock.monotonicMs() }
      return families
    } catch (error) {
      this.#state = { kind: 'nothing' }
      throw error
    }
  }

  /** A dispatcher that does not answer is not asked again, until it has. */
  async #inTime(families: Promise<readonly Family[]>): Promise<readonly Family[]> {
    return new Promise((resolve, reject) => {
      const callOff = this.#clock.after(PATIENCE_MS, () => {
        reject(new NoMetrics(`the dispatcher has not answered for ${PATIENCE_MS / 1000} s`))
      })
      families.then(resolve, reject).finally(callOff)
    })
  }
}
