import type { Expression } from './expression.js'

/** What stands for a value in the arguments of an action: a text as it is, or a field of the event that matched. */
export type ActionArgument =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'field'; readonly field: string }

export const NOTIFY_LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type NotifyLevel = (typeof NOTIFY_LEVELS)[number]

/** What a rule does with what it matches. `keep` and `drop` decide, and nothing below them is looked at; the others go on. */
export type Verb = { readonly kind: 'keep' } | { readonly kind: 'drop' } | { readonly kind: 'count' } | Telling

/** The verbs that tell somebody. */
export type Telling =
  | { readonly kind: 'notify'; readonly level: NotifyLevel; readonly text: string }
  | { readonly kind: 'exec'; readonly program: string; readonly args: readonly string[] }
  | { readonly kind: 'mail'; readonly to: readonly string[] }
  | { readonly kind: 'action'; readonly name: string; readonly args: readonly ActionArgument[] }

/** So many in so much time. */
export interface RateLimit {
  readonly count: number
  readonly windowMs: number
}

/** What has these values in these fields is told once in so much time; without fields anything is. */
export interface OncePer {
  readonly ms: number
  readonly fields: readonly string[]
}

/** How much of what a rule matches is told. */
export interface Restraint {
  /** Undefined: as many as come. */
  readonly limit: RateLimit | undefined
  readonly once: OncePer | undefined
}

/** One line of a rule file. */
export interface FilterRule {
  readonly verb: Verb
  /** What people call it: what `as` says, or its file and line. */
  readonly name: string
  readonly restraint: Restraint
  readonly expression: Expression
  /** The condition as it was written. */
  readonly condition: string
  readonly file: string
  readonly line: number
  /** The whole line: a rule with the same text after a reload is the same rule. */
  readonly text: string
}

/** Whether nothing below this rule is looked at when it matches. */
export function decides({ verb }: FilterRule): boolean {
  return verb.kind === 'keep' || verb.kind === 'drop'
}
