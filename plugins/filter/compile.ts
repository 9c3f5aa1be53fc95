import { evaluate } from './evaluate.js'
import { NO_RULE, type RuleSet } from './rule-set.js'
import { readSubject, type FieldInterpreter } from './subject.js'
import type { FilterRule } from './rule.js'

/** Makes rules ready; their ids are their places in the list. */
export function compile(rules: readonly FilterRule[], interpreter: FieldInterpreter): RuleSet {
  const all = (record: Buffer): number[] => {
    const subject = readSubject(record)
    if (subject === undefined) return []
    return rules.flatMap(({ expression }, id) => (evaluate(expression, subject, interpreter) ? [id] : []))
  }
  const allOfEvent = (records: readonly Buffer[]): number[] =>
    [...new Set(records.flatMap(all))].toSorted((a, b) => a - b)
  return {
    first: (record) => all(record)[0] ?? NO_RULE,
    all,
    firstOfEvent: (records) => allOfEvent(records)[0] ?? NO_RULE,
    allOfEvent,
    firstOfEach: (records) => records.map((record) => all(record)[0] ?? NO_RULE),
  }
}
