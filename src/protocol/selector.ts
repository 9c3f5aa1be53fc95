// Which records somebody wants: `field=value[,value...]`, several joined by blanks, all of which must hold.
//
// It is asked once a record and a subscriber, so what can be known about a type number is worked out once: the names of
// types are compared the first time a number is seen, and from then on a byte in a table answers. The table ends where
// the numbers of real records end: a peer that makes numbers up must not make it grow.

import { UNKNOWN_TYPE } from './frame.js'
import { RECORD_TYPES, recordTypeName, recordTypeNumber } from './record-type.js'

const MAX_SELECTOR_LENGTH = 4096
/** The kernel's and user space's types all lie below. */
const TABLE_TYPES = 4096
/** The type of a header is an unsigned 32-bit number. */
const MAX_TYPE = 0xffff_ffff

/** What of a record a selector can look at. */
export const SELECTOR_FIELDS = ['type', 'node', 'source'] as const
export type SelectorField = (typeof SELECTOR_FIELDS)[number]

export type SelectorErrorCode = 'empty' | 'too-long' | 'bad-term' | 'unknown-field' | 'bad-value' | 'unknown-type'

/** Why a text is no selector. */
export class SelectorError extends Error {
  override readonly name = 'SelectorError'
  readonly code: SelectorErrorCode
  /** The word that the reader stumbled over. */
  readonly word: string

  constructor(code: SelectorErrorCode, word: string, message: string) {
    super(message)
    this.code = code
    this.word = word
  }
}

interface Pattern {
  readonly text: string
  /** Whether any rest may follow. */
  readonly isPrefix: boolean
  /** The number of a whole type, -1 where there is none. */
  readonly type: number
}

export interface SelectorTerm {
  readonly field: SelectorField
  readonly isNegated: boolean
  readonly patterns: readonly Pattern[]
}

/** A parsed selector. */
export interface Selector {
  /** The terms with one blank between them; equal texts select equally. */
  readonly text: string
  readonly terms: readonly SelectorTerm[]
  readonly typeTerms: readonly SelectorTerm[]
  readonly otherTerms: readonly SelectorTerm[]
  /** By type number: 0 not looked at yet, or a Verdict. */
  readonly typeVerdicts: Uint8Array
}

const YES = 1
const NO = 2

/** The selector of who asks for nothing in particular. */
export const EVERYTHING: Selector = selectorOf([])

/** Reads a selector; throws a SelectorError. */
export function parseSelector(text: string): Selector {
  if (text.length > MAX_SELECTOR_LENGTH) {
    throw new SelectorError('too-long', '', `a selector has at most ${MAX_SELECTOR_LENGTH} characters`)
  }
  const words = text.split(/[ \t]+/).filter((word) => word !== '')
  if (words.length === 0) throw new SelectorError('empty', '', 'a selector has at least one field=value')
  return selectorOf(words.map(parseTerm))
}

/** Whether a record of this type, node ('' is none) and source is wanted. */
export function selectorMatches(selector: Selector, type: number, node: string, source: string): boolean {
  if (selector.typeTerms.length > 0 && !matchesType(selector, type)) return false
  for (const term of selector.otherTerms) {
    const value = term.field === 'node' ? node : source
    if (matchesAny(term.patterns, value) === term.isNegated) return false
  }
  return true
}

/** What of a record has to be found out before the selector can be asked. */
export function selectorNeeds(selector: Selector): { node: boolean } {
  return { node: selector.otherTerms.some((term) => term.field === 'node') }
}

function selectorOf(terms: readonly SelectorTerm[]): Selector {
  const typeTerms = terms.filter((term) => term.field === 'type')
  const otherTerms = terms.filter((term) => term.field !== 'type')
  const typeVerdicts = new Uint8Array(typeTerms.length > 0 ? TABLE_TYPES : 0)
  return { text: terms.map(termText).join(' '), terms, typeTerms, otherTerms, typeVerdicts }
}

function termText(term: SelectorTerm): string {
  const values = term.patterns.map(({ text, isPrefix }) => (isPrefix ? `${text}*` : text))
  return `${term.isNegated ? '!' : ''}${term.field}=${values.join(',')}`
}

function parseTerm(word: string): SelectorTerm {
  const [, mark = '', written = '', list] = /^(!?)([A-Za-z]*)=(.*)$/.exec(word) ?? []
  if (list === undefined || written === '') {
    throw new SelectorError('bad-term', word, `'${word}' is not field=value[,value...] without blanks`)
  }
  const field = SELECTOR_FIELDS.find((name) => name === written.toLowerCase())
  if (field === undefined) {
    throw new SelectorError(
      'unknown-field',
      written,
      `'${written}' is no field; there are ${SELECTOR_FIELDS.join(', ')}`,
    )
  }
  const patterns = list.split(',').map((value) => parsePattern(word, field, value))
  return { field, isNegated: mark === '!', patterns }
}

function parsePattern(word: string, field: SelectorField, value: string): Pattern {
  if (value === '') throw new SelectorError('bad-value', word, `'${word}' has an empty value`)
  // Node names are ASCII; anything else would depend on how the record's bytes were decoded.
  if (!/^[!-~]+$/.test(value))
    throw new SelectorError('bad-value', value, `'${value}' has a character outside of ASCII`)
  const isPrefix = value.endsWith('*')
  const text = isPrefix ? value.slice(0, -1) : value
  if (text.includes('*'))
    throw new SelectorError('bad-value', value, `'${value}': a * stands at the end of a value only`)
  if (field !== 'type') return { text, isPrefix, type: -1 }
  return typePattern(text.toUpperCase(), isPrefix)
}

function typePattern(text: string, isPrefix: boolean): Pattern {
  const [, open = '', digits, close] = /^(UNKNOWN\[)?(\d{0,10})(\])?$/.exec(text) ?? []
  if (isPrefix) {
    const isKnown =
      digits === undefined ? [...RECORD_TYPES.values()].some((name) => name.startsWith(text)) : close === undefined
    if (isKnown || 'UNKNOWN['.startsWith(text)) return { text, isPrefix, type: -1 }
    throw new SelectorError('unknown-type', text, `no record type begins with '${text}'`)
  }
  const isNumber = digits !== undefined && digits !== '' && (open === '') === (close === undefined)
  const type = isNumber ? Number(digits) : recordTypeNumber(text)
  if (isNumber ? type <= MAX_TYPE : type !== UNKNOWN_TYPE) return { text, isPrefix, type }
  throw new SelectorError('unknown-type', text, `'${text}' is no record type; its number will do as well`)
}

function matchesType(selector: Selector, type: number): boolean {
  const known = selector.typeVerdicts[type]
  if (known === YES) return true
  if (known === NO) return false
  const name = recordTypeName(type)
  const number = String(type)
  const isWanted = selector.typeTerms.every(
    (term) => term.patterns.some((pattern) => matchesTypePattern(pattern, type, name, number)) !== term.isNegated,
  )
  if (known !== undefined) selector.typeVerdicts[type] = isWanted ? YES : NO
  return isWanted
}

function matchesTypePattern(pattern: Pattern, type: number, name: string, number: string): boolean {
  if (!pattern.isPrefix) return pattern.type === type
  return name.startsWith(pattern.text) || number.startsWith(pattern.text)
}

// A loop and not some(): without a compiler a closure called for each record is most of the cost.
function matchesAny(patterns: readonly Pattern[], value: string): boolean {
  for (const { text, isPrefix } of patterns) if (isPrefix ? value.startsWith(text) : value === text) return true
  return false
}
