import type { Expression } from './expression.js'

/** The record types that expressions speak of. */
export interface MentionedTypes {
  /** In `\record_type` clauses; ascending. */
  readonly numbers: readonly number[]
  /** In `type r=` clauses. */
  readonly names: ReadonlySet<string>
}

/** Looks through expressions. */
export function mentionedTypes(expressions: readonly Expression[]): MentionedTypes {
  const numbers = new Set<number>()
  const names = new Set<string>()
  for (const expression of expressions) look(expression, numbers, names)
  return { numbers: [...numbers].toSorted((a, b) => a - b), names }
}

function look(expression: Expression, numbers: Set<number>, names: Set<string>): void {
  switch (expression.kind) {
    case 'not':
      look(expression.of, numbers, names)
      break
    case 'all':
    case 'any':
      for (const part of expression.of) look(part, numbers, names)
      break
    case 'type':
      numbers.add(expression.type)
      break
    case 'raw':
      if (expression.field === 'type') names.add(expression.value)
      break
    case 'interpreted':
    case 'number':
    case 'time':
    case 'regexp':
    case 'never':
      break
    default:
      expression satisfies never
  }
}
