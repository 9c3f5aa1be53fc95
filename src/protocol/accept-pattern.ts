// What an argument may look like that a plugin passes to an action: literals, classes such as `[0-9a-f]`, and `*`, which
// repeats the literal or class before it any number of times, or not at all. The whole argument has to match.
//
// All ways through the pattern are walked at once, one byte after the other, so the work is at most pattern times
// argument whatever both say. A matcher that tries one way and comes back for the next can be held up for years by an
// argument made for that; this is why no regular expression is used.

const BYTE_VALUES = 256

/** One literal byte or class. */
export interface AcceptPart {
  /** By byte: 1 where it fits. */
  readonly fits: Uint8Array
  readonly isRepeated: boolean
}

/** A pattern that has been read. */
export interface AcceptPattern {
  readonly text: string
  readonly parts: readonly AcceptPart[]
}

/** The pattern of who accepts nothing, not even an empty argument. */
export const ACCEPT_NOTHING: AcceptPattern = { text: '', parts: [] }

/** Reads a pattern; '' accepts nothing. */
export function parseAcceptPattern(text: string): AcceptPattern | { readonly mistake: string } {
  const parts: AcceptPart[] = []
  for (let at = 0; at < text.length;) {
    const read = text[at] === '[' ? readClass(text, at) : readLiteral(text, at)
    if ('mistake' in read) return read
    const isRepeated = text[read.next] === '*'
    if (isRepeated && read.sets.length > 1) return { mistake: notOneByte(text.slice(at, read.next), text) }
    for (const fits of read.sets) parts.push({ fits, isRepeated })
    at = isRepeated ? read.next + 1 : read.next
  }
  return { text, parts }
}

/** Whether all of `bytes` matches. */
export function accepts({ parts }: AcceptPattern, bytes: Uint8Array): boolean {
  if (parts.length === 0) return false
  // alive[i]: what has been read so far may be what stands before part i.
  let alive = new Uint8Array(parts.length + 1)
  let next = new Uint8Array(parts.length + 1)
  alive[0] = 1
  passRepeated(parts, alive)
  for (const byte of bytes) {
    next.fill(0)
    if (!step(parts, byte, alive, next)) return false
    passRepeated(parts, next)
    ;[alive, next] = [next, alive]
  }
  return alive[parts.length] === 1
}

/** Reads one byte; false when no way is left. */
function step(parts: readonly AcceptPart[], byte: number, alive: Uint8Array, next: Uint8Array): boolean {
  let isAlive = false
  for (const [index, part] of parts.entries()) {
    if (alive[index] !== 1 || part.fits[byte] !== 1) continue
    next[part.isRepeated ? index : index + 1] = 1
    isAlive = true
  }
  return isAlive
}

/** What may be repeated may also be left out. */
function passRepeated(parts: readonly AcceptPart[], alive: Uint8Array): void {
  for (const [index, part] of parts.entries()) if (part.isRepeated && alive[index] === 1) alive[index + 1] = 1
}

type ReadPart = { readonly sets: readonly Uint8Array[]; readonly next: number } | { readonly mistake: string }

/** A character beyond ASCII is several bytes, and so several parts. */
function readLiteral(text: string, at: number): ReadPart {
  const character = String.fromCodePoint(text.codePointAt(at) ?? 0)
  if (character === ']') return { mistake: noEnd(text) }
  if (character === '*') return { mistake: `a * in '${text}' has nothing before it to repeat; a * itself is [*]` }
  const sets = [...Buffer.from(character)].map((byte) => setOf([byte], false))
  return { sets, next: at + character.length }
}

/** `[abc]`, `[a-z]`, `[^/]`; a `-` that comes first or last stands for itself, and so does a bracket on its own. */
function readClass(text: string, open: number): ReadPart {
  const isNegated = text[open + 1] === '^'
  const first = isNegated ? open + 2 : open + 1
  const close = text.indexOf(']', first + 1)
  if (close === -1) return { mistake: noEnd(text) }
  const inside = text.slice(first, close)
  if (inside.length > 1 && /[[\]]/.test(inside)) return { mistake: noEnd(text) }
  const [strange] = /\P{ASCII}/u.exec(inside) ?? []
  if (strange !== undefined) return { mistake: notOneByte(strange, text) }
  const members: number[] = []
  for (let at = 0; at < inside.length; at++) {
    const from = inside.charCodeAt(at)
    const isRange = inside[at + 1] === '-' && at + 2 < inside.length
    const to = isRange ? inside.charCodeAt(at + 2) : from
    if (to < from) return { mistake: `the range '${inside.slice(at, at + 3)}' in '${text}' runs backwards` }
    for (let byte = from; byte <= to; byte++) members.push(byte)
    if (isRange) at += 2
  }
  return { sets: [setOf(members, isNegated)], next: close + 1 }
}

function setOf(members: readonly number[], isNegated: boolean): Uint8Array {
  const fits = new Uint8Array(BYTE_VALUES).fill(isNegated ? 1 : 0)
  for (const byte of members) fits[byte] = isNegated ? 0 : 1
  return fits
}

function noEnd(text: string): string {
  return `a class in '${text}' is empty or has no end; one looks like [0-9a-f], a bracket itself is [[] or []]`
}

function notOneByte(character: string, text: string): string {
  return `'${character}' in '${text}' is more than one byte: it cannot stand in a class, nor before a *`
}
