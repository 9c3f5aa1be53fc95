// Sets of bytes in regular expressions: `[a-z]`, `[^[:space:]]`, `[]x-]`. POSIX has a backslash stand for itself in them,
// and glibc refuses a `-` that could be meant as a range and is none.

const BYTE_VALUES = 256
/** glibc reads no longer name between `[:` and `:]`. */
const MAX_NAME_CHARACTERS = 31
const CLASSES: Readonly<Record<string, RegExp>> = {
  alnum: /[0-9A-Za-z]/,
  alpha: /[A-Za-z]/,
  blank: /[ \t]/,
  // oxlint-disable-next-line no-control-regex -- that is what this class is
  cntrl: /[\x00-\x1f\x7f]/,
  digit: /[0-9]/,
  graph: /[!-~]/,
  lower: /[a-z]/,
  print: /[ -~]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /[ \t-\r]/,
  upper: /[A-Z]/,
  xdigit: /[0-9A-Fa-f]/,
}

/** By byte: 1 where it belongs to the set. */
export type ByteSet = Uint8Array

type Mistake = { readonly mistake: string }
type Element =
  | { readonly kind: 'byte'; readonly byte: number; readonly next: number }
  | { readonly kind: 'set'; readonly set: ByteSet; readonly next: number }
  | Mistake

/** The set of the one character of a latin1 text. */
export function byteSet(byte: number): ByteSet {
  const set = new Uint8Array(BYTE_VALUES)
  set[byte] = 1
  return set
}

/** The set of a POSIX class, `alpha` and so on, and `word` for `\w`. */
export function classSet(name: string): ByteSet | undefined {
  const members = name === 'word' ? /[0-9A-Za-z_]/ : Object.hasOwn(CLASSES, name) ? CLASSES[name] : undefined
  return (
    members && Uint8Array.from({ length: BYTE_VALUES }, (_, byte) => (members.test(String.fromCharCode(byte)) ? 1 : 0))
  )
}

/** All that is not in a set. No record has a byte 0. */
export function otherBytes(set: ByteSet): ByteSet {
  const others = set.map((member) => 1 - member)
  others[0] = 0
  return others
}

/** Reads what stands behind a `[`; `next` is where the text goes on behind the `]`. */
export function readBracket(text: string, start: number): { readonly set: ByteSet; readonly next: number } | Mistake {
  const isNegated = text[start] === '^'
  const first = isNegated ? start + 1 : start
  const set = new Uint8Array(BYTE_VALUES)
  let at = first
  while (at === first || text[at] !== ']') {
    if (at >= text.length) return noEnd()
    if (at !== first && text[at] === '-' && text[at + 1] !== ']') return looseHyphen()
    const element = readElement(text, at)
    if ('mistake' in element) return element
    at = element.next
    if (element.kind === 'set') {
      for (const [byte, member] of element.set.entries()) if (member === 1) set[byte] = 1
      continue
    }
    let last = element.byte
    if (text[at] === '-' && text[at + 1] !== ']') {
      if (at + 1 >= text.length) return noEnd()
      const end = readElement(text, at + 1)
      if ('mistake' in end) return end
      if (end.kind === 'set' || end.byte < last)
        return { mistake: `the range ${text.slice(at - 1, end.next)} has no end behind its beginning` }
      last = end.byte
      at = end.next
    }
    set.fill(1, element.byte, last + 1)
  }
  return { set: isNegated ? otherBytes(set) : set, next: at + 1 }
}

function readElement(text: string, at: number): Element {
  const mark = text[at + 1]
  if (text[at] !== '[' || (mark !== ':' && mark !== '=' && mark !== '.'))
    return { kind: 'byte', byte: text.charCodeAt(at), next: at + 1 }
  const end = text.indexOf(`${mark}]`, at + 2)
  if (end === -1 || end - at - 2 > MAX_NAME_CHARACTERS) return noEnd()
  const name = text.slice(at + 2, end)
  const next = end + 2
  if (mark === ':') {
    const set = name === 'word' ? undefined : classSet(name)
    return set === undefined ? { mistake: `[:${name}:] is no class of characters` } : { kind: 'set', set, next }
  }
  if (name.length !== 1) return { mistake: `[${mark}${name}${mark}] is more than one character` }
  const byte = name.charCodeAt(0)
  return mark === '=' ? { kind: 'set', set: byteSet(byte), next } : { kind: 'byte', byte, next }
}

function noEnd(): Mistake {
  return { mistake: 'a [ has no ] at its end' }
}

function looseHyphen(): Mistake {
  return { mistake: 'a - between [ and ] is neither first nor last nor part of a range' }
}
