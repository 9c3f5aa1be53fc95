// Tells for which rules a record has what they need, by few of its bytes: where two bytes stand side by side that no need has
// among its first ones, none begins in as many bytes before them. Where one may begin, a table leads through what several
// needs share; what only one has is compared.

import { Numbers, type Asking } from './sieve-numbers.js'
import { mark } from './value-index.js'
import type { Need } from './needs.js'

const BYTE_VALUES = 256
const LOWER_A = 0x61
const LOWER_Z = 0x7a
const CASE_DISTANCE = 0x20
const NO_BYTES = new Uint8Array(0)
const NONE: readonly number[] = []
const NO_TEXTS: readonly Text[] = []
/** Words begin behind these: needs are cut before them. */
const SEPARATORS = [' ', '\x1d', "'", '(']
/** Nothing leads on from here. */
const NOTHING = 0
/** Of how many of a need's first bytes the table of shifts knows. */
const MAX_START_BYTES = 16
const HASH_SHIFT = 5
const HASH_MASK = 0xfff
/** The needs of one rule, and its place among the others. */
export interface Needy {
  readonly place: number
  readonly needs: readonly Need[]
}

interface Word {
  readonly text: string
  readonly places: readonly number[]
  readonly numbers: Numbers | undefined
}

interface Text {
  readonly bytes: Uint8Array
  readonly places: readonly number[]
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
  /** By byte: 1 if a need begins with it. */
  readonly #begins = new Uint8Array(BYTE_VALUES)
  readonly #width: number
  /** By state and class: where the row of the next state begins, negative if there is a stop. */
  readonly #next: Int32Array
  /** By state. */
  readonly #stops: readonly (Stop | undefined)[]
  readonly #start: number
  /** By their first byte. */
  readonly #texts: readonly (readonly Text[])[]
  /** How many bytes the shortest need has, with the separator before a word. */
  readonly #length: number
  /** By what is made of two bytes: how far it is from there to where the first bytes of a need may end. */
  readonly #shifts: Uint8Array

  constructor(needy: readonly Needy[]) {
    const words = wordsOf(needy)
    for (const char of SEPARATORS) this.#isSeparator[char.charCodeAt(0)] = 1
    let classes = 0
    for (const { text } of words)
      for (const byte of Buffer.from(text, 'latin1')) if (this.#classOf[byte] === 0) this.#classOf[byte] = classes += 1
    for (let byte = LOWER_A; byte <= LOWER_Z; byte++) this.#classOf[byte - CASE_DISTANCE] = this.#classOf[byte] ?? 0
    this.#width = classes + 1
    const table = new Table(this.#width, this.#classOf)
    const start = table.add(words, 0)
    this.#start = start * this.#width
    this.#next = table.joined()
    this.#stops = table.stops
    const texts = textsOf(needy)
    this.#texts = Array.from({ length: BYTE_VALUES }, (_, byte) => texts.filter(({ bytes }) => bytes[0] === byte))
    const starts = [
      ...texts.map(({ bytes }) => Buffer.from(bytes).toString('latin1')),
      ...words.flatMap(({ text }) => SEPARATORS.map((separator) => separator + text)),
    ]
    for (const text of starts) this.#begins[text.charCodeAt(0)] = 1
    this.#length = starts.reduce((least, { length }) => Math.min(least, length), MAX_START_BYTES)
    this.#shifts = shiftsOf(starts, this.#length)
  }

  /** Sets the bits of rules whose needs are met; false if it has set none. */
  collect(bytes: Uint8Array, bits: Uint32Array): boolean {
    const shifts = this.#shifts
    const begins = this.#begins
    const last = this.#length - 1
    const end = bytes.length
    let isMet = this.#walk(bytes, 0, bits)
    let before = bytes[last - 1] ?? 0
    for (let at = last; at < end; before = bytes[at - 1] ?? 0) {
      const shift = shifts[((before << HASH_SHIFT) ^ (bytes[at] ?? 0)) & HASH_MASK] ?? 0
      if (shift === 0) {
        if (begins[bytes[at - last] ?? 0] === 1 && this.#look(bytes, at - last, bits)) isMet = true
        at += 1
      } else {
        at += shift
      }
    }
    return isMet
  }

  #look(bytes: Uint8Array, start: number, bits: Uint32Array): boolean {
    const first = bytes[start] ?? 0
    let isMet = this.#isSeparator[first] === 1 && this.#walk(bytes, start + 1, bits)
    const texts = this.#texts[first] ?? NO_TEXTS
    for (let index = 0; index < texts.length; index++) {
      const text = texts[index]
      if (text === undefined || !isAt(bytes, start, text.bytes)) continue
      mark(bits, text.places)
      isMet = true
    }
    return isMet
  }

  /** Follows a word as long as it may be one of those that are needed. */
  #walk(bytes: Uint8Array, start: number, bits: Uint32Array): boolean {
    let isMet = false
    let row = this.#start
    for (let at = start; at < bytes.length && row !== NOTHING; at++) {
      row = this.#next[row + (this.#classOf[bytes[at] ?? 0] ?? 0)] ?? 0
      if (row < 0) {
        row = -row
        if (this.#stop(row / this.#width, bytes, at + 1, bits)) isMet = true
      }
    }
    return isMet
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

  /** All rows, one behind the other. */
  joined(): Int32Array {
    const joined = new Int32Array(this.#rows.length * this.#width)
    for (const [state, row] of this.#rows.entries())
      for (let at = 0; at < this.#width; at++) joined[state * this.#width + at] = (row[at] ?? 0) * this.#width
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
        const text = cut(lowerCase(need.start))
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

/** Up to the first separator. */
function cut(text: string): string {
  const ends = SEPARATORS.map((separator) => text.indexOf(separator)).filter((at) => at !== -1)
  return text.slice(0, Math.min(text.length, ...ends))
}

/** ASCII alone: other letters are bytes of longer ones. */
function lowerCase(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}

function textsOf(needy: readonly Needy[]): readonly Text[] {
  const texts = new Map<string, number[]>()
  for (const { place, needs } of needy) {
    for (const need of needs) if (need.kind === 'text') texts.set(need.text, [...(texts.get(need.text) ?? []), place])
  }
  return [...texts].map(([text, places]) => ({ bytes: Buffer.from(text, 'latin1'), places }))
}

/** `starts` may stand in either case. */
function shiftsOf(starts: readonly string[], length: number): Uint8Array {
  const shifts = new Uint8Array(HASH_MASK + 1).fill(length - 1)
  for (const text of new Set(starts.map((start) => start.slice(0, length)))) {
    const start = Buffer.from(text, 'latin1')
    for (let at = 1; at < length; at++) {
      for (const before of casesOf(start[at - 1] ?? 0)) {
        for (const byte of casesOf(start[at] ?? 0)) {
          const hash = ((before << HASH_SHIFT) ^ byte) & HASH_MASK
          shifts[hash] = Math.min(shifts[hash] ?? 0, length - 1 - at)
        }
      }
    }
  }
  return shifts
}

function casesOf(byte: number): readonly number[] {
  return byte >= LOWER_A && byte <= LOWER_Z ? [byte, byte - CASE_DISTANCE] : [byte]
}

function isAt(bytes: Uint8Array, start: number, wanted: Uint8Array): boolean {
  for (let index = 0; index < wanted.length; index++) if (bytes[start + index] !== wanted[index]) return false
  return true
}
