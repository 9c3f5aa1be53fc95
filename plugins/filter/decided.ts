// What is left of an expression when the type of the record is known: often nothing, and a rule about SYSCALL records costs
// nothing in all others.

import { holds } from './expression.js'
import type { Expression } from './expression.js'

/** The type of a record: its number and how it is written. */
export interface RecordKind {
  readonly number: number
  /** Latin1. */
  readonly name: string
}

/** True or false if the type decides it, else what is left to ask. */
export function decided(expression: Expression, kind: RecordKind): Expression | boolean {
  switch (expression.kind) {
    case 'not': {
      const of = decided(expression.of, kind)
      return typeof of === 'boolean' ? !of : { kind: 'not', of }
    }
    case 'all':
      return joined('all', expression.of, false, kind)
    case 'any':
      return joined('any', expression.of, true, kind)
    case 'type':
      return holds(expression.comparison, kind.number - expression.type)
    case 'never':
      return false
    case 'raw':
      return expression.field === 'type' ? (expression.value === kind.name) !== expression.isNegated : expression
    case 'interpreted':
    case 'number':
    case 'time':
    case 'regexp':
      return expression
    default:
      return expression satisfies never
  }
}

function joined(
  joint: 'all' | 'any',
  parts: readonly Expression[],
  decisive: boolean,
  kind: RecordKind,
): Expression | boolean {
  const left: Expression[] = []
  for (const part of parts) {
    const of = decided(part, kind)
    if (of === decisive) return decisive
    if (typeof of !== 'boolean') left.push(of)
  }
  const [only] = left
  if (only === undefined) return !decisive
  return left.length === 1 ? only : { kind: joint, of: left }
}
