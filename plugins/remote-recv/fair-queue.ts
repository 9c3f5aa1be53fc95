// Deficit round robin: whoever has something waiting has its turn, and in it as many bytes as others have in theirs, times its weight.
// One with much waiting holds up the others by a turn each, whatever it sends.

/** What one turn allows; a larger item takes several turns. */
const QUANTUM_BYTES = 64 * 1024
/** Items that were given are taken out of a list when there are so many. */
const MOST_GIVEN_KEPT = 1024

interface Lane<T> {
  readonly weight: number
  /** From `at` on they wait. */
  items: { readonly bytes: number; readonly item: T }[]
  at: number
  deficit: number
}

export class FairQueue<T> {
  readonly #lanes = new Map<number, Lane<T>>()
  /** Those with something waiting; the first has its turn. */
  readonly #turns = new Map<number, Lane<T>>()

  open(lane: number, weight: number): void {
    this.#lanes.set(lane, { weight, items: [], at: 0, deficit: 0 })
  }

  /** Returns what waited: it will not be given any more. */
  close(lane: number): readonly T[] {
    const closed = this.#lanes.get(lane)
    this.#lanes.delete(lane)
    this.#turns.delete(lane)
    return closed === undefined ? [] : closed.items.slice(closed.at).map(({ item }) => item)
  }

  /** In order within its lane. How much waits is bounded by whoever fills it. */
  push(lane: number, bytes: number, item: T): void {
    const open = this.#lanes.get(lane)
    if (open === undefined) return
    open.items.push({ bytes, item })
    if (!this.#turns.has(lane)) this.#turns.set(lane, open)
  }

  isEmpty(lane: number): boolean {
    return !this.#turns.has(lane)
  }

  get hasItems(): boolean {
    return this.#turns.size > 0
  }

  /** The next item of all. */
  next(): { readonly lane: number; readonly item: T } | undefined {
    for (;;) {
      const [turn] = this.#turns
      if (turn === undefined) return undefined
      const [lane, open] = turn
      const first = open.items[open.at]
      if (first !== undefined && first.bytes <= open.deficit) {
        open.deficit -= first.bytes
        open.at++
        if (open.at === open.items.length) this.#rest(lane, open)
        else if (open.at >= MOST_GIVEN_KEPT) this.#shorten(open)
        return { lane, item: first.item }
      }
      open.deficit += QUANTUM_BYTES * open.weight
      this.#turns.delete(lane)
      if (first !== undefined) this.#turns.set(lane, open)
    }
  }

  /** Whoever has nothing waiting saves nothing up. */
  #rest(lane: number, open: Lane<T>): void {
    open.items = []
    open.at = 0
    open.deficit = 0
    this.#turns.delete(lane)
  }

  #shorten(open: Lane<T>): void {
    open.items = open.items.slice(open.at)
    open.at = 0
  }
}
