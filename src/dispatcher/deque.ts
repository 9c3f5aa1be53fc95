/** Below this many empty places in front nothing is moved. */
const MIN_SLACK = 32

/** A list of which things are taken off at the front, however long it is, at the price of one; and changed near either end. */
export class Deque<T> {
  /** Nothing lies before `#head`. */
  #items: (T | undefined)[] = []
  #head = 0

  get length(): number {
    return this.#items.length - this.#head
  }

  at(index: number): T | undefined {
    return index < 0 ? undefined : this.#items[this.#head + index]
  }

  get last(): T | undefined {
    return this.length === 0 ? undefined : this.#items[this.#items.length - 1]
  }

  push(item: T): void {
    this.#items.push(item)
  }

  shift(): T | undefined {
    if (this.length === 0) return undefined
    const first = this.#items[this.#head]
    this.#items[this.#head++] = undefined
    // What is moved is never more than what has been taken off since, or put in front.
    if (this.#head > MIN_SLACK + 2 * this.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return first
  }

  /** Puts something at `index`, moving what lies on the shorter side of it. */
  insert(index: number, item: T): void {
    if (index === this.length) {
      this.#items.push(item)
      return
    }
    if (index > this.length / 2) {
      this.#items.splice(this.#head + index, 0, item)
      return
    }
    if (this.#head === 0) this.#growInFront()
    this.#head--
    // copyWithin() of an array that is no buffer is slower than this.
    for (let at = this.#head; at < this.#head + index; at++) this.#items[at] = this.#items[at + 1]
    this.#items[this.#head + index] = item
  }

  /** Takes off what is at `index`, moving what lies on the shorter side of it. */
  remove(index: number): void {
    if (index < 0 || index >= this.length) return
    if (index > this.length / 2) {
      this.#items.splice(this.#head + index, 1)
      return
    }
    for (let at = this.#head + index; at > this.#head; at--) this.#items[at] = this.#items[at - 1]
    this.shift()
  }

  /** Takes off what is at `index` and behind it. */
  takeFrom(index: number): T[] {
    const items: T[] = []
    for (const item of this.#items.splice(this.#head + index)) if (item !== undefined) items.push(item)
    return items
  }

  /** Takes everything off. */
  takeAll(): T[] {
    const items = this.takeFrom(0)
    this.#items = []
    this.#head = 0
    return items
  }

  /** Makes as many empty places as there are full ones, so that each of the next so many is had for nothing. */
  #growInFront(): void {
    const slack = Math.max(MIN_SLACK, this.length)
    const items: (T | undefined)[] = Array.from({ length: slack }, () => undefined)
    this.#items = items.concat(this.#items)
    this.#head = slack
  }
}
