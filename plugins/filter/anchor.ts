// What has to be so for an expression to be true: that at least one of some fields has one certain value. Values are found
// in tables, so a rule with an anchor costs nothing for records that have other values.

import type { Expression, TextClause } from './expression.js'

/** Fields whose values say little: their tables let most rules through. */
const DULL_FIELDS: ReadonlySet<string> = new Set(
  [
    'arch success res result tty ses subj items exit op',
    'pid ppid auid uid euid suid fsuid gid egid sgid fsgid ouid ogid',
  ].flatMap((names) => names.split(' ')),
)
const RAW_COST = 1
const INTERPRETED_COST = 2
const DULL_COST = 10

/** The equalities of which one has to hold; undefined if there are none to go by. */
export function anchorOf(expression: Expression): readonly TextClause[] | undefined {
  switch (expression.kind) {
    case 'raw':
    case 'interpreted':
      return expression.isNegated ? undefined : [expression]
    case 'all': {
      const anchors = expression.of.map(anchorOf).filter((anchor) => anchor !== undefined)
      return anchors.toSorted((a, b) => cost(a) - cost(b))[0]
    }
    case 'any': {
      const anchors = expression.of.map(anchorOf)
      const all = anchors.filter((anchor) => anchor !== undefined)
      return all.length === anchors.length ? all.flat() : undefined
    }
    case 'not':
    case 'number':
    case 'time':
    case 'type':
    case 'regexp':
    case 'never':
      return undefined
    default:
      return expression satisfies never
  }
}

function cost(anchor: readonly TextClause[]): number {
  return anchor.reduce((sum, { kind, field }) => {
    const base = kind === 'raw' ? RAW_COST : INTERPRETED_COST
    return sum + (DULL_FIELDS.has(field) ? base * DULL_COST : base)
  }, 0)
}
