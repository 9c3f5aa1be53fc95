// Texts of which one has to stand in whatever a regular expression matches. Node looks for a text many times as fast as an
// automaton takes steps, so a record without any of them is known not to match before a step is taken.

import type { ByteSet } from './regexp-bracket.js'
import type { RegexpNode } from './regexp-syntax.js'

/** Each is looked for in each record: more cost more than they save. */
const MAX_LITERALS = 4
/** A shorter one is found in too many records. */
const MIN_LITERAL_BYTES = 4
const MAX_LITERAL_BYTES = 16
/** Of one expression, before they are cut to fewer; what has more is not worth it. */
const MAX_ALTERNATIVES = 256

/** Latin1 texts: bytes with none of them match none of the expressions. Undefined if there are no such few texts. */
export function literalsOf(roots: readonly RegexpNode[]): readonly string[] | undefined {
  const all = eitherOf(roots)
  if (all === undefined) return undefined
  // Literals often differ only behind what they share: the shorter, the fewer.
  for (let bytes = MAX_LITERAL_BYTES; bytes >= MIN_LITERAL_BYTES; bytes--) {
    const cut = new Set(all.map((literal) => literal.slice(0, bytes)))
    if (cut.size <= MAX_LITERALS) return [...cut]
  }
  return undefined
}

/** Latin1 texts of which one stands in whatever matches this; undefined if there are no such, or too many. */
export function alternativesOf(root: RegexpNode): readonly string[] | undefined {
  return eitherOf([root])
}

/** What of which one has to be there for any of the nodes to match. */
function eitherOf(nodes: readonly RegexpNode[]): readonly string[] | undefined {
  const found = new Set<string>()
  for (const node of nodes) {
    const of = literalsIn(node)
    if (of === undefined) return undefined
    for (const literal of of) found.add(literal)
    if (found.size > MAX_ALTERNATIVES) return undefined
  }
  return [...found]
}

function literalsIn(node: RegexpNode): readonly string[] | undefined {
  switch (node.kind) {
    case 'any':
      return eitherOf(node.of)
    case 'repeat':
      return node.min === 0 ? undefined : literalsIn(node.of)
    case 'bytes':
    case 'place':
    case 'all':
      return bestOf(partsOf(node))
    default:
      return node satisfies never
  }
}

/** One behind the other: each run of single bytes is a literal, and so may be what a part needs. */
function bestOf(parts: readonly RegexpNode[]): readonly string[] | undefined {
  const candidates: (readonly string[])[] = []
  let run = ''
  const endRun = (): void => {
    candidates.push([run])
    run = ''
  }
  for (const part of parts) {
    const byte = part.kind === 'bytes' ? onlyByte(part.set) : -1
    if (byte !== -1) {
      run += String.fromCharCode(byte)
    } else if (part.kind !== 'place') {
      // A place takes no byte; what stands on both sides of it stands together.
      endRun()
      const of = part.kind === 'bytes' ? undefined : literalsIn(part)
      if (of !== undefined) candidates.push(of)
    }
  }
  endRun()
  const best = candidates.toSorted((a, b) => shortest(b) - shortest(a))[0]
  return best === undefined || shortest(best) < MIN_LITERAL_BYTES ? undefined : best
}

function partsOf(node: RegexpNode): readonly RegexpNode[] {
  return node.kind === 'all' ? node.of.flatMap(partsOf) : [node]
}

/** -1 if it is not just one. */
function onlyByte(set: ByteSet): number {
  const first = set.indexOf(1)
  return set.includes(1, first + 1) ? -1 : first
}

function shortest(literals: readonly string[]): number {
  return Math.min(...literals.map(({ length }) => length))
}
