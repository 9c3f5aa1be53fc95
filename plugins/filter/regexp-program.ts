// Regular expressions written out as steps: each reads one byte, branches, looks at the place it is at, or says which
// expression matched.

import type { ByteSet } from './regexp-bracket.js'
import type { Place, RegexpNode } from './regexp-syntax.js'

export type Step =
  | { readonly kind: 'bytes'; readonly set: ByteSet; readonly next: number }
  | { readonly kind: 'place'; readonly place: Place; readonly next: number }
  | { readonly kind: 'branch'; readonly to: readonly number[] }
  | { readonly kind: 'match'; readonly index: number }

/** Steps of several expressions, and with which one they all begin. */
export interface RegexpProgram {
  readonly steps: readonly Step[]
  readonly start: number
}

/** Written from the end: a step knows the one behind it. */
export function regexpProgram(roots: readonly RegexpNode[]): RegexpProgram {
  const steps: Step[] = []
  const to = roots.map((root, index) => write(root, add(steps, { kind: 'match', index }), steps))
  return { start: add(steps, { kind: 'branch', to }), steps }
}

/** Writes a node before `next`; returns with which step it begins. */
function write(node: RegexpNode, next: number, steps: Step[]): number {
  switch (node.kind) {
    case 'bytes':
      return add(steps, { kind: 'bytes', set: node.set, next })
    case 'place':
      return add(steps, { kind: 'place', place: node.place, next })
    case 'all':
      return node.of.reduceRight((behind, part) => write(part, behind, steps), next)
    case 'any':
      return add(steps, { kind: 'branch', to: node.of.map((part) => write(part, next, steps)) })
    case 'repeat':
      return writeRepeated(node.of, node.min, node.max, next, steps)
    default:
      return node satisfies never
  }
}

function writeRepeated(of: RegexpNode, min: number, max: number | undefined, next: number, steps: Step[]): number {
  let start = next
  if (max === undefined) {
    const to = [next]
    start = add(steps, { kind: 'branch', to })
    to.push(write(of, start, steps))
  } else {
    for (let count = min; count < max; count++)
      start = add(steps, { kind: 'branch', to: [next, write(of, start, steps)] })
  }
  for (let count = 0; count < min; count++) start = write(of, start, steps)
  return start
}

function add(steps: Step[], step: Step): number {
  return steps.push(step) - 1
}
