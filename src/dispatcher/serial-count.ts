// The serials of one machine. The kernel numbers its events one by one, so a number that never comes is an event that was
// lost before it got here. Their records come nearly in that order: those of events that happen at the same time are
// mixed, so a lower number may still come a little later and then fills the gap that it had left.
//
// Numbers have 32 bits and begin anew with each boot. Whether one lies before or behind another is the sign of their
// difference in 32 bits.

import { tailNumber, TAILS } from './serial-tail.js'

/** A gap is one for certain when so many later events have come, or so much time has passed. */
const SETTLED_EVENTS = 1000
const SETTLED_MS = 5000
/** A number that is lower than this by comparison is no late one: the counting has begun anew. */
const FAR = 100_000
/** A number this much lower is a late one all the same, unless it is also younger than anything so far. */
const LATE = 64
const YOUNGER_SECONDS = 15
/** So near to where the counting stood before a leap, the number that leapt was the stray; the nearer, the shorter the way back. */
const NEAR = 4096
const VERY_NEAR = 64
/** With so many strays it is not one machine that counts here, and what is missing cannot be told. */
const MIXED_STRAYS = 8
/** Gaps of one machine that are kept one by one; of older ones only the number of events. */
const MAX_GAPS = 200

interface Gap {
  readonly from: number
  readonly to: number
  readonly sinceMs: number
}

/** Serials [from, to], both of which are missing. */
export type SerialRange = readonly [from: number, to: number]

export interface SerialCountView {
  readonly first: number
  readonly last: number
  /** Events that have not come, and those of which it is too early to tell. */
  readonly missing: number
  readonly pending: number
  /** Of those missing, how many are in none of `ranges`. */
  readonly unlisted: number
  readonly ranges: readonly SerialRange[]
  /** How often the counting began anew. */
  readonly restarts: number
  /** Numbers that were out of place by far: damaged, or another machine's. */
  readonly strays: number
}

export class SerialCount {
  #first: number
  #last: number
  /** The latest second that any event was of. */
  #seconds: number
  /** In ascending order; a late number may still fill them. */
  #gaps: Gap[] = []
  /** Of countings that are over. */
  #sealed: Gap[] = []
  /** Events in gaps that are not kept any more. */
  #unlisted = 0
  #restarts = 0
  #strays = 0
  /** Where the counting stood before it leapt ahead or back by far. */
  #beforeLeap: number | undefined

  constructor(serial: number, seconds: number) {
    this.#first = serial
    this.#last = serial
    this.#seconds = seconds
  }

  /** The newest. */
  get last(): number {
    return this.#last
  }

  /** How far back the last gap ends: numbers above it can fill none. */
  get sinceGap(): number {
    const gap = this.#gaps.at(-1)
    return gap === undefined ? Infinity : (this.#last - gap.to) >>> 0
  }

  /** `seconds`: of the event's time. */
  take(serial: number, seconds: number, nowMs: number): void {
    if (this.#isBackFromLeap(serial)) this.#takeBackLeap()
    const step = (serial - this.#last) | 0
    if (step > 0) this.#goAhead(serial, step, nowMs)
    else if (step < 0) this.#goBack(serial, -step, seconds)
    this.#seconds = Math.max(this.#seconds, seconds)
  }

  /** All numbers up to the next one with this tail have come. */
  advance(tail: number): void {
    this.#last += tailNumber(tail) - (this.#last % TAILS)
  }

  view(nowMs: number): SerialCountView {
    const soFar = { first: this.#first, last: this.#last, restarts: this.#restarts, strays: this.#strays }
    if (this.#strays >= MIXED_STRAYS) return { ...soFar, missing: 0, pending: 0, unlisted: 0, ranges: [] }
    const pending = this.#gaps.filter((gap) => !this.#isSettled(gap, nowMs))
    const listed = [...this.#sealed, ...this.#gaps.filter((gap) => this.#isSettled(gap, nowMs))]
    return {
      ...soFar,
      missing: this.#unlisted + eventsIn(listed),
      pending: eventsIn(pending),
      unlisted: this.#unlisted,
      ranges: listed.map(({ from, to }) => [from, to]),
    }
  }

  #goAhead(serial: number, step: number, nowMs: number): void {
    if (step > FAR) this.#beforeLeap = this.#last
    if (step > 1) {
      this.#gaps.push({ from: next(this.#last), to: (serial - 1) >>> 0, sinceMs: nowMs })
      this.#forgetOldest()
    }
    this.#last = serial
  }

  #goBack(serial: number, back: number, seconds: number): void {
    if (this.#fill(serial)) return
    const isYounger = back > LATE && seconds > this.#seconds + YOUNGER_SECONDS
    if (back <= FAR && !isYounger) return
    this.#restarts++
    this.#beforeLeap = this.#last
    this.#sealed.push(...this.#gaps)
    this.#gaps = []
    this.#last = serial
    this.#forgetOldest()
  }

  /**
   * Whether the number goes on where the counting stood before it leapt: then the leap was none. Two machines without names look
   * so: the one that was silent for a while speaks again.
   */
  #isBackFromLeap(serial: number): boolean {
    const before = this.#beforeLeap
    if (before === undefined) return false
    const way = Math.abs((serial - this.#last) | 0)
    const off = Math.abs((serial - before) | 0)
    return way > FAR - NEAR ? off <= NEAR : way > LATE && off <= VERY_NEAR
  }

  #takeBackLeap(): void {
    const before = this.#beforeLeap ?? this.#last
    if (((this.#last - before) | 0) < 0) this.#restarts--
    else this.#gaps = this.#gaps.filter(({ from }) => from !== next(before))
    this.#strays++
    this.#last = before
    this.#beforeLeap = undefined
  }

  /** Takes a late number out of its gap, if it is missing in one. */
  #fill(serial: number): boolean {
    const at = this.#gaps.findLastIndex(({ from, to }) => (serial - from) >>> 0 <= (to - from) >>> 0)
    const gap = this.#gaps[at]
    if (gap === undefined) return false
    const before = serial === gap.from ? [] : [{ ...gap, to: (serial - 1) >>> 0 }]
    const behind = serial === gap.to ? [] : [{ ...gap, from: next(serial) }]
    this.#gaps.splice(at, 1, ...before, ...behind)
    this.#forgetOldest()
    return true
  }

  #forgetOldest(): void {
    while (this.#sealed.length + this.#gaps.length > MAX_GAPS) {
      const oldest = this.#sealed.shift() ?? this.#gaps.shift()
      if (oldest !== undefined) this.#unlisted += eventsIn([oldest])
    }
  }

  #isSettled({ to, sinceMs }: Gap, nowMs: number): boolean {
    return (this.#last - to) >>> 0 > SETTLED_EVENTS || nowMs - sinceMs >= SETTLED_MS
  }
}

function eventsIn(gaps: readonly Gap[]): number {
  return gaps.reduce((sum, { from, to }) => sum + ((to - from) >>> 0) + 1, 0)
}

function next(serial: number): number {
  return (serial + 1) >>> 0
}
