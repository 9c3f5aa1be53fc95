// The tokens of an expression. Two things are easily missed: `i=`, `i!=`, `r=` and `r!=` are operators only where a token
// begins, so `comm r=x` is three tokens and `commr=x` is a word and rubbish; and `-` belongs to words, which the manual
// does not say but libauparse reads.

import { ExpressionError } from './expression.js'

const WORD_CHARACTER = /[A-Za-z0-9_-]/
const WORD = /[A-Za-z0-9_-]+/y
const BLANKS = /[ \t\n]*/y
/** What is not a word, a string or a regexp; the longest first. */
const MARKS = ['!==', 'i!=', 'r!=', '<=', '>=', '==', '&&', '||', 'i=', 'r=', '<', '>', '!', '(', ')', '\\'] as const

export type Mark = (typeof MARKS)[number]

/** Where a token stands: from `start` up to `end`. */
interface TokenPlace {
  readonly start: number
  readonly end: number
}

export type Token = TokenPlace &
  (
    | { readonly kind: 'end' }
    | { readonly kind: 'mark'; readonly mark: Mark }
    /** A word, or a text in double quotes. */
    | { readonly kind: 'string'; readonly value: string }
    /** A text between slashes. */
    | { readonly kind: 'regexp'; readonly value: string }
    | { readonly kind: 'rubbish' }
  )

/** Reads the token at `from`, or behind the blanks there. Throws ExpressionError for a string that is not well written. */
export function readToken(text: string, from: number): Token {
  BLANKS.lastIndex = from
  BLANKS.exec(text)
  const start = BLANKS.lastIndex
  const first = text.charAt(start)
  if (first === '') return { kind: 'end', start, end: start }
  if (first === '"' || first === '/') return readDelimited(text, start, first)
  const mark = MARKS.find((candidate) => text.startsWith(candidate, start))
  if (mark !== undefined) return { kind: 'mark', mark, start, end: start + mark.length }
  if (!WORD_CHARACTER.test(first)) return { kind: 'rubbish', start, end: start + 1 }
  WORD.lastIndex = start
  const value = WORD.exec(text)?.[0] ?? ''
  return { kind: 'string', value, start, end: start + value.length }
}

function readDelimited(text: string, start: number, delimiter: '"' | '/'): Token {
  let value = ''
  for (let at = start + 1; at < text.length; at++) {
    let character = text.charAt(at)
    if (character === delimiter) return { kind: delimiter === '"' ? 'string' : 'regexp', value, start, end: at + 1 }
    if (character === '\\') {
      at += 1
      character = text.charAt(at)
      if (character !== '\\' && character !== delimiter) throw badEscape(character, delimiter, at)
    }
    value += character
  }
  throw new ExpressionError('no-end', start + 1, `${noun(delimiter)} that begins here has no ${delimiter} at its end`)
}

function badEscape(character: string, delimiter: '"' | '/', at: number): ExpressionError {
  const written = `\\${character}`
  const next = delimiter === '/' ? `; a backslash of the regular expression itself is written \\\\` : ''
  return new ExpressionError('bad-escape', at, `${written}: only \\\\ and \\${delimiter} are escapes here${next}`)
}

function noun(delimiter: '"' | '/'): string {
  return delimiter === '"' ? 'the string' : 'the regexp'
}
