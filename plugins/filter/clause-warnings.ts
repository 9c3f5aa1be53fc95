// Clauses that never hold, or hardly ever, though they are well written.

import { didYouMean } from '../../src/config/did-you-mean.js'
import { RECORD_TYPES } from '../../src/protocol/record-type.js'
import { auparseKind } from '../../src/sdk/interpret/auparse-kinds.js'
import { NO_TYPE, typeNumber } from './type-number.js'
import type { Clause, NumberClause, TextClause, TimeClause, TypeClause } from './expression.js'

/** A field that auditd adds behind the record, such as AUID. */
const ADDED_NAME = /^[A-Z]+$/
const MAX_NUMBER = 2 ** 32 - 1
const MAX_MILLIS = 999
const NO_RECORD_TYPE = 0
const ENDS_IN_NUMBER = /-?\d+"?$/
const IS_ENCODED = /^(?:"[^"]*"|(?:[0-9A-F]{2})+|\(.*\)|\?)$/
const ARCHITECTURE_ALIAS = /^b(?:32|64)$/
const ENCODED_KINDS: ReadonlySet<string> = new Set(['escaped', 'escaped-key', 'escaped-file', 'proctitle'])

/** What is to be said of a clause; undefined if nothing is. */
export function clauseWarning(clause: Clause): string | undefined {
  switch (clause.kind) {
    case 'never':
      return 'never holds: this has no text to compare; use ==, !==, <, <=, > or >='
    case 'regexp':
      return undefined
    case 'type':
      return typeWarning(clause)
    case 'time':
      return timeWarning(clause)
    case 'number':
      return numberWarning(clause)
    case 'raw':
      return addedWarning(clause) ?? rawWarning(clause)
    case 'interpreted':
      return addedWarning(clause) ?? interpretedWarning(clause)
    default:
      return clause satisfies never
  }
}

function typeWarning({ comparison, type }: TypeClause): string | undefined {
  if (comparison === '<' && type === NO_RECORD_TYPE)
    return 'holds for types only that nobody knows: no number is below 0'
  if (comparison !== '==' || RECORD_TYPES.has(type)) return undefined
  return `no record type that is known has the number ${type}`
}

function timeWarning({ comparison, millis }: TimeClause): string | undefined {
  if (comparison !== '==' || millis <= MAX_MILLIS) return undefined
  return `never holds: ${millis} is more than 999 milliseconds`
}

function numberWarning({ comparison, number, field, text }: NumberClause): string | undefined {
  if (!ENDS_IN_NUMBER.test(text))
    return `what ${field} is compared with is read as the number ${number}; a name needs i=`
  if (comparison === '<' && number === 0) return 'never holds: no number is below 0'
  if (comparison === '>' && number === MAX_NUMBER) return `never holds: no number is above ${MAX_NUMBER}`
  return undefined
}

function addedWarning({ field, isNegated }: TextClause): string | undefined {
  if (!ADDED_NAME.test(field)) return undefined
  const operator = isNegated ? 'i!=' : 'i='
  return `never holds: what auditd adds to a record has no fields of its own; write ${field.toLowerCase()} ${operator}`
}

function rawWarning({ field, value, isNegated }: TextClause): string | undefined {
  if (isNegated) return undefined
  if (value.includes(' '))
    return 'never holds: a value ends at the first blank; one with blanks stands in hex, compare it with i='
  if (field === 'type') return typeNameWarning(value)
  if (!ENCODED_KINDS.has(auparseKind(NO_RECORD_TYPE, field, '"')) || IS_ENCODED.test(value)) return undefined
  return `${field} stands in quotes in a record: write ${field} i=, or put \\" before and behind the value`
}

function typeNameWarning(name: string): string | undefined {
  const number = typeNumber(name)
  if (number !== NO_TYPE && name === name.toUpperCase()) return undefined
  return `no record type is called ${name}${didYouMean(name.toUpperCase(), RECORD_TYPES.values())}`
}

function interpretedWarning({ field, value, isNegated }: TextClause): string | undefined {
  if (isNegated) return undefined
  const kind = auparseKind(NO_RECORD_TYPE, field, '"')
  if ((kind === 'uid' || kind === 'gid') && /^\d+$/.test(value)) {
    return `never holds: a number is interpreted as a name, or as unknown(${value}); write ${field} r= or ==`
  }
  if (kind === 'arch' && ARCHITECTURE_ALIAS.test(value)) {
    return 'never holds: architectures have names such as x86_64, i386 and aarch64'
  }
  if (ENCODED_KINDS.has(kind) && /^".*"$/.test(value))
    return 'never holds: an interpreted value has no quotes around it'
  if (field === 'success' && value !== 'yes' && value !== 'no') return 'never holds: success is yes or no'
  return undefined
}
