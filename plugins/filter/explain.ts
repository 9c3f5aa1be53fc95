// Why an expression holds for the records of an event, or does not.

import { evaluateClause, rawValue, textOf } from './evaluate.js'
import { readSubject } from './subject.js'
import type { Clause, Expression } from './expression.js'
import type { FieldInterpreter, Subject } from './subject.js'

/** The expression over again, with what came of each part of it for one record. */
export type Explanation =
  | { readonly kind: 'not'; readonly holds: boolean; readonly of: Explanation }
  | { readonly kind: 'all' | 'any'; readonly holds: boolean; readonly of: readonly Explanation[] }
  | {
      readonly kind: 'clause'
      readonly holds: boolean
      readonly clause: Clause
      /** What the record has where the clause looks; undefined: no such field. Latin1: a character a byte. */
      readonly found: string | undefined
    }

/** What came of one record. */
export interface RecordExplanation {
  /** Its place among the records given. */
  readonly index: number
  readonly typeName: string
  readonly serial: number
  readonly explanation: Explanation
}

/** Explains an expression for each record; what is no record is left out. It holds for the event if it does for any. */
export function explain(
  expression: Expression,
  records: readonly Buffer[],
  interpreter: FieldInterpreter,
): readonly RecordExplanation[] {
  return records.flatMap((record, index) => {
    const subject = readSubject(record)
    if (subject === undefined) return []
    const { typeName, serial } = subject
    return [{ index, typeName, serial, explanation: explainOne(expression, subject, interpreter) }]
  })
}

/** Every part is looked at, those too that the first one already decides. */
function explainOne(expression: Expression, subject: Subject, interpreter: FieldInterpreter): Explanation {
  switch (expression.kind) {
    case 'not': {
      const of = explainOne(expression.of, subject, interpreter)
      return { kind: 'not', holds: !of.holds, of }
    }
    case 'all':
    case 'any': {
      const of = expression.of.map((part) => explainOne(part, subject, interpreter))
      const holds = expression.kind === 'all' ? of.every((part) => part.holds) : of.some((part) => part.holds)
      return { kind: expression.kind, holds, of }
    }
    case 'raw':
    case 'interpreted':
    case 'number':
    case 'time':
    case 'type':
    case 'regexp':
    case 'never': {
      const holds = evaluateClause(expression, subject, interpreter)
      return { kind: 'clause', holds, clause: expression, found: foundBy(expression, subject, interpreter) }
    }
    default:
      return expression satisfies never
  }
}

function foundBy(clause: Clause, subject: Subject, interpreter: FieldInterpreter): string | undefined {
  switch (clause.kind) {
    case 'raw':
    case 'interpreted':
      return textOf(clause, subject, interpreter)
    case 'number':
      return rawValue(clause.field, subject)
    case 'time': {
      const { seconds, millis, serial } = subject
      const time = `ts:${seconds}.${String(millis).padStart(3, '0')}`
      return clause.serial === undefined ? time : `${time}:${serial}`
    }
    case 'type':
      return subject.typeName
    case 'regexp':
      return subject.bytes.toString('latin1')
    case 'never':
      return undefined
    default:
      return clause satisfies never
  }
}
