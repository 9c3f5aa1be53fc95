// Whether an expression holds for a record, clause by clause as the language defines it. This is what a rule means; the
// rule set finds out the same with less work, and a test holds both against each other.

import { fieldNumber } from './c-number.js'
import { holds } from './expression.js'
import { RegexpSet } from './regexp-set.js'
import { parseRegexp } from './regexp-syntax.js'
import type { Clause, Expression, TextClause, TimeClause } from './expression.js'
import type { FieldInterpreter, Subject } from './subject.js'

type RegexpClause = Extract<Clause, { kind: 'regexp' }>

/** To make one takes far longer than to search a record. */
const REGEXPS = new WeakMap<RegexpClause, RegexpSet>()

/** Whether an expression holds for a record. */
export function evaluate(expression: Expression, subject: Subject, interpreter: FieldInterpreter): boolean {
  switch (expression.kind) {
    case 'not':
      return !evaluate(expression.of, subject, interpreter)
    case 'all':
      return expression.of.every((part) => evaluate(part, subject, interpreter))
    case 'any':
      return expression.of.some((part) => evaluate(part, subject, interpreter))
    case 'raw':
    case 'interpreted':
    case 'number':
    case 'time':
    case 'type':
    case 'regexp':
    case 'never':
      return evaluateClause(expression, subject, interpreter)
    default:
      return expression satisfies never
  }
}

/** Whether one clause holds. */
export function evaluateClause(clause: Clause, subject: Subject, interpreter: FieldInterpreter): boolean {
  switch (clause.kind) {
    case 'raw':
    case 'interpreted': {
      const value = textOf(clause, subject, interpreter)
      return value !== undefined && (value === clause.value) !== clause.isNegated
    }
    case 'number': {
      const value = rawValue(clause.field, subject)
      return value !== undefined && holds(clause.comparison, fieldNumber(value) - clause.number)
    }
    case 'time':
      return holds(clause.comparison, timeOrder(clause, subject))
    case 'type':
      return holds(clause.comparison, subject.type - clause.type)
    case 'regexp':
      return matchesRegexp(clause, subject.bytes)
    case 'never':
      return false
    default:
      return clause satisfies never
  }
}

/** What a text clause is compared with; undefined if the record has no such field. */
export function textOf(clause: TextClause, subject: Subject, interpreter: FieldInterpreter): string | undefined {
  const index = fieldIndex(clause.field, subject)
  if (index === -1) return undefined
  return clause.kind === 'raw' ? subject.fields[index]?.value : interpreter.interpret(subject.fields, index)
}

/** The value of the first field of this name; undefined if there is none. */
export function rawValue(field: string, subject: Subject): string | undefined {
  return subject.fields[fieldIndex(field, subject)]?.value
}

/** Below, at or above zero as the record's time and serial are to the clause's. */
export function timeOrder(clause: TimeClause, time: Pick<Subject, 'seconds' | 'millis' | 'serial'>): number {
  if (time.seconds !== clause.seconds) return time.seconds - clause.seconds
  if (time.millis !== clause.millis) return time.millis - clause.millis
  return clause.serial === undefined ? 0 : time.serial - clause.serial
}

/** A key that cannot be decoded is a field without a value: nothing is true of it. */
function fieldIndex(field: string, subject: Subject): number {
  const index = subject.fields.findIndex(({ name }) => name === field)
  return field === 'key' && subject.fields[index]?.value === '' ? -1 : index
}

function matchesRegexp(clause: RegexpClause, bytes: Buffer): boolean {
  let set = REGEXPS.get(clause)
  if (set === undefined) {
    const read = parseRegexp(clause.pattern)
    if ('mistake' in read) throw new Error(`not a regular expression: ${clause.pattern}`)
    set = new RegexpSet([read.root])
    REGEXPS.set(clause, set)
  }
  const found = new Uint8Array(1)
  set.search(bytes, bytes.length, found)
  return found[0] === 1
}
