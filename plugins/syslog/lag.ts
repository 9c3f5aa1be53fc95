/** Tells which of the things that were given away must have arrived: those behind which more has gone than can be on the way. */
export class Lag {
  readonly #most: number
  readonly #sizes: number[] = []
  #total = 0

  constructor(most: number) {
    this.#most = most
  }

  /** One more has been given away; how many of the oldest have arrived by that. */
  add(size: number): number {
    this.#sizes.push(size)
    this.#total += size
    let arrived = 0
    // All that can be on the way was given away after it.
    while (this.#total - (this.#sizes[arrived] ?? 0) >= this.#most) {
      this.#total -= this.#sizes[arrived] ?? 0
      arrived++
    }
    this.#sizes.splice(0, arrived)
    return arrived
  }
}
