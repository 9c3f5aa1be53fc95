// Tells for which rules a record has what they need, in one pass over its bytes. A word's beginning leads through a table
// as long as several needs share it; what only one has is compared. All else of the word is passed over.

import { RegexpSet } from './regexp-set.js'
import { mark } from './value-index.js'
import type { Need } from './needs.js'
import type { RegexpNode } from './regexp-syntax.js'

const BYTE_VALUES = 256
const ZERO = 0x30
const NINE = 0x39
const LOWER_A = 0x61
const LOWER_Z = 0x7a
const CASE_DISTANCE = 0x20
const BLANK = 0x20
const ENRICHED_SEPARATOR = 0x1d
const NO_BYTES = new Uint8Array(0)
const NONE: readonly number[] = []
/** Words begin behind these: needs are cut before them. */
const SEPARATORS = " \x1d'("
const SEPARATOR = /[ \x1d'(]/
const SEPARATOR_CLASS = 1
/** Nothing leads on from here but the next word. */
const NOTHING = 0
/** More have another meaning as a number of 32 bits. */
const MAX_DIGITS = 9
/** Numbers of one field whose rules are remembered; at the bound all are forgotten. */
const MAX_NUMBERS = 1024

/** The needs of one rule, and its place among the others. */
export interface Needy {
  readonly place: number
  readonly needs: readonly Need[]
}

interface Asking {
  readonly place: number
  readonly holds: (digits: string) => boolean
}

interface Word {
  readonly text: string
  readonly places: readonly number[]
  readonly numbers: Numbers | undefined
}

/** What is to be done where several words have become one, or one has ended. */
interface Stop {
  /** What has still to come; folded. */
  readonly rest: Uint8Array
  readonly words: readonly Word[]
}

/** Made once for records of one type. */
export class Sieve {
  /** By byte, the same for both cases of a letter. */
  readonly #classOf = new Uint8Array(BYTE_VALUES)
  readonly #isSeparator = new Uint8Array(BYTE_VALUES)
  readonly #width: number
  /** By state and class: where the row of the next state begins, negative if there is a stop. */
  readonly #next: Int32Array
  /** By state. */
  readonly #stops: readonly (Stop | undefined)[]
  readonly #start: number
  readonly #texts: RegexpSet | undefined
  readonly #textPlaces: readonly (readonly number[])[]
  readonly #found: Uint8Array

  constructor(needy: readonly Needy[]) {
    const words = wordsOf(needy)
    let classes = SEPARATOR_CLASS
    for (const char of SEPARATORS) {
      this.#isSeparator[char.charCodeAt(0)] = 1
      this.#classOf[char.charCodeAt(0)] = SEPARATOR_CLASS
    }
    for (const { text } of words)
      for (const byte of Buffer.from(text, 'latin1'))
        if (this.#classOf[byte] === 0) this.#classOf[byte] = classes += 1
    for (let byte = LOWER_A; byte <= LOWER_Z; byte++)
      this.#classOf[byte - CASE_DISTANCE] = this.#classOf[byte] ?? 0
    this.#width = classes + 1
    const table = new Table(this.#width, this.#classOf)
    const start = table.add(words, 0)
    this.#start = start * this.#width
    this.#next = table.joined(start)
    this.#stops = table.stops
    const texts = [...new Set(needy.flatMap(({ needs }) => needs.flatMap(textOf)))]
    this.#texts = texts.length === 0 ? undefined : new RegexpSet(texts.map(nodeOf))
    this.#found = new Uint8Array(texts.length)
    this.#textPlaces = texts.map((text) =>
      needy.filter(({ needs }) => needs.some((need) => textOf(need)[0] === text)).map(({ place }) => place),
    )
  }

  /** Sets the bits of rules whose needs are met; false if it has set none. */
  collect(bytes: Uint8Array, bits: Uint32Array): boolean {
    const next = this.#next
    const classOf = this.#classOf
    const isSeparator = this.#isSeparator
    const start = this.#start
    const end = bytes.length
    let isMet = false
    let row = start
    for (let at = 0; at < end; at++) {
      if (row === NOTHING) {
        while (at < end && isSeparator[bytes[at] ?? 0] === 0) at++
        row = start
        continue
      }
      row = next[row + (classOf[bytes[at] ?? 0] ?? 0)] ?? 0
      if (row < 0) {
        row = -row
        if (this.#stop(row / this.#width, bytes, at + 1, bits)) isMet = true
      }
    }
    return this.#search(bytes, bits) || isMet
  }

  #stop(state: number, bytes: Uint8Array, from: number, bits: Uint32Array): boolean {
    const stop = this.#stops[state]
    if (stop === undefined) return false
    const { rest, words } = stop
    for (let index = 0; index < rest.length; index++) {
      const byte = bytes[from + index]
      if (byte === undefined || this.#classOf[byte] !== this.#classOf[rest[index] ?? 0]) return false
    }
    let isMet = false
    for (const { places, numbers } of words) {
      const its = numbers === undefined ? places : numbers.places(bytes, from + rest.length)
      mark(bits, its)
      if (its.length > 0) isMet = true
    }
    return isMet
  }

  #search(bytes: Uint8Array, bits: Uint32Array): boolean {
    const found = this.#found
    if (this.#texts === undefined) return false
    this.#texts.search(bytes, bytes.length, found)
    let isMet = false
    for (let index = 0; index < found.length; index++) {
      if (found[index] === 0) continue
      isMet = true
      mark(bits, this.#textPlaces[index] ?? [])
    }
    return isMet
  }
}

/** Rules that ask for the number of one field. */
class Numbers {
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

/** The rows of the states, as they are made. */
class Table {
  readonly stops: (Stop | undefined)[] = [undefined]
  readonly #classOf: Uint8Array
  readonly #rows: Int32Array[]
  readonly #width: number

  constructor(width: number, classOf: Uint8Array) {
    this.#width = width
    this.#classOf = classOf
    this.#rows = [new Int32Array(width)]
  }

  /** Makes the state for words that are the same up to here. */
  add(words: readonly Word[], length: number): number {
    const row = new Int32Array(this.#width)
    const state = this.#rows.push(row) - 1
    const [first] = words
    const isLast = length > 0 && first !== undefined && words.every(({ text }) => text === first.text)
    const ended = isLast ? words : words.filter(({ text }) => text.length === length)
    const rest = isLast ? Buffer.from(first.text.slice(length), 'latin1') : NO_BYTES
    this.stops.push(ended.length === 0 ? undefined : { rest, words: ended })
    const groups = new Map<number, Word[]>()
    for (const word of words) {
      if (ended.includes(word)) continue
      const byte = word.text.charCodeAt(length)
      const group = groups.get(byte)
      if (group === undefined) groups.set(byte, [word])
      else group.push(word)
    }
    for (const [byte, group] of groups) {
      const next = this.add(group, length + 1)
      row[this.#classOf[byte] ?? 0] = this.stops[next] === undefined ? next : -next
    }
    return state
  }

  /** All rows, one behind the other; a separator leads from each to the start. */
  joined(start: number): Int32Array {
    const joined = new Int32Array(this.#rows.length * this.#width)
    for (const [state, row] of this.#rows.entries()) {
      joined.set(
        row.map((next) => next * this.#width),
        state * this.#width,
      )
      joined[state * this.#width + SEPARATOR_CLASS] = start * this.#width
    }
    return joined
  }
}

/** Words with what they need, each once. */
function wordsOf(needy: readonly Needy[]): readonly Word[] {
  const places = new Map<string, Set<number>>()
  const asking = new Map<string, Asking[]>()
  for (const { place, needs } of needy) {
    for (const need of needs) {
      if (need.kind === 'word') {
        const text = cut(need.start.toLowerCase())
        places.set(text, (places.get(text) ?? new Set<number>()).add(place))
      } else if (need.kind === 'number') {
        const text = `${need.field}=`
        asking.set(text, [...(asking.get(text) ?? []), { place, holds: need.holds }])
      }
    }
  }
  return [
    ...[...places].map(([text, its]) => ({ text, places: [...its], numbers: undefined })),
    ...[...asking].map(([text, its]) => ({ text, places: NONE, numbers: new Numbers(its) })),
  ]
}

function cut(text: string): string {
  const separator = text.search(SEPARATOR)
  return separator === -1 ? text : text.slice(0, separator)
}

function textOf(need: Need): readonly string[] {
  return need.kind === 'text' ? [need.text] : []
}

function nodeOf(text: string): RegexpNode {
  return { kind: 'all', of: [...Buffer.from(text, 'latin1')].map((byte) => ({ kind: 'bytes', set: onlySet(byte) })) }
}

function onlySet(byte: number): Uint8Array {
  return new Uint8Array(BYTE_VALUES).fill(1, byte, byte + 1)
}
