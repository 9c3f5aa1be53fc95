/** The last so many keys: the oldest goes when a new one comes. A ring, as the first key of a Set is slow to find after many deletions. */
export class RememberedKeys {
  readonly #keys = new Set<string>()
  readonly #ring: string[] = []
  readonly #size: number
  #next = 0

  constructor(size: number) {
    this.#size = size
  }

  has(key: string): boolean {
    return this.#keys.has(key)
  }

  add(key: string): void {
    if (this.#keys.has(key)) return
    const oldest = this.#ring[this.#next]
    if (oldest !== undefined) this.#keys.delete(oldest)
    this.#ring[this.#next] = key
    this.#keys.add(key)
    this.#next = (this.#next + 1) % this.#size
  }
}
