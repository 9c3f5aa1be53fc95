export type Verdict =
  /** `heldBack`: so many were held back since the last one that passed. */
  { readonly kind: 'pass'; readonly heldBack: number } | { readonly kind: 'hold' }

const PASS: Verdict = { kind: 'pass', heldBack: 0 }

/**
 * At most so many packets of a second. Seconds are those in which the packets were seen, so that it makes no difference whether they are
 * read as they come or later.
 */
export class Quota {
  readonly #perSecond: number
  #second = -Infinity
  #passed = 0
  #heldBack = 0

  /** 0 is no bound. */
  constructor(perSecond: number) {
    this.#perSecond = perSecond
  }

  take(timeMs: number): Verdict {
    if (this.#perSecond === 0) return PASS
    const second = Math.floor(timeMs / 1000)
    if (second !== this.#second) this.#passed = 0
    this.#second = second
    if (this.#passed >= this.#perSecond) {
      this.#heldBack++
      return { kind: 'hold' }
    }
    this.#passed++
    const heldBack = this.#heldBack
    this.#heldBack = 0
    return { kind: 'pass', heldBack }
  }
}
