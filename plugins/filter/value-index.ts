// Which rules have to be asked, by the values of one field.

import { ByteTable } from './byte-table.js'
import { plainBytes } from './record-view.js'
import type { RecordView } from './record-view.js'

const NONE: readonly number[] = []

/** For one field: `r=` or `i=`, value, and the places of rules that want it. */
export class ValueIndex {
  readonly #slot: number
  readonly #lists: (readonly number[])[] = []
  readonly #raw = new ByteTable()
  readonly #plain = new ByteTable()
  readonly #texts = new Map<string, number>()
  #allPlain = true

  constructor(
    slot: number,
    raw: ReadonlyMap<string, readonly number[]>,
    interpreted: ReadonlyMap<string, readonly number[]>,
  ) {
    this.#slot = slot
    for (const [value, places] of raw) this.#raw.add(Buffer.from(value, 'latin1'), this.#lists.push(places) - 1)
    for (const [text, places] of interpreted) {
      const list = this.#lists.push(places) - 1
      this.#texts.set(text, list)
      const plain = plainBytes(text)
      if (plain === undefined) this.#allPlain = false
      else this.#plain.add(plain, list)
    }
  }

  /** Sets the bits of the rules that the record's value calls for. */
  collect(view: RecordView, words: Uint32Array): void {
    const slot = this.#slot
    if (!view.has(slot)) return
    const { scan } = view
    if (this.#raw.size > 0)
      mark(words, this.#listed(this.#raw.find(scan.source(slot), scan.start(slot), scan.end(slot))))
    if (this.#texts.size === 0) return
    const end = this.#allPlain ? view.quotedEnd(slot) : -1
    const list =
      end === -1
        ? (this.#texts.get(view.interpreted(slot)) ?? -1)
        : this.#plain.find(scan.source(slot), scan.start(slot) + 1, end)
    mark(words, this.#listed(list))
  }

  #listed(list: number): readonly number[] {
    return list === -1 ? NONE : (this.#lists[list] ?? NONE)
  }
}

/** Sets bits. */
export function mark(words: Uint32Array, places: readonly number[]): void {
  for (const place of places) words[place >>> 5] = (words[place >>> 5] ?? 0) | (1 << (place & 31))
}
