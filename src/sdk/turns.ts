// What came is given to the plugin one item after the other, the next one only when the plugin is done with the one before.
// A handler that returns at once costs no promise.

import type { Hand, Item, Waiting } from './item.js'

export interface Taker {
  /** Gives the item to the plugin; a promise if it takes longer. */
  give(item: Item, bytes: Buffer): Promise<void> | undefined
  /** The plugin is done with the item. */
  done(item: Item): void
  failed(error: unknown): void
}

export class Turns {
  readonly #waiting: Waiting
  readonly #taker: Taker
  #hand: Hand | undefined
  #at = 0
  #isBusy = false
  #isOver = false

  constructor(waiting: Waiting, taker: Taker) {
    this.#waiting = waiting
    this.#taker = taker
  }

  /** Works off what waits, as far as it goes without waiting. */
  run(): void {
    while (!this.#isBusy && !this.#isOver) {
      const item = this.#next()
      if (item === undefined) return
      this.#give(item, this.#hand?.bytes ?? Buffer.alloc(0))
    }
  }

  /** What waits is forgotten; behind the item in work comes only this. */
  leaveOnly(item: Item): void {
    this.#hand = undefined
    this.#waiting.leaveOnly(item)
  }

  /** No further item is given. */
  end(): void {
    this.#isOver = true
  }

  #next(): Item | undefined {
    let item = this.#hand?.items[this.#at++]
    if (item === undefined) {
      this.#hand = this.#waiting.take()
      item = this.#hand?.items[0]
      this.#at = 1
    }
    return item
  }

  #give(item: Item, bytes: Buffer): void {
    this.#isBusy = true
    let taking: Promise<void> | undefined
    try {
      taking = this.#taker.give(item, bytes)
      if (taking === undefined) this.#done(item)
    } catch (error) {
      this.#taker.failed(error)
    }
    if (taking !== undefined) void this.#await(taking, item)
  }

  async #await(taking: Promise<void>, item: Item): Promise<void> {
    try {
      await taking
      this.#done(item)
    } catch (error) {
      this.#taker.failed(error)
    }
    this.run()
  }

  #done(item: Item): void {
    this.#isBusy = false
    this.#taker.done(item)
  }
}
