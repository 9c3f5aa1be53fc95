// What an expression says that cannot be so, or not as it was meant. None of this is an error: libauparse takes it too.

import { clauseWarning } from './clause-warnings.js'
import { holds } from './expression.js'
import type { Clause, Expression, NumberClause, TextClause, TypeClause } from './expression.js'

/** A warning, and where in the text, the first character being 1. */
export interface ExpressionWarning {
  readonly column: number
  readonly text: string
}

/** All that is to be said about an expression, in the order of its text. */
export function expressionWarnings(expression: Expression): readonly ExpressionWarning[] {
  return [...warningsOf(expression)].toSorted((a, b) => a.column - b.column)
}

function warningsOf(expression: Expression): readonly ExpressionWarning[] {
  switch (expression.kind) {
    case 'not':
      return warningsOf(expression.of)
    case 'any':
      return expression.of.flatMap(warningsOf)
    case 'all':
      return [...expression.of.flatMap(warningsOf), ...contradictions(together(expression.of))]
    case 'raw':
    case 'interpreted':
    case 'number':
    case 'time':
    case 'type':
    case 'regexp':
    case 'never': {
      const text = clauseWarning(expression)
      return text === undefined ? [] : [{ column: expression.column, text: `${expression.text}: ${text}` }]
    }
    default:
      return expression satisfies never
  }
}

/** A clause that has to hold, or not to. */
interface Demand {
  readonly clause: Clause
  readonly isWanted: boolean
}

/** What has to be so all at once. */
function together(parts: readonly Expression[]): readonly Demand[] {
  return parts.flatMap((part): readonly Demand[] => {
    if (isClause(part)) return [{ clause: part, isWanted: true }]
    if (part.kind === 'not') return isClause(part.of) ? [{ clause: part.of, isWanted: false }] : []
    return part.kind === 'all' ? together(part.of) : []
  })
}

function contradictions(demands: readonly Demand[]): readonly ExpressionWarning[] {
  const found: ExpressionWarning[] = []
  for (const [index, later] of demands.entries()) {
    const earlier = demands.slice(0, index).find((one) => excludes(one, later))
    if (earlier === undefined) continue
    const text = `${later.clause.text}: never together with ${earlier.clause.text}: this never matches`
    found.push({ column: later.clause.column, text })
  }
  return found
}

function excludes(a: Demand, b: Demand): boolean {
  if (isText(a.clause) && isText(b.clause)) return excludesText(a.clause, a.isWanted, b.clause, b.isWanted)
  if (!a.isWanted || !b.isWanted) return false
  if (a.clause.kind === 'number' && b.clause.kind === 'number') {
    return a.clause.field === b.clause.field && excludesNumber(a.clause, b.clause)
  }
  return a.clause.kind === 'type' && b.clause.kind === 'type' && excludesNumber(a.clause, b.clause)
}

/** The first field of a name has one value: it cannot be two, nor be and not be one. */
function excludesText(a: TextClause, isWantedA: boolean, b: TextClause, isWantedB: boolean): boolean {
  if (a.kind !== b.kind || a.field !== b.field) return false
  // Wanted and `=`: it is this value. `!=` that is not wanted: it is this value, or there is no such field.
  const isA = isWantedA && !a.isNegated
  const isB = isWantedB && !b.isNegated
  if (isA && isB) return a.value !== b.value
  if (!isA && !isB) return false
  const other = isA ? b : a
  const isOtherWanted = isA ? isWantedB : isWantedA
  return a.value === b.value ? isOtherWanted === other.isNegated : !isOtherWanted && other.isNegated
}

/** Numbers are whole: if no number near either bound does, none does. */
function excludesNumber(a: NumberClause | TypeClause, b: NumberClause | TypeClause): boolean {
  const candidates = [boundOf(a), boundOf(b)].flatMap((bound) => [bound - 1, bound, bound + 1])
  return !candidates.some(
    (number) => holds(a.comparison, number - boundOf(a)) && holds(b.comparison, number - boundOf(b)),
  )
}

function boundOf(clause: NumberClause | TypeClause): number {
  return clause.kind === 'number' ? clause.number : clause.type
}

function isText(clause: Clause): clause is TextClause {
  return clause.kind === 'raw' || clause.kind === 'interpreted'
}

function isClause(expression: Expression): expression is Clause {
  return expression.kind !== 'not' && expression.kind !== 'all' && expression.kind !== 'any'
}
