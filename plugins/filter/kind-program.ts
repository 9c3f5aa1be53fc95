// The rules as they are for records of one type: those that the type alone decides are gone, and of the others it is known
// which values of which fields call for them.

import { anchorOf } from './anchor.js'
import { condition } from './condition.js'
import { decided } from './decided.js'
import { FieldScan } from './field-scan.js'
import { Interpretations } from './interpretations.js'
import { RecordView } from './record-view.js'
import { literalsOf } from './regexp-literals.js'
import { needsOf } from './needs.js'
import { parseRegexp } from './regexp-syntax.js'
import { Sieve } from './sieve.js'
import { mark, ValueIndex } from './value-index.js'
import type { Condition } from './condition.js'
import type { RecordKind } from './decided.js'
import type { Expression, TextClause } from './expression.js'
import type { RegexpNode } from './regexp-syntax.js'
import type { RecordHeader } from './record-header.js'
import type { Needy } from './sieve.js'
import type { Rule } from './rule-set.js'
import type { FieldInterpreter } from './subject.js'

const WORD_BITS = 32
const TOP_BIT = 31
const AVC = 1400
const USER_AVC = 1107

/** What programs share. */
export interface KindParts {
  readonly header: RecordHeader
  readonly interpreter: FieldInterpreter
  /** By what they are made of; undefined if no record is to be sieved. */
  readonly sieves: Map<string, Sieve> | undefined
}

/** A rule that is left, and its place in the order of all. */
interface Left {
  readonly order: number
  readonly expression: Expression
}

/** Answers for records of one type, one after the other. */
export class KindProgram {
  readonly #view: RecordView
  readonly #orders: readonly number[]
  readonly #conditions: readonly Condition[]
  readonly #always: Uint32Array
  readonly #indexes: readonly ValueIndex[]
  readonly #words: Uint32Array
  readonly #sieve: Sieve | undefined
  /** Whether no rule is to be asked about a record that comes through the sieve with none. */
  readonly #isSieveAll: boolean
  /** The record that the words are about, if it was sieved and not asked about since. */
  #sieved: Uint8Array | undefined

  constructor(rules: readonly Rule[], kind: RecordKind, { header, interpreter, sieves }: KindParts) {
    const left: Left[] = []
    const certain: number[] = []
    for (const [order, { expression }] of rules.entries()) {
      const of = decided(expression, kind)
      if (of === true) certain.push(order)
      if (typeof of !== 'boolean') left.push({ order, expression: of })
    }
    const fields = new Names()
    const regexps = new Names()
    const slots = { field: (name: string) => fields.of(name), regexp: (pattern: string) => regexps.of(pattern) }
    const asked = left.map(({ order, expression }) => ({ order, condition: condition(expression, slots) }))
    const all = [...asked, ...certain.map((order) => ({ order, condition: () => true }))]
    all.sort((a, b) => a.order - b.order)
    this.#orders = all.map(({ order }) => order)
    this.#conditions = all.map((one) => one.condition)
    const places = new Map(this.#orders.map((order, place) => [order, place]))
    const needy: Needy[] = []
    const unsieved: Left[] = []
    for (const one of left) {
      const needs = sieves && needsOf(one.expression, { type: kind.number, interpreter })
      if (needs === undefined) unsieved.push(one)
      else needy.push({ place: places.get(one.order) ?? 0, needs })
    }
    this.#sieve = sieves && sieveOf(left, needy, sieves)
    this.#isSieveAll = unsieved.length === 0 && certain.length === 0
    const { always, indexes } = indexed(unsieved, certain, places, fields)
    this.#always = always
    this.#indexes = indexes
    this.#words = new Uint32Array(always.length)
    const clauses = left.flatMap(({ expression }) => textClauses(expression))
    const needsArch = clauses.some(({ kind: how, field }) => how === 'interpreted' && field === 'syscall')
    if (needsArch) fields.of('arch')
    const scan = new FieldScan(fields.names)
    const roots = regexps.names.map(rootOf)
    this.#view = new RecordView({
      header,
      scan,
      interpretations: new Interpretations(kind.number, scan, interpreter),
      regexps: roots,
      literals: literalsOf(roots),
      hasWords: kind.number === AVC || kind.number === USER_AVC,
    })
  }

  /** False if no rule matches the record, which is known by its bytes; else `first` is to be asked about the same record. */
  mayMatch(bytes: Uint8Array): boolean {
    const sieve = this.#sieve
    if (this.#orders.length === 0) return false
    if (sieve === undefined) return true
    this.#begin()
    this.#sieved = bytes
    return sieve.collect(bytes, this.#words) || !this.#isSieveAll
  }

  /** The order of the first rule from `from` on that matches a record, whose header was read; -1 if none does. */
  first(bytes: Uint8Array): number {
    if (this.#orders.length === 0) return -1
    this.#collect(bytes)
    return this.#next(0)
  }

  /** The order of the next rule that matches the same record, behind the order given. */
  after(order: number): number {
    const place = this.#orders.indexOf(order)
    return place === -1 ? -1 : this.#next(place + 1)
  }

  /** A loop, as `set` costs more for so few. */
  #begin(): void {
    for (let at = 0; at < this.#words.length; at++) this.#words[at] = this.#always[at] ?? 0
  }

  #collect(bytes: Uint8Array): void {
    const view = this.#view
    view.set(bytes)
    if (this.#sieve === undefined) this.#begin()
    else if (this.#sieved !== bytes) this.mayMatch(bytes)
    this.#sieved = undefined
    for (let at = 0; at < this.#indexes.length; at++) this.#indexes[at]?.collect(view, this.#words)
  }

  #next(from: number): number {
    const words = this.#words
    for (let at = from >>> 5; at < words.length; at++) {
      let word = words[at] ?? 0
      if (at === from >>> 5) word &= -1 << (from & TOP_BIT)
      while (word !== 0) {
        const place = at * WORD_BITS + TOP_BIT - Math.clz32(word & -word)
        if (this.#conditions[place]?.(this.#view) === true) return this.#orders[place] ?? -1
        word &= word - 1
      }
    }
    return -1
  }
}

/** Most types have the same one. */
function sieveOf(left: readonly Left[], needy: readonly Needy[], sieves: Map<string, Sieve>): Sieve {
  const key = JSON.stringify([left, needy])
  const sieve = sieves.get(key) ?? new Sieve(needy)
  sieves.set(key, sieve)
  return sieve
}

/** Names and their numbers, from 0 on as they come. */
class Names {
  readonly names: string[] = []

  of(name: string): number {
    const known = this.names.indexOf(name)
    return known === -1 ? this.names.push(name) - 1 : known
  }
}

type Places = Map<string, number[]>

function indexed(
  left: readonly Left[],
  certain: readonly number[],
  places: ReadonlyMap<number, number>,
  fields: Names,
): { readonly always: Uint32Array; readonly indexes: readonly ValueIndex[] } {
  const always = new Uint32Array(Math.ceil(places.size / WORD_BITS))
  mark(
    always,
    certain.map((order) => places.get(order) ?? 0),
  )
  const byField = new Map<string, { readonly raw: Places; readonly interpreted: Places }>()
  for (const { order, expression } of left) {
    const place = places.get(order) ?? 0
    const anchor = anchorOf(expression)
    if (anchor === undefined) mark(always, [place])
    for (const { field, kind, value } of anchor ?? []) {
      const maps = byField.get(field) ?? { raw: new Map<string, number[]>(), interpreted: new Map<string, number[]>() }
      byField.set(field, maps)
      const map = maps[kind]
      map.set(value, [...(map.get(value) ?? []), place])
    }
  }
  const indexes = [...byField].map(
    ([field, { raw, interpreted }]) => new ValueIndex(fields.of(field), raw, interpreted),
  )
  return { always, indexes }
}

function textClauses(expression: Expression): readonly TextClause[] {
  switch (expression.kind) {
    case 'not':
      return textClauses(expression.of)
    case 'all':
    case 'any':
      return expression.of.flatMap(textClauses)
    case 'raw':
    case 'interpreted':
      return [expression]
    case 'number':
    case 'time':
    case 'type':
    case 'regexp':
    case 'never':
      return []
    default:
      return expression satisfies never
  }
}

function rootOf(pattern: string): RegexpNode {
  const read = parseRegexp(pattern)
  if ('mistake' in read) throw new Error(`not a regular expression: ${pattern}`)
  return read.root
}
