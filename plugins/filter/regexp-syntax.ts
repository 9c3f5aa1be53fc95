// POSIX extended regular expressions as glibc reads them in the C locale: byte by byte, with its \w \W \s \S \b \B \< \>
// \` and \'. Refused, although glibc takes it: references back (`(a)\1`), because whoever follows them can be held up for
// years by a record that was made for it; and what becomes too large when its `{n,m}` are written out.

import { byteSet, classSet, otherBytes, readBracket } from './regexp-bracket.js'
import type { ByteSet } from './regexp-bracket.js'

const MAX_DEPTH = 100
const MAX_REPEATS = 32767
/** How many bytes and branches an expression may have when its repetitions are written out. */
const MAX_SIZE = 2000
const ALL_BYTES = otherBytes(new Uint8Array(256))
const WORD = otherBytes(new Uint8Array(256)).map((_, byte) => (/[0-9A-Za-z_]/.test(String.fromCharCode(byte)) ? 1 : 0))
const SPACE = classSet('space') ?? new Uint8Array(256)

/** A place between two bytes: `start` and `end` of all, and by whether the bytes before and behind it belong to words. */
export type Place = 'start' | 'end' | 'word-start' | 'word-end' | 'word-edge' | 'no-word-edge'

export type RegexpNode =
  | { readonly kind: 'bytes'; readonly set: ByteSet }
  | { readonly kind: 'place'; readonly place: Place }
  | { readonly kind: 'all' | 'any'; readonly of: readonly RegexpNode[] }
  /** Any number of times from `min` on if `max` is undefined. */
  | { readonly kind: 'repeat'; readonly of: RegexpNode; readonly min: number; readonly max: number | undefined }

type Mistake = { readonly mistake: string }

/** Reads a regular expression given as latin1 text. */
export function parseRegexp(text: string): { readonly root: RegexpNode } | Mistake {
  try {
    const root = new Parser(text).regexp()
    const size = sizeOf(root)
    if (size > MAX_SIZE) return { mistake: `too large: its repetitions make it ${size} parts, more than ${MAX_SIZE}` }
    return { root }
  } catch (error) {
    if (error instanceof RegexpMistake) return { mistake: error.message }
    throw error
  }
}

class RegexpMistake extends Error {}

class Parser {
  readonly #text: string
  #at = 0
  #depth = 0

  constructor(text: string) {
    this.#text = text
  }

  regexp(): RegexpNode {
    return this.#branches()
  }

  #branches(): RegexpNode {
    const of = [this.#branch()]
    while (this.#text[this.#at] === '|') {
      this.#at += 1
      of.push(this.#branch())
    }
    const [only] = of
    return of.length === 1 && only !== undefined ? only : { kind: 'any', of }
  }

  #branch(): RegexpNode {
    const of: RegexpNode[] = []
    while (this.#at < this.#text.length) {
      const next = this.#text[this.#at]
      // Outside of parentheses a closing one stands for itself.
      if (next === '|' || (next === ')' && this.#depth > 0)) break
      const atom = this.#atom()
      of.push(atom.kind === 'place' ? atom : this.#repeated(atom))
    }
    return { kind: 'all', of }
  }

  #atom(): RegexpNode {
    const character = this.#text.charAt(this.#at)
    this.#at += 1
    switch (character) {
      case '*':
      case '+':
      case '?':
      case '{':
        throw new RegexpMistake(`${character} has nothing before it to repeat; ${character} itself is [${character}]`)
      case '^':
        return { kind: 'place', place: 'start' }
      case '$':
        return { kind: 'place', place: 'end' }
      case '.':
        return { kind: 'bytes', set: ALL_BYTES }
      case '(':
        return this.#group()
      case '[':
        return this.#bracket()
      case '\\':
        return this.#escape()
      default:
        return { kind: 'bytes', set: byteSet(character.charCodeAt(0)) }
    }
  }

  #group(): RegexpNode {
    this.#depth += 1
    if (this.#depth > MAX_DEPTH) throw new RegexpMistake(`more than ${MAX_DEPTH} ( within each other`)
    const inside = this.#branches()
    if (this.#text[this.#at] !== ')') throw new RegexpMistake('a ( has no ) at its end')
    this.#at += 1
    this.#depth -= 1
    // So that what stands in parentheses may be repeated even if it is a place.
    return { kind: 'all', of: [inside] }
  }

  #bracket(): RegexpNode {
    const read = readBracket(this.#text, this.#at)
    if ('mistake' in read) throw new RegexpMistake(read.mistake)
    this.#at = read.next
    return { kind: 'bytes', set: read.set }
  }

  #escape(): RegexpNode {
    const character = this.#text.charAt(this.#at)
    this.#at += 1
    switch (character) {
      case '':
        throw new RegexpMistake('ends with a backslash')
      case 'w':
        return { kind: 'bytes', set: WORD }
      case 'W':
        return { kind: 'bytes', set: otherBytes(WORD) }
      case 's':
        return { kind: 'bytes', set: SPACE }
      case 'S':
        return { kind: 'bytes', set: otherBytes(SPACE) }
      case 'b':
        return { kind: 'place', place: 'word-edge' }
      case 'B':
        return { kind: 'place', place: 'no-word-edge' }
      case '<':
        return { kind: 'place', place: 'word-start' }
      case '>':
        return { kind: 'place', place: 'word-end' }
      case '`':
        return { kind: 'place', place: 'start' }
      case "'":
        return { kind: 'place', place: 'end' }
      default:
        if (/[1-9]/.test(character)) {
          throw new RegexpMistake(`\\${character} refers back to what was matched before, which is not supported`)
        }
        return { kind: 'bytes', set: byteSet(character.charCodeAt(0)) }
    }
  }

  #repeated(atom: RegexpNode): RegexpNode {
    let node = atom
    for (let count = 0; ; count++) {
      const { min, max, next } = this.#repetition() ?? {}
      if (min === undefined || next === undefined) return node
      if (count === MAX_DEPTH) throw new RegexpMistake(`more than ${MAX_DEPTH} repetitions of each other`)
      this.#at = next
      node = { kind: 'repeat', of: node, min, max }
    }
  }

  #repetition(): { readonly min: number; readonly max: number | undefined; readonly next: number } | undefined {
    const next = this.#at + 1
    switch (this.#text[this.#at]) {
      case '*':
        return { min: 0, max: undefined, next }
      case '+':
        return { min: 1, max: undefined, next }
      case '?':
        return { min: 0, max: 1, next }
      case '{':
        return this.#interval(next)
      default:
        return undefined
    }
  }

  #interval(start: number): { readonly min: number; readonly max: number | undefined; readonly next: number } {
    const end = this.#text.indexOf('}', start)
    const inside = end === -1 ? '' : this.#text.slice(start, end)
    const [, low, comma, high = ''] = /^(\d*)(,?)(\d*)$/.exec(inside) ?? []
    if (low === undefined || comma === undefined || (low === '' && comma === '')) {
      throw new RegexpMistake('a { is not followed by a number of times such as {3}, {1,3} or {1,}; { itself is [{]')
    }
    const min = Number(low)
    const max = comma === '' ? min : high === '' ? undefined : Number(high)
    if (max !== undefined && max < min) throw new RegexpMistake(`{${inside}} has its larger number first`)
    if (Math.max(min, max ?? 0) > MAX_REPEATS) throw new RegexpMistake(`{${inside}} is more than ${MAX_REPEATS}`)
    return { min, max, next: end + 1 }
  }
}

/** How many parts a node has when its repetitions are written out; what repeats nothing still has to be gone through. */
function sizeOf(node: RegexpNode): number {
  switch (node.kind) {
    case 'bytes':
    case 'place':
      return 1
    case 'all':
    case 'any':
      return node.of.reduce((sum, part) => sum + sizeOf(part), 1)
    case 'repeat':
      return sizeOf(node.of) * Math.max(1, node.max ?? node.min + 1) + 1
    default:
      return node satisfies never
  }
}
