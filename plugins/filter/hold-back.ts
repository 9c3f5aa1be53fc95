// How much of what a rule matches is told: what has been told lately is not told again, and no more than so many in so much
// time. What is held back is counted, and told as a number when its time is over.

import type { Clock } from '../../src/remote/ports.js'
import type { Restraint } from './rule.js'

/** How many of the things that `once` tells apart are remembered. At the bound the oldest is forgotten, and may be told again. */
export const MAX_REMEMBERED = 1024
/** What is told apart by longer values counts as the same. */
const MAX_KEY_CHARACTERS = 512

/** What was held back since the last summary. */
export interface HeldBack {
  /** Over the limit. */
  readonly limited: number
  /** Told before. */
  readonly repeated: number
  /** In this time. */
  readonly ms: number
}

export class HoldBack {
  readonly #restraint: Restraint
  readonly #clock: Clock
  readonly #onSummary: (heldBack: HeldBack) => void
  /** When each was told; the oldest first. */
  readonly #toldMs = new Map<string, number>()
  #windowBeganMs = -Infinity
  #inWindow = 0
  #limited = 0
  #repeated = 0
  #sinceMs = 0
  #callOff: () => void = () => {}

  constructor(restraint: Restraint, clock: Clock, onSummary: (heldBack: HeldBack) => void) {
    this.#restraint = restraint
    this.#clock = clock
    this.#onSummary = onSummary
  }

  /** How many are remembered as told. */
  get remembered(): number {
    return this.#toldMs.size
  }

  /** Whether this one is told; `key` is what tells it apart from others. */
  take(key: string): 'told' | 'limited' | 'repeated' {
    const { limit, once } = this.#restraint
    const nowMs = this.#clock.monotonicMs()
    const cut = key.slice(0, MAX_KEY_CHARACTERS)
    if (once !== undefined && nowMs - (this.#toldMs.get(cut) ?? -Infinity) < once.ms) {
      this.#repeated++
      this.#summarizeLater(nowMs)
      return 'repeated'
    }
    if (limit !== undefined && !this.#hasRoom(limit.count, limit.windowMs, nowMs)) {
      this.#limited++
      this.#summarizeLater(nowMs)
      return 'limited'
    }
    this.#inWindow++
    if (once !== undefined) this.#remember(cut, nowMs)
    return 'told'
  }

  /** Tells at once what is still to be told. */
  close(): void {
    this.#callOff()
    this.#summarize()
  }

  #hasRoom(count: number, windowMs: number, nowMs: number): boolean {
    if (nowMs - this.#windowBeganMs >= windowMs) {
      this.#windowBeganMs = nowMs
      this.#inWindow = 0
    }
    return this.#inWindow < count
  }

  #remember(key: string, nowMs: number): void {
    // Deleted first, so that it goes to the end: the order is that of the times.
    this.#toldMs.delete(key)
    this.#toldMs.set(key, nowMs)
    if (this.#toldMs.size <= MAX_REMEMBERED) return
    const [oldest] = this.#toldMs.keys()
    if (oldest !== undefined) this.#toldMs.delete(oldest)
  }

  /** The first that is held back begins the time after which there is a summary. */
  #summarizeLater(nowMs: number): void {
    if (this.#limited + this.#repeated > 1) return
    this.#sinceMs = nowMs
    const { limit, once } = this.#restraint
    this.#callOff = this.#clock.after(Math.max(limit?.windowMs ?? 0, once?.ms ?? 0), () => {
      this.#summarize()
    })
  }

  #summarize(): void {
    const heldBack = { limited: this.#limited, repeated: this.#repeated, ms: this.#clock.monotonicMs() - this.#sinceMs }
    this.#limited = 0
    this.#repeated = 0
    if (heldBack.limited + heldBack.repeated > 0) this.#onSummary(heldBack)
  }
}
