import type { Expression } from './expression.js'

/** What `first` says of a record that no rule matches. */
export const NO_RULE = -1

/**
 * What a rule decides about. `record`: the record that matches, alone. `event`: the whole event, as auditd's own filter
 * has it: when any record of it matches. Either way a condition is about one record: two clauses never hold together
 * because one holds in the SYSCALL record and the other in a PATH record of the same event.
 */
export type RuleScope = 'record' | 'event'

/** A condition, and the number by which whoever made it knows it. */
export interface Rule {
  readonly id: number
  readonly expression: Expression
  readonly scope: RuleScope
}

/** Rules in their order, made ready to be asked about many records. What is no audit record matches no rule, not even `!`. */
export interface RuleSet {
  /** The id of the first rule that matches this record on its own; NO_RULE if none does. */
  first(record: Buffer): number
  /** The ids of all rules that match this record on its own, in the rules' order. */
  all(record: Buffer): readonly number[]
  /** The id of the first rule that matches any record of the event, whatever its scope; NO_RULE if none does. */
  firstOfEvent(records: readonly Buffer[]): number
  /** The ids of all rules that match any record of the event, in the rules' order. */
  allOfEvent(records: readonly Buffer[]): readonly number[]
  /** For each record of the event the first rule that has it, by the rules' scopes: what first-match-wins asks. */
  firstOfEach(records: readonly Buffer[]): readonly number[]
}
