/**
 * At most so many packets of a second. Seconds are those in which the packets were seen, so that it makes no difference whether they are
 * read as they come or later.
 */
export class Quota {
  readonly #perSecond: number
  #second = -Infinity
  #passed = 0

  /** 0 is no bound. */
  constructor(perSecond: number) {
    this.#perSecond = perSecond
  }

  /** Whether a packet of this time passes. */
  passes(timeMs: number): boolean {
    if (this.#perSecond === 0) return true
    const second = Math.floor(timeMs / 1000)
    if (second !== this.#second) this.#passed = 0
    this.#second = second
    if (this.#passed >= this.#perSecond) return false
    this.#passed++
    return true
  }
}
