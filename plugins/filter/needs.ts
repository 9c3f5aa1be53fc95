// What has to stand in the bytes of a record for an expression to be true of it: found by one pass over the bytes, before
// anything is taken apart. A need may be met where the expression is false, never the other way round, whatever odd things
// libauparse makes of a record; where that is not sure, there is no need to go by.

import { auparseFields } from '../../src/sdk/interpret/auparse-fields.js'
import { auparseKind, type AuparseKind } from '../../src/sdk/interpret/auparse-kinds.js'
import { MACHINE_NAMES, syscallOf } from '../../src/sdk/interpret/machine.js'
import { fieldNumber } from './c-number.js'
import { holds } from './expression.js'
import { alternativesOf } from './regexp-literals.js'
import { parseRegexp } from './regexp-syntax.js'
import type { Expression, TextClause } from './expression.js'
import type { FieldInterpreter } from './subject.js'

/** Says something of a number as it is written. */
export type Holds = (digits: string) => boolean

/** One of the things that an expression needs. */
export type Need =
  /** A word that begins so, whatever the case of its letters. */
  | { readonly kind: 'word'; readonly start: string }
  /** A field with a number of which this is so. */
  | { readonly kind: 'number'; readonly field: string; readonly of: AuparseKind | 'clauses'; readonly holds: Holds }
  /** Bytes that stand anywhere. */
  | { readonly kind: 'text'; readonly text: string }

/** For which records, and who says what fields mean. */
export interface NeedsParts {
  readonly type: number
  readonly interpreter: FieldInterpreter
}

/** Other names may be written in words of another kind. */
const USUAL_NAME = /^[A-Za-z0-9_.-]+$/
/** Their values do not stand behind their names, or not alone. */
const UNUSUAL_FIELDS: ReadonlySet<string> = new Set(['msg', 'seresult', 'seperms', 'saddr'])
/** A text with one of these is not always written as it is, nor interpreted to what it is. */
// oxlint-disable-next-line no-control-regex -- these are what is looked for
const UNUSUAL_VALUE = /[\0-\x1f\\]/
const BLANK = ' '
/** Such a meaning is had by many numbers, and where there is none. */
const UNKNOWN = 'unknown-'
/** A rule's first key stands behind these digits if the kernel has put a separator first. */
const KEY_BEHIND_SEPARATOR = 'key=01'
/** The shorter a word, the more records have it. */
const CLAUSES_WORTH = 2
const SYSCALL_WORTH = 4
const ACCOUNT_WORTH = 5
const TEXT_WORTH = 6
/** Nearly every record has one of them. */
const COMMON_ACCOUNTS: ReadonlySet<string> = new Set(['root', 'unset'])
const COMMON_WORTH = 1
const RARE_WORTH = 100

/** The needs of which one has to be met; undefined if there are none to go by. */
export function needsOf(expression: Expression, parts: NeedsParts): readonly Need[] | undefined {
  switch (expression.kind) {
    case 'raw':
      return expression.isNegated ? undefined : rawNeeds(expression)
    case 'interpreted':
      return expression.isNegated ? undefined : interpretedNeeds(expression, parts)
    case 'number':
      return numberNeeds(expression.field, [expression])
    case 'regexp':
      return textNeeds(expression.pattern)
    case 'all':
      return bestNeeds(expression.of, parts)
    case 'any': {
      const needs = expression.of.map((part) => needsOf(part, parts))
      const all = needs.filter((need) => need !== undefined)
      return all.length === needs.length ? all.flat() : undefined
    }
    case 'not':
    case 'time':
    case 'type':
    case 'never':
      return undefined
    default:
      return expression satisfies never
  }
}

type NumberClause = Extract<Expression, { kind: 'number' }>

function bestNeeds(of: readonly Expression[], parts: NeedsParts): readonly Need[] | undefined {
  const candidates = of.flatMap((part) => {
    // What is said of one number is said of the same word.
    const needs =
      part.kind === 'number'
        ? numberNeeds(
            part.field,
            of.filter((other) => isNumberOf(other, part.field)),
          )
        : needsOf(part, parts)
    return needs === undefined ? [] : [needs]
  })
  return candidates.toSorted((a, b) => worth(b) - worth(a))[0]
}

function isNumberOf(expression: Expression, field: string): expression is NumberClause {
  return expression.kind === 'number' && expression.field === field
}

function worth(needs: readonly Need[]): number {
  return Math.min(
    ...needs.map((need) => {
      if (need.kind === 'word') return wordWorth(need.start)
      return need.kind === 'number' ? numberWorth(need.of) : TEXT_WORTH
    }),
  )
}

function wordWorth(start: string): number {
  if (start === KEY_BEHIND_SEPARATOR) return RARE_WORTH
  const value = start.slice(start.indexOf('=') + 1)
  return COMMON_ACCOUNTS.has(value) ? COMMON_WORTH : value.length
}

function numberWorth(of: AuparseKind | 'clauses'): number {
  if (of === 'clauses') return CLAUSES_WORTH
  return of === 'syscall' ? SYSCALL_WORTH : ACCOUNT_WORTH
}

function numberNeeds(field: string, clauses: readonly NumberClause[]): readonly Need[] {
  const holdsAll = (digits: string): boolean =>
    clauses.every(({ comparison, number }) => holds(comparison, fieldNumber(digits) - number))
  return [{ kind: 'number', field, of: 'clauses', holds: holdsAll }]
}

function rawNeeds({ field, value }: TextClause): readonly Need[] | undefined {
  if (!isUsual(field) || UNUSUAL_VALUE.test(value) || value.includes(BLANK)) return undefined
  if (field !== 'key') return words(field, [value])
  if (!value.startsWith('"')) return [...words(field, [value.slice(0, -1)]), ...words('', [KEY_BEHIND_SEPARATOR])]
  return [...words(field, [value, hex(value.slice(1, -1))]), ...words('', [KEY_BEHIND_SEPARATOR])]
}

function interpretedNeeds({ field, value }: TextClause, parts: NeedsParts): readonly Need[] | undefined {
  if (!isUsual(field) || value === '' || value === BLANK || UNUSUAL_VALUE.test(value)) return undefined
  const kind = auparseKind(parts.type, field, '"')
  switch (kind) {
    case 'unclassified':
    case 'mac-label':
    case 'addr':
      return value.includes(BLANK) ? undefined : words(field, [value])
    case 'escaped':
    case 'escaped-file':
      return encodedWords(field, value)
    case 'escaped-key':
      return [...encodedWords(field, value), ...words('', [KEY_BEHIND_SEPARATOR])]
    case 'uid':
    case 'gid':
      return [
        ...encodedWords(field, value),
        {
          kind: 'number',
          field,
          of: kind,
          holds: (digits) => meaning(field, digits, parts) === value,
        },
      ]
    case 'syscall':
      if (value.startsWith(UNKNOWN)) return undefined
      return [
        ...words(field, [value]),
        { kind: 'number', field, of: kind, holds: (digits) => isCalled(Number(digits), value) },
      ]
    default:
      return undefined
  }
}

function textNeeds(pattern: string): readonly Need[] | undefined {
  const read = parseRegexp(pattern)
  return 'mistake' in read ? undefined : alternativesOf(read.root)?.map((text) => ({ kind: 'text', text }))
}

function isUsual(field: string): boolean {
  return USUAL_NAME.test(field) && !UNUSUAL_FIELDS.has(field.toLowerCase())
}

/** All ways to write what `decoded` makes this text of. */
function encodedWords(field: string, text: string): readonly Need[] {
  const digits = hex(text)
  const encoded = words(field, [digits, `00${digits}`])
  return text.includes(BLANK) ? encoded : [...words(field, [text, `"${text}"`, `00${text}`]), ...encoded]
}

/** In hex, without the last digit: where that is a zero it need not be there. */
function hex(text: string): string {
  return Buffer.from(text, 'latin1').toString('hex').slice(0, -1)
}

function words(field: string, values: readonly string[]): readonly Need[] {
  return values.map((value) => ({ kind: 'word', start: field === '' ? value : `${field}=${value}` }))
}

/** What a number means on this host, in records that auditd has added nothing to. */
function meaning(field: string, digits: string, { type, interpreter }: NeedsParts): string {
  const fields = auparseFields(`type=${type} msg=audit(1.000:1): ${field}=${digits}`)
  return interpreter.interpret(fields, fields.length - 1)
}

/** Whether any machine has this number for a call of this name, or for one whose argument says more. */
function isCalled(call: number, wanted: string): boolean {
  return MACHINE_NAMES.some((machine) => {
    const name = syscallOf(machine, call)
    return name !== undefined && wanted.startsWith(name)
  })
}
