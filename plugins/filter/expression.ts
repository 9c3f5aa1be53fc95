// The language of rules: what ausearch-expression(5) describes, as libauparse 3.0.9 reads it.
//
// Texts are kept as audit has them, one character a byte (latin1): a rule file is UTF-8, its literals are turned into
// bytes when they are read, and what is compared later is bytes with bytes.

/** How numbers are compared: `==` and `!==` are written so in the language. */
export type Comparison = '<' | '<=' | '==' | '!==' | '>' | '>='

/** One comparison, and where it stands in the text: the first character has column 1. */
interface ClausePlace {
  readonly column: number
  /** The clause as it was written. */
  readonly text: string
}

/** `field r= value`, `field i= value` and their negations: false for a record that has no such field. */
export interface TextClause extends ClausePlace {
  /** `raw`: the value as it stands in the record; `interpreted`: as auparse_interpret_field(3) gives it. */
  readonly kind: 'raw' | 'interpreted'
  readonly field: string
  readonly isNegated: boolean
  readonly value: string
}

/** `field >= 1000`, for fields that hold a uid or a gid: unsigned, 32 bits. */
export interface NumberClause extends ClausePlace {
  readonly kind: 'number'
  readonly field: string
  readonly comparison: Comparison
  readonly number: number
}

/** `\timestamp >= ts:1700000000.000`; with a serial for `\timestamp_ex`. */
export interface TimeClause extends ClausePlace {
  readonly kind: 'time'
  readonly comparison: Comparison
  readonly seconds: number
  readonly millis: number
  readonly serial: number | undefined
}

/** `\record_type == SYSCALL`. */
export interface TypeClause extends ClausePlace {
  readonly kind: 'type'
  readonly comparison: Comparison
  readonly type: number
}

/** `\regexp /.../`, on the record without what auditd added to it. */
export interface RegexpClause extends ClausePlace {
  readonly kind: 'regexp'
  readonly pattern: string
}

/** A virtual field compared with `r=` or `i=`: it has neither value, so this is false. */
export interface NeverClause extends ClausePlace {
  readonly kind: 'never'
}

export type Clause = TextClause | NumberClause | TimeClause | TypeClause | RegexpClause | NeverClause

/** A rule's condition. It applies to one record. */
export type Expression =
  | Clause
  | { readonly kind: 'not'; readonly of: Expression }
  | { readonly kind: 'all' | 'any'; readonly of: readonly Expression[] }

/** Why a text is no expression. */
export type ExpressionErrorCode =
  | 'empty'
  | 'no-end'
  | 'bad-escape'
  | 'unexpected'
  | 'unknown-field'
  | 'no-value'
  | 'bad-value'
  | 'bad-regexp'
  | 'too-long'
  | 'too-deep'

/** A text that is no expression; the message says what to write instead. */
export class ExpressionError extends Error {
  readonly code: ExpressionErrorCode
  /** Where in the text, the first character being 1. */
  readonly column: number

  constructor(code: ExpressionErrorCode, column: number, message: string) {
    super(message)
    this.name = 'ExpressionError'
    this.code = code
    this.column = column
  }
}

/** Whether `left` stands to `right` as a comparison says; `order` is below, at or above zero as left is to right. */
export function holds(comparison: Comparison, order: number): boolean {
  switch (comparison) {
    case '<':
      return order < 0
    case '<=':
      return order <= 0
    case '==':
      return order === 0
    case '!==':
      return order !== 0
    case '>':
      return order > 0
    case '>=':
      return order >= 0
    default:
      return comparison satisfies never
  }
}
