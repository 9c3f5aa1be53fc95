// Reads an expression, or says where it is none. The grammar is that of ausearch-expression(5):
//
//   any:        all { "||" all }
//   all:        primary { "&&" primary }
//   primary:    "!" primary | "(" any ")" | comparison
//   comparison: field operator string | "\regexp" (string | regexp)

import { ExpressionError } from './expression.js'
import { readToken } from './expression-tokens.js'
import { fieldComparison, virtualComparison } from './parse-comparison.js'
import { parseRegexp } from './regexp-syntax.js'
import type { Expression } from './expression.js'
import type { ComparisonReader } from './parse-comparison.js'
import type { Mark, Token } from './expression-tokens.js'

/** A line of audisp-filter's rules has 1024 bytes. */
const MAX_CHARACTERS = 16 * 1024
/** Of parentheses and `!` within each other: what evaluates them calls itself as deep. */
const MAX_DEPTH = 100

/** Reads an expression. Throws ExpressionError. */
export function parseExpression(text: string): Expression {
  if (text.length > MAX_CHARACTERS) {
    throw new ExpressionError(
      'too-long',
      MAX_CHARACTERS + 1,
      `longer than ${MAX_CHARACTERS} characters: make it several rules`,
    )
  }
  const nul = text.indexOf('\0')
  if (nul !== -1) throw new ExpressionError('unexpected', nul + 1, 'a byte 0 is here: no record has one')
  return new Parser(text).expression()
}

class Parser implements ComparisonReader {
  readonly text: string
  token: Token
  #depth = 0

  constructor(text: string) {
    this.text = text
    this.token = readToken(text, 0)
  }

  expression(): Expression {
    if (this.#isAtEnd()) throw new ExpressionError('empty', 1, 'empty: write a comparison, such as uid r= 0')
    const expression = this.#any()
    if (!this.#isAtEnd()) throw this.unexpected('nothing more, or && or || before it')
    return expression
  }

  next(from = this.token.end): Token {
    this.token = readToken(this.text, from)
    return this.token
  }

  unexpected(wanted: string): ExpressionError {
    const { kind, start, end } = this.token
    const found = kind === 'end' ? 'the end' : this.text.slice(start, end)
    return new ExpressionError('unexpected', start + 1, `${found} stands where ${wanted} is expected`)
  }

  #any(): Expression {
    return this.#joined('||', 'any', () => this.#joined('&&', 'all', () => this.#primary()))
  }

  #joined(mark: Mark, kind: 'any' | 'all', part: () => Expression): Expression {
    const first = part()
    if (!this.#isAt(mark)) return first
    const of = [first]
    while (this.#isAt(mark)) {
      this.next()
      of.push(part())
    }
    return { kind, of }
  }

  #primary(): Expression {
    if (this.#isAt('!')) return { kind: 'not', of: this.#deeper(() => this.#primary()) }
    if (this.#isAt('(')) {
      const inside = this.#deeper(() => this.#any())
      if (!this.#isAt(')')) throw this.unexpected(')')
      this.next()
      return inside
    }
    if (this.token.kind === 'string') return fieldComparison(this, this.token)
    if (!this.#isAt('\\')) throw this.unexpected('a field, !, ( or \\')
    return this.#virtual()
  }

  #virtual(): Expression {
    const { start } = this.token
    const name = this.next()
    if (name.kind !== 'string') throw this.unexpected('timestamp, timestamp_ex, record_type or regexp')
    return name.value === 'regexp' ? this.#regexp(start) : virtualComparison(this, start, name)
  }

  #regexp(start: number): Expression {
    const pattern = this.next()
    if (pattern.kind !== 'string' && pattern.kind !== 'regexp')
      throw this.unexpected('a regular expression, /.../ or "..."')
    const bytes = Buffer.from(pattern.value).toString('latin1')
    const read = parseRegexp(bytes)
    if ('mistake' in read)
      throw new ExpressionError('bad-regexp', pattern.start + 1, `regular expression: ${read.mistake}`)
    this.next()
    return { kind: 'regexp', pattern: bytes, column: start + 1, text: this.text.slice(start, pattern.end) }
  }

  /** What follows the token that is being looked at, one level down. */
  #deeper(part: () => Expression): Expression {
    this.#depth += 1
    if (this.#depth > MAX_DEPTH) {
      throw new ExpressionError('too-deep', this.token.start + 1, `more than ${MAX_DEPTH} ( and ! within each other`)
    }
    this.next()
    const expression = part()
    this.#depth -= 1
    return expression
  }

  #isAtEnd(): boolean {
    return this.token.kind === 'end'
  }

  #isAt(mark: Mark): boolean {
    return this.token.kind === 'mark' && this.token.mark === mark
  }
}
