// Rules made ready for many records. Records of one type share a program; which types there are is found out as they come.
//
// How many programs there may be is bounded by the rules: a type that is neither known by name nor mentioned differs from
// the next such type only by which of the rules' numbers it is above.

import { mentionedTypes } from './mentioned-types.js'
import { evaluate } from './evaluate.js'
import { textCopy, trimmedEnd } from './field-scan.js'
import { KindProgram } from './kind-program.js'
import { isStrangeType, RecordHeader } from './record-header.js'
import { NO_RULE } from './rule-set.js'
import { readSubject } from './subject.js'
import { typeNumber } from './type-number.js'
import { UsualTypes } from './usual-types.js'
import { RECORD_TYPES } from '../../src/protocol/record-type.js'
import type { KindParts } from './kind-program.js'
import type { Sieve } from './sieve.js'
import type { Rule, RuleSet } from './rule-set.js'
import type { MentionedTypes } from './mentioned-types.js'
import type { FieldInterpreter, Subject } from './subject.js'

/** How many spellings of types are known by their bytes; others are looked up each time. */
const MAX_SPELLINGS = 1024
const STRANGE = -1
/** Without a JIT there is no WebAssembly either. */
const COMPILES = 'WebAssembly' in globalThis

/** What rules need besides records. */
export interface RuleSetParts {
  readonly interpreter: FieldInterpreter
  /** Whether records are sieved by their bytes first; if it is not said, where Node compiles what it runs. */
  readonly isSieved?: boolean
}

/** Makes rules ready, in their order. */
export function compileRules(rules: readonly Rule[], { interpreter, isSieved = COMPILES }: RuleSetParts): RuleSet {
  return new CompiledRules(rules, {
    header: new RecordHeader(),
    interpreter,
    sieves: isSieved ? new Map<string, Sieve>() : undefined,
  })
}

/** Who finds a record's rules: by their places in the order, -1 for none. */
interface Matcher {
  first(record: Buffer): number
  /** The next one for the same record. */
  after(order: number): number
}

class CompiledRules implements RuleSet {
  readonly #rules: readonly Rule[]
  readonly #programs: Programs
  readonly #hasEventRules: boolean

  constructor(rules: readonly Rule[], parts: KindParts) {
    this.#rules = rules
    this.#programs = new Programs(rules, parts)
    this.#hasEventRules = rules.some(({ scope }) => scope === 'event')
  }

  first(record: Buffer): number {
    return this.#id(this.#programs.matcher(record)?.first(record) ?? -1)
  }

  all(record: Buffer): readonly number[] {
    return this.#orders(record).map((order) => this.#id(order))
  }

  firstOfEvent(records: readonly Buffer[]): number {
    let best = this.#rules.length
    for (const record of records) {
      const order = this.#programs.matcher(record)?.first(record) ?? -1
      if (order !== -1 && order < best) best = order
    }
    return this.#id(best)
  }

  allOfEvent(records: readonly Buffer[]): readonly number[] {
    const orders = new Set(records.flatMap((record) => this.#orders(record)))
    return [...orders].toSorted((a, b) => a - b).map((order) => this.#id(order))
  }

  firstOfEach(records: readonly Buffer[]): readonly number[] {
    if (!this.#hasEventRules) return records.map((record) => this.first(record))
    let ofEvent = this.#rules.length
    const own = records.map((record) => {
      let first = this.#rules.length
      const matcher = this.#programs.matcher(record)
      for (
        let order = matcher?.first(record) ?? -1;
        order !== -1 && order < ofEvent;
        order = matcher?.after(order) ?? -1
      ) {
        if (this.#rules[order]?.scope === 'event') ofEvent = order
        else if (order < first) first = order
      }
      return first
    })
    return own.map((order) => this.#id(Math.min(order, ofEvent)))
  }

  #orders(record: Buffer): readonly number[] {
    const orders: number[] = []
    const matcher = this.#programs.matcher(record)
    for (let order = matcher?.first(record) ?? -1; order !== -1; order = matcher?.after(order) ?? -1) orders.push(order)
    return orders
  }

  #id(order: number): number {
    // What is no index of an array is a slow one.
    return order === -1 ? NO_RULE : (this.#rules[order]?.id ?? NO_RULE)
  }
}

/** The programs for the types that came so far. */
class Programs {
  readonly #rules: readonly Rule[]
  readonly #parts: KindParts
  readonly #header: RecordHeader
  readonly #slow: Matcher
  readonly #types: MentionedTypes
  readonly #programs: KindProgram[] = []
  /** By type as it is written: the program; STRANGE if it has bytes that end a record for an expression. */
  readonly #spellings = new Map<string, number>()
  readonly #usual = new UsualTypes<KindProgram>()
  readonly #kinds = new Map<string, number>()

  constructor(rules: readonly Rule[], parts: KindParts) {
    this.#rules = rules
    this.#parts = parts
    this.#header = parts.header
    this.#slow = new SlowMatcher(rules, parts.interpreter)
    this.#types = mentionedTypes(rules.map(({ expression }) => expression))
  }

  /** Who is to be asked about a record; undefined if it is none, or if nobody would find a rule for it. */
  matcher(record: Buffer): Matcher | undefined {
    const program = this.#parts.sieves !== undefined ? this.#usual.find(record) : undefined
    if (program?.mayMatch(record) === false) return undefined
    const header = this.#header
    if (!header.read(record)) return undefined
    if (header.isStrange) return this.#slow
    const index = this.#spellings.get(header.type) ?? this.#find(header.type)
    return index === STRANGE ? this.#slow : this.#programs[index]
  }

  #find(type: string): number {
    const index = isStrangeType(type) ? STRANGE : this.#program(type.slice(0, trimmedEnd(type, 0, type.length)))
    // The type is a part of a record's text, which is not to be kept for it.
    if (this.#spellings.size < MAX_SPELLINGS) this.#spellings.set(textCopy(type), index)
    const program = this.#programs[index]
    if (program !== undefined) this.#usual.add(textCopy(type), program)
    return index
  }

  #program(name: string): number {
    const number = typeNumber(name)
    const spelling = this.#types.names.has(name) ? name : ''
    const kind = RECORD_TYPES.has(number) ? `${number}` : this.#above(number)
    const key = `${kind} ${spelling}`
    let index = this.#kinds.get(key)
    if (index === undefined) {
      index = this.#programs.push(new KindProgram(this.#rules, { number, name }, this.#parts)) - 1
      this.#kinds.set(key, index)
    }
    return index
  }

  /** Which of the numbers that rules speak of a number is above, or the same as. */
  #above(number: number): string {
    const bound = this.#types.numbers.findLast((mentioned) => mentioned <= number)
    return bound === number ? `is ${bound}` : `above ${bound}`
  }
}

/** For records with bytes where no record has them: rule by rule, field by field. */
class SlowMatcher implements Matcher {
  readonly #rules: readonly Rule[]
  readonly #interpreter: FieldInterpreter
  #subject: Subject | undefined

  constructor(rules: readonly Rule[], interpreter: FieldInterpreter) {
    this.#rules = rules
    this.#interpreter = interpreter
  }

  first(record: Buffer): number {
    this.#subject = readSubject(record)
    return this.after(-1)
  }

  after(order: number): number {
    const subject = this.#subject
    if (subject === undefined) return -1
    return this.#rules.findIndex(
      ({ expression }, index) => index > order && evaluate(expression, subject, this.#interpreter),
    )
  }
}
