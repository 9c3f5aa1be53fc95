// A condition made ready: what is looked at is a number or a few bytes of the record at hand.

import { holds } from './expression.js'
import { timeOrder } from './evaluate.js'
import type { Expression, TextClause } from './expression.js'
import { isPlain } from './record-view.js'
import type { RecordView } from './record-view.js'

/** Says whether an expression holds for the record that a view is set to. */
export type Condition = (view: RecordView) => boolean

/** What the fields and the regular expressions of a program are known by. */
export interface Slots {
  field(name: string): number
  regexp(pattern: string): number
}

/** Makes an expression ready. */
export function condition(expression: Expression, slots: Slots): Condition {
  switch (expression.kind) {
    case 'not': {
      const of = condition(expression.of, slots)
      return (view) => !of(view)
    }
    case 'all': {
      const of = expression.of.map((part) => condition(part, slots))
      return (view) => {
        for (const part of of) if (!part(view)) return false
        return true
      }
    }
    case 'any': {
      const of = expression.of.map((part) => condition(part, slots))
      return (view) => {
        for (const part of of) if (part(view)) return true
        return false
      }
    }
    case 'raw':
    case 'interpreted':
      return textCondition(expression, slots)
    case 'number': {
      const slot = slots.field(expression.field)
      const { comparison, number } = expression
      return (view) => view.has(slot) && holds(comparison, view.number(slot) - number)
    }
    case 'time':
      return (view) => holds(expression.comparison, timeOrder(expression, view.header))
    case 'regexp': {
      const index = slots.regexp(expression.pattern)
      return (view) => view.matches(index)
    }
    case 'type':
    case 'never':
      throw new Error(`${expression.text} is decided before`)
    default:
      return expression satisfies never
  }
}

function textCondition({ kind, field, value, isNegated }: TextClause, slots: Slots): Condition {
  const slot = slots.field(field)
  if (kind === 'raw') {
    return (view) => view.has(slot) && view.isRaw(slot, value) !== isNegated
  }
  const isValuePlain = isPlain(value)
  return (view) => view.has(slot) && view.isInterpreted(slot, value, isValuePlain) !== isNegated
}
