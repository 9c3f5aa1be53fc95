// One comparison: what may be compared how, and what its value may be, differs from field to field.

import { didYouMean } from '../../src/config/did-you-mean.js'
import { RECORD_TYPES } from '../../src/protocol/record-type.js'
import { unsigned32 } from './c-number.js'
import { ExpressionError } from './expression.js'
import { holdsNumber } from './number-fields.js'
import { NO_TYPE, typeNumber } from './type-number.js'
import type { Clause, Comparison, TextClause } from './expression.js'
import type { Token } from './expression-tokens.js'

const VIRTUAL_FIELDS = ['timestamp', 'timestamp_ex', 'record_type'] as const
const TIME = /ts:(\d+)\.(\d+)(?::(\d+))?/y
/** All that is passed over behind `ts:`; what does not belong to the time is not looked at. */
const TIME_CHARACTERS = /[ts:0-9.]*/y
const MAX_SECONDS = 2 ** 53 - 1

type StringToken = Extract<Token, { kind: 'string' }>
type Operator =
  | { readonly kind: TextClause['kind']; readonly isNegated: boolean }
  | { readonly kind: 'value'; readonly comparison: Comparison }

/** Whoever goes through the tokens. */
export interface ComparisonReader {
  readonly text: string
  readonly token: Token
  next(from?: number): Token
  unexpected(wanted: string): ExpressionError
}

/** Reads on behind the name of a field. */
export function fieldComparison(reader: ComparisonReader, field: StringToken): Clause {
  const operator = readOperator(reader)
  const value = readValue(reader)
  const name = latin1(field.value)
  reader.next()
  const place = placed(reader, field.start, value.end)
  if (operator.kind !== 'value') return { ...place, ...operator, field: name, value: latin1(value.value) }
  if (!holdsNumber(name)) {
    throw new ExpressionError(
      'no-value',
      field.start + 1,
      `${field.value} holds no uid or gid: compare it with r= or i=`,
    )
  }
  const number = unsigned32(value.value)
  if (number === undefined)
    throw new ExpressionError('bad-value', value.start + 1, `${value.value} is not a number of 32 bits`)
  return { ...place, kind: 'number', field: name, comparison: operator.comparison, number }
}

/** Reads on behind the name of a virtual field; `start` is where its backslash stands. */
export function virtualComparison(reader: ComparisonReader, start: number, name: StringToken): Clause {
  const field = VIRTUAL_FIELDS.find((known) => known === name.value)
  if (field === undefined) {
    const hint = didYouMean(name.value, [...VIRTUAL_FIELDS, 'regexp'])
    throw new ExpressionError('unknown-field', name.start + 1, `\\${name.value} is not known${hint}`)
  }
  const operator = readOperator(reader)
  const value = readValue(reader)
  if (operator.kind !== 'value') {
    reader.next()
    return { ...placed(reader, start, value.end), kind: 'never' }
  }
  return field === 'record_type'
    ? typeClause(reader, start, operator.comparison, value)
    : timeClause(reader, start, operator.comparison, value, field === 'timestamp_ex')
}

function typeClause(reader: ComparisonReader, start: number, comparison: Comparison, value: StringToken): Clause {
  const type = typeNumber(value.value)
  if (type <= NO_TYPE) {
    const hint = didYouMean(value.value.toUpperCase(), [...RECORD_TYPES.values()])
    throw new ExpressionError('bad-value', value.start + 1, `${value.value} is not a record type${hint}`)
  }
  reader.next()
  return { ...placed(reader, start, value.end), kind: 'type', comparison, type }
}

function timeClause(
  reader: ComparisonReader,
  start: number,
  comparison: Comparison,
  value: StringToken,
  hasSerial: boolean,
): Clause {
  TIME.lastIndex = value.start
  const [, seconds, millis = '', serial = '0'] = TIME.exec(reader.text) ?? []
  if (seconds === undefined) {
    const form = hasSerial ? 'ts:1700000000.000:1234' : 'ts:1700000000.000'
    throw new ExpressionError('bad-value', value.start + 1, `not a time: write it without quotes, such as ${form}`)
  }
  TIME_CHARACTERS.lastIndex = value.start
  TIME_CHARACTERS.exec(reader.text)
  const end = TIME_CHARACTERS.lastIndex
  reader.next(end)
  return {
    ...placed(reader, start, end),
    kind: 'time',
    comparison,
    seconds: Math.min(Number(seconds), MAX_SECONDS),
    millis: unsigned32(millis) ?? 2 ** 32 - 1,
    serial: hasSerial ? (unsigned32(serial) ?? 2 ** 32 - 1) : undefined,
  }
}

function readOperator(reader: ComparisonReader): Operator {
  const token = reader.next()
  const mark = token.kind === 'mark' ? token.mark : undefined
  switch (mark) {
    case 'r=':
    case 'r!=':
      return { kind: 'raw', isNegated: mark === 'r!=' }
    case 'i=':
    case 'i!=':
      return { kind: 'interpreted', isNegated: mark === 'i!=' }
    case '<':
    case '<=':
    case '==':
    case '!==':
    case '>':
    case '>=':
      return { kind: 'value', comparison: mark }
    case undefined:
    case '!':
    case '&&':
    case '||':
    case '(':
    case ')':
    case '\\':
      throw reader.unexpected('r=, r!=, i=, i!=, ==, !==, <, <=, > or >=')
    default:
      return mark satisfies never
  }
}

function readValue(reader: ComparisonReader): StringToken {
  const token = reader.next()
  if (token.kind !== 'string')
    throw reader.unexpected('a value (one with other characters than A-Z a-z 0-9 _ - in "quotes")')
  return token
}

function placed(
  reader: ComparisonReader,
  start: number,
  end: number,
): { readonly column: number; readonly text: string } {
  return { column: start + 1, text: reader.text.slice(start, end) }
}

/** As the bytes stand in a record. */
function latin1(text: string): string {
  return Buffer.from(text).toString('latin1')
}
