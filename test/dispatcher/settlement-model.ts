import { BatchNumbers, Settlement, type Holder } from '../../src/dispatcher/settlement.js'

/** A plugin with `ack`, as far as a settlement sees it. */
export class SomeHolder implements Holder {
  /** The seqs that it got and has neither acknowledged nor lost. */
  readonly #held = new Set<number>()
  /** It is failed, paused, or its time is over. */
  isExempt = false
  #last = 0

  get to(): number {
    return this.#last
  }

  get open(): readonly number[] {
    return [...this.#held]
  }

  give(seq: number): void {
    this.#held.add(seq)
    this.#last = seq
  }

  /** It has acknowledged all up to `seq`. */
  advance(seq: number): void {
    for (const each of this.#held) if (each <= seq) this.#held.delete(each)
  }

  lose(seq: number): void {
    this.#held.delete(seq)
  }

  holds(seq: number): boolean {
    return !this.isExempt && this.#held.has(seq)
  }

  holdsFrom(): number {
    return this.isExempt ? Infinity : Math.min(Infinity, ...this.#held)
  }
}

interface SentRecord {
  readonly n: number
  /** 0 for one that needs nobody. */
  readonly seq: number
}

/** A settlement, and beside it what anybody would find who looks at each record by itself. */
export class SettlementPair {
  readonly holders: readonly SomeHolder[]
  readonly settlement = new Settlement()
  #records: SentRecord[] = []
  #settled = 0
  #n = 0
  #seq = 0

  constructor(holders: number) {
    this.holders = Array.from({ length: holders }, () => new SomeHolder())
  }

  /** Sends a batch; `gaps`: what is left out before each number; `takers`: who gets which, as bits. */
  send(gaps: readonly number[], takers: readonly number[], seqGap: number): void {
    this.#seq += seqGap
    const first = this.#seq + 1
    const numbers = new BatchNumbers()
    for (const [index, gap] of gaps.entries()) {
      this.#n += 1 + gap
      numbers.add(this.#n)
      this.#records.push({ n: this.#n, seq: ++this.#seq })
      for (const [bit, holder] of this.holders.entries()) {
        if ((((takers[index] ?? 0) >> bit) & 1) === 1) holder.give(this.#seq)
      }
    }
    const holds = this.holders.filter(({ to }) => to >= first).map((holder) => ({ holder, to: holder.to }))
    this.settlement.add(first, numbers, holds)
  }

  /**
   * Somebody is not waited for, or is again. What was settled meanwhile without him he has acknowledged by then: otherwise he
   * would be waited for there too, before anything behind it that he never got.
   */
  setExempt(index: number, isExempt: boolean): void {
    const holder = this.holders[index]
    if (holder === undefined) return
    holder.isExempt = isExempt
    if (isExempt) return
    for (const { seq } of this.#records.slice(0, this.#settled)) holder.lose(seq)
  }

  pass(): void {
    this.#records.push({ n: ++this.#n, seq: 0 })
    this.settlement.pass(this.#n)
  }

  /** Holders let go as well: one that holds something older is waited for also where it takes only a later record of a batch. */
  forget(): void {
    for (const holder of this.holders) holder.advance(this.#seq)
    this.settlement.forget()
    this.#records = []
    this.#settled = 0
    this.#n = 0
  }

  /** The number up to which all is settled, and how many records are not: as it is, and as it should be. */
  settle(): { readonly is: readonly [number, number]; readonly should: readonly [number, number] } {
    this.settlement.settle(0)
    for (;;) {
      const next = this.#records[this.#settled]
      if (next === undefined || this.holders.some((holder) => holder.holds(next.seq))) break
      this.#settled++
    }
    const to = this.#records[this.#settled - 1]?.n ?? 0
    const unsettled = this.#records.slice(this.#settled).filter(({ seq }) => seq > 0).length
    return { is: [this.settlement.settledTo, this.settlement.unsettled], should: [to, unsettled] }
  }
}
