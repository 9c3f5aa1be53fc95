/** What the dispatcher has said and no commit has taken up yet. */
export type HeldItem =
  | { readonly kind: 'lines'; readonly bytes: Buffer; readonly records: number; readonly seq: number }
  /** The dispatcher has lost them; `records` 0: it does not know how many. */
  | {
      readonly kind: 'gap'
      readonly records: number
      readonly fromSeq: number
      readonly seq: number
      readonly reason: string
    }

/**
 * Beyond this the dispatcher's next records wait, and with them its RELOAD. What it sends ahead of its acknowledgements is 4096
 * records, which come here only if they are longer than 4 KiB on average.
 */
const MAX_HELD_BYTES = 16 * 1024 * 1024

/** Records that wait for a commit, or for room, in their order; unacknowledged, so that nothing is lost with them. */
export class Held {
  #items: HeldItem[] = []
  #bytes = 0
  #records = 0
  #wake: () => void = () => {}
  #isClosed = false
  #isEnding = false

  get bytes(): number {
    return this.#bytes
  }

  get records(): number {
    return this.#records
  }

  /** Of the first in line. */
  get nextBytes(): number {
    const [next] = this.#items
    return next === undefined ? 0 : bytesOf(next)
  }

  get isEmpty(): boolean {
    return this.#items.length === 0
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  add(item: HeldItem): void {
    if (this.#isClosed) return
    this.#items.push(item)
    this.#count(item, 1)
  }

  /** From the front, at least one and up to so many bytes. */
  take(maxBytes: number): HeldItem[] {
    let bytes = 0
    const end = this.#items.findIndex((item, index) => (bytes += bytesOf(item)) > maxBytes && index > 0)
    const taken = this.#items.splice(0, end < 0 ? this.#items.length : end)
    for (const item of taken) this.#count(item, -1)
    if (this.#bytes <= MAX_HELD_BYTES) this.#wake()
    return taken
  }

  /** Resolves when no more is held than may be; undefined if that is so now. One at a time waits. */
  room(): Promise<void> | undefined {
    if (this.#bytes <= MAX_HELD_BYTES || this.#isEnding) return undefined
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  /** The program is to end, and whoever waits for room would hold that up. */
  end(): void {
    this.#isEnding = true
    this.#wake()
  }

  /** What comes from now on is left to the next process. */
  close(): void {
    this.#isClosed = true
    this.end()
  }

  #count(item: HeldItem, sign: 1 | -1): void {
    this.#bytes += sign * bytesOf(item)
    if (item.kind === 'lines') this.#records += sign * item.records
  }
}

function bytesOf(item: HeldItem): number {
  return item.kind === 'lines' ? item.bytes.length : 0
}
