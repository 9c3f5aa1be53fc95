// Which rules have to be asked, by the values of one field.

import { isPlain } from './record-view.js'
import type { RecordView } from './record-view.js'

/** Bits for the lengths and ends that values have. */
const SHAPES = 256

/** For one field: `r=` or `i=`, value, and the places of rules that want it. */
export class ValueIndex {
  readonly #slot: number
  readonly #raw: Values
  readonly #interpreted: Values
  readonly #allPlain: boolean

  constructor(
    slot: number,
    raw: ReadonlyMap<string, readonly number[]>,
    interpreted: ReadonlyMap<string, readonly number[]>,
  ) {
    this.#slot = slot
    this.#raw = new Values(raw)
    this.#interpreted = new Values(interpreted)
    this.#allPlain = [...interpreted.keys()].every(isPlain)
  }

  /** Sets the bits of the rules that the record's value calls for. */
  collect(view: RecordView, words: Uint32Array): void {
    const slot = this.#slot
    if (!view.has(slot)) return
    const { scan } = view
    if (!this.#raw.isEmpty) this.#raw.collect(scan.source(slot), scan.start(slot), scan.end(slot), words)
    if (this.#interpreted.isEmpty) return
    const end = this.#allPlain ? view.quotedEnd(slot) : -1
    if (end === -1) {
      const text = view.interpreted(slot)
      this.#interpreted.collect(text, 0, text.length, words)
    } else {
      this.#interpreted.collect(scan.source(slot), scan.start(slot) + 1, end, words)
    }
  }
}

/** Values, and the rules that want them. Most values are told from them all by their length and last character. */
class Values {
  readonly #places: ReadonlyMap<string, readonly number[]>
  readonly #shapes = new Uint8Array(SHAPES)

  constructor(places: ReadonlyMap<string, readonly number[]>) {
    this.#places = places
    for (const value of places.keys()) this.#shapes[shapeOf(value, 0, value.length)] = 1
  }

  get isEmpty(): boolean {
    return this.#places.size === 0
  }

  collect(source: string, start: number, end: number, words: Uint32Array): void {
    if (this.#shapes[shapeOf(source, start, end)] === 0) return
    const places = this.#places.get(source.slice(start, end))
    if (places !== undefined) mark(words, places)
  }
}

/** Sets bits. */
export function mark(words: Uint32Array, places: readonly number[]): void {
  for (const place of places) words[place >>> 5] = (words[place >>> 5] ?? 0) | (1 << (place & 31))
}

function shapeOf(source: string, start: number, end: number): number {
  return end === start ? 0 : ((end - start) * 31 + source.charCodeAt(end - 1)) & (SHAPES - 1)
}
