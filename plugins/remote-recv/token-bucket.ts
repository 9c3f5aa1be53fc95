/** So much a second, and as much at once. It may be overdrawn: then it says how long the next one has to wait. */
export class TokenBucket {
  readonly #perMs: number
  readonly #most: number
  #tokens: number
  #atMs: number

  constructor(perSecond: number, most: number, nowMs: number) {
    this.#perMs = perSecond / 1000
    this.#most = most
    this.#tokens = most
    this.#atMs = nowMs
  }

  /** Takes so many; the ms until what was overdrawn has come back, 0 if nothing was. */
  take(count: number, nowMs: number): number {
    this.#tokens = Math.min(this.#most, this.#tokens + (nowMs - this.#atMs) * this.#perMs) - count
    this.#atMs = nowMs
    return this.#tokens >= 0 ? 0 : Math.ceil(-this.#tokens / this.#perMs)
  }
}
