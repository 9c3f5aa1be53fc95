// The rules that hold now, what has become of each, and what a unit of records comes to by them.

import type { Clock } from '../../src/remote/ports.js'
import { HoldBack, type HeldBack } from './hold-back.js'
import { decides, type FilterRule } from './rule.js'
import { NO_RULE, type RuleSet } from './rule-set.js'

/** What a rule has come to since it has its text. */
export interface RuleCounts {
  hits: number
  /** Told, by rules that tell. */
  told: number
  /** Held back as over the limit, and as told before. */
  limited: number
  repeated: number
  /** Could not be told. */
  failed: number
}

/** A rule, and what is remembered of it. */
export interface RuleState {
  rule: FilterRule
  readonly counts: RuleCounts
  readonly holdBack: HoldBack
}

export type Compile = (rules: readonly FilterRule[]) => RuleSet

export interface RuleListener {
  /** A rule that tells has matched. The records are valid during the call. */
  matched(state: RuleState, records: readonly Buffer[]): void
  heldBack(state: RuleState, heldBack: HeldBack): void
}

export class RuleBook {
  readonly #compile: Compile
  readonly #clock: Clock
  readonly #listener: RuleListener
  readonly #keepsByDefault: boolean
  #states: readonly RuleState[] = []
  #set: RuleSet
  /** Rules that only decide are asked for the first of them, which is less work than all. */
  #onlyDecides = true
  #undecided = 0
  #decidedBy: RuleState | undefined

  constructor(compile: Compile, clock: Clock, keepsByDefault: boolean, listener: RuleListener) {
    this.#compile = compile
    this.#clock = clock
    this.#keepsByDefault = keepsByDefault
    this.#listener = listener
    this.#set = compile([])
  }

  get states(): readonly RuleState[] {
    return this.#states
  }

  /** How many events or records no rule has decided about. */
  get undecided(): number {
    return this.#undecided
  }

  /** What has decided last; undefined is the default. */
  get decidedBy(): RuleState | undefined {
    return this.#decidedBy
  }

  /** From now on these rules hold. One whose text has not changed keeps its counts, and what it remembers. */
  replace(rules: readonly FilterRule[]): void {
    const set = this.#compile(rules)
    const before = new Map<string, RuleState[]>()
    for (const state of this.#states) {
      const same = before.get(state.rule.text)
      if (same === undefined) before.set(state.rule.text, [state])
      else same.push(state)
    }
    this.#states = rules.map((rule) => {
      const state = before.get(rule.text)?.shift()
      if (state === undefined) return this.#newState(rule)
      state.rule = rule
      return state
    })
    for (const states of before.values()) for (const { holdBack } of states) holdBack.close()
    this.#set = set
    this.#onlyDecides = rules.every(decides)
  }

  /** Whether a record is kept that is looked at alone. */
  keepsRecord(record: Buffer): boolean {
    if (this.#onlyDecides) return this.#decided(this.#set.first(record))
    return this.#walk(this.#set.all(record), [record])
  }

  /** Whether an event is kept. */
  keepsEvent(records: readonly Buffer[]): boolean {
    if (this.#onlyDecides) return this.#decided(this.#set.firstOfEvent(records))
    return this.#walk(this.#set.allOfEvent(records), records)
  }

  /** Tells what is held back at once. */
  close(): void {
    for (const { holdBack } of this.#states) holdBack.close()
  }

  #decided(id: number): boolean {
    const state = id === NO_RULE ? undefined : this.#states[id]
    if (state === undefined) return this.#byDefault()
    state.counts.hits++
    this.#decidedBy = state
    return state.rule.verb.kind === 'keep'
  }

  #walk(ids: readonly number[], records: readonly Buffer[]): boolean {
    for (const id of ids) {
      const state = this.#states[id]
      if (state === undefined) continue
      state.counts.hits++
      const { kind } = state.rule.verb
      if (kind === 'keep' || kind === 'drop') {
        this.#decidedBy = state
        return kind === 'keep'
      }
      if (kind !== 'count') this.#listener.matched(state, records)
    }
    return this.#byDefault()
  }

  #byDefault(): boolean {
    this.#undecided++
    this.#decidedBy = undefined
    return this.#keepsByDefault
  }

  #newState(rule: FilterRule): RuleState {
    const state: RuleState = {
      rule,
      counts: { hits: 0, told: 0, limited: 0, repeated: 0, failed: 0 },
      holdBack: new HoldBack(rule.restraint, this.#clock, (heldBack) => {
        this.#listener.heldBack(state, heldBack)
      }),
    }
    return state
  }
}
