import type { Test } from 'tap'
import { AudispRemote, STUBBORN } from './audisp-remote.js'
import { until } from './until.js'

/** Nothing arrives for so long. */
const STANDSTILL_MS = 8000
const MOST_STANDSTILLS = 5
/** Longer than the heartbeat of STUBBORN. */
const IDLE_MS = 1500

/**
 * Feeds audisp-remote. It may stand still for ever after its connection was reset, heartbeats or not: then it is killed, and its
 * successor gets what has not arrived.
 */
export class Feeder {
  fed = 0
  #fedAtMs = 0
  #remote: AudispRemote
  readonly #start: () => AudispRemote
  readonly #arrived: () => number

  constructor(t: Test, port: number, arrived: () => number) {
    this.#start = () => new AudispRemote(t, { ...STUBBORN, port })
    this.#remote = this.#start()
    this.#arrived = arrived
  }

  get hasArrived(): boolean {
    return this.#arrived() === this.fed
  }

  feed(count: number): void {
    this.#remote.feed(this.fed + 1, this.fed + count)
    this.fed += count
    this.#fedAtMs = performance.now()
  }

  /** It has had the time for a heartbeat, by which it notices more than without. */
  get isIdle(): boolean {
    return performance.now() - this.#fedAtMs > IDLE_MS
  }

  async until(what: string | (() => string), isDone: () => boolean): Promise<void> {
    const text = (): string =>
      `${typeof what === 'string' ? what : what()}: ${this.#arrived()} of ${this.fed} records arrived`
    for (let patience = 0; patience < MOST_STANDSTILLS; patience++) {
      const before = this.#arrived()
      const endMs = performance.now() + STANDSTILL_MS
      const isStill = (): boolean => this.#arrived() === before && performance.now() > endMs
      await until(text, () => isDone() || this.#arrived() !== before || isStill(), 2 * STANDSTILL_MS)
      if (isDone()) return
      if (!isStill()) {
        patience = 0
        continue
      }
      await this.#remote.end('SIGKILL')
      this.#remote = this.#start()
      this.#remote.feed(this.#arrived() + 1, this.fed)
    }
    throw new Error(`audisp-remote stands still: ${text()}`)
  }

  end(): Promise<void> {
    return this.#remote.end()
  }
}
