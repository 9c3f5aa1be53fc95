// Which rules a number calls for that stands in a record's bytes, remembered by number.

import type { Holds } from './needs.js'

const ZERO = 0x30
const NINE = 0x39
const LOWER_A = 0x61
const BLANK = 0x20
const ENRICHED_SEPARATOR = 0x1d
/** More have another meaning as a number of 32 bits. */
const MAX_DIGITS = 9
/** As many are remembered; at the bound all are forgotten. */
const MAX_NUMBERS = 1024
const NONE: readonly number[] = []

/** A rule by its place, and what it asks of the number. */
export interface Asking {
  readonly place: number
  readonly holds: Holds
}

/** Rules that ask for the number of one field. */
export class Numbers {
  readonly #asking: readonly Asking[]
  readonly #all: readonly number[]
  readonly #known = new Map<number, readonly number[]>()

  constructor(asking: readonly Asking[]) {
    this.#asking = asking
    this.#all = asking.map(({ place }) => place)
  }

  /** The rules for the number at hand; all of them for what is written in an odd way. */
  places(bytes: Uint8Array, from: number): readonly number[] {
    // auditd's own fields have names in capitals, and what they say are words.
    if ((bytes[from - 2] ?? 0) < LOWER_A) return NONE
    let number = 0
    let at = from
    for (let byte = bytes[at] ?? 0; byte >= ZERO && byte <= NINE; byte = bytes[at] ?? 0) {
      number = number * 10 + byte - ZERO
      at += 1
    }
    const isEnd = at === bytes.length || bytes[at] === BLANK || bytes[at] === ENRICHED_SEPARATOR
    const isUsual = isEnd && at > from && at - from <= MAX_DIGITS && (at - from === 1 || bytes[from] !== ZERO)
    return isUsual ? (this.#known.get(number) ?? this.#learn(number)) : this.#all
  }

  #learn(number: number): readonly number[] {
    const places = this.#asking.filter(({ holds }) => holds(`${number}`)).map(({ place }) => place)
    if (this.#known.size >= MAX_NUMBERS) this.#known.clear()
    this.#known.set(number, places)
    return places
  }
}
