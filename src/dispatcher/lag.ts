// How long the oldest record of a queue has waited. Records carry no time of their arrival, and are not to pay for one: so once in
// a while it is noted how many had been taken in all by then. Those that have left since tell how old the first in line is.

import type { Ledger } from './ledger.js'
import type { QueueLimits } from './settings.js'

/** Records that came within this time of one another count as of the same age; in a long backlog it is more. */
const FINENESS_MS = 250
/** Marks kept; where they are more, every other one is given up, and they are made half as often. */
const MAX_MARKS = 512

interface Mark {
  /** Records that have been taken, since the queue was made, until the next mark. */
  taken: number
  /** When the first of them was taken that is not of the mark before. */
  readonly ms: number
}

export class Lag {
  #marks: Mark[] = []
  #finenessMs = FINENESS_MS
  #dropsOldest = false

  /** Called once a turn, when what came has been offered and the plugin has been written to. */
  note(ledger: Ledger, { overflow }: Pick<QueueLimits, 'overflow'>, nowMs: number): void {
    if (ledger.queued === 0) {
      if (this.#marks.length > 0) this.#marks = []
      return
    }
    this.#goBy(overflow === 'drop-oldest')
    const left = leftOf(ledger, this.#dropsOldest)
    this.#forget(left)
    const taken = left + ledger.queued
    const last = this.#marks.at(-1)
    if (last === undefined || (taken > last.taken && nowMs - last.ms >= this.#finenessMs)) this.#mark(taken, nowMs)
    else if (taken > last.taken) last.taken = taken
  }

  /** The age of the oldest record, in ms; 0 when none waits. */
  ageMs(ledger: Ledger, nowMs: number): number {
    if (ledger.queued === 0) return 0
    const left = leftOf(ledger, this.#dropsOldest)
    const mark = this.#marks.find(({ taken }) => taken > left)
    return mark === undefined ? 0 : Math.max(0, Math.round(nowMs - mark.ms))
  }

  /** Whether what the queue drops has waited in it. After a change, numbers from before cannot be compared. */
  #goBy(dropsOldest: boolean): void {
    if (dropsOldest === this.#dropsOldest) return
    this.#dropsOldest = dropsOldest
    this.#marks = []
  }

  #mark(taken: number, ms: number): void {
    if (this.#marks.length === 0) this.#finenessMs = FINENESS_MS
    this.#marks.push({ taken, ms })
    if (this.#marks.length < MAX_MARKS) return
    // Of two the younger one goes, and its records count as of the other one's age.
    this.#marks = this.#marks.flatMap((mark, at) =>
      at % 2 === 0 ? [{ ms: mark.ms, taken: this.#marks[at + 1]?.taken ?? mark.taken }] : [],
    )
    this.#finenessMs *= 2
  }

  #forget(left: number): void {
    let gone = 0
    while ((this.#marks[gone]?.taken ?? Infinity) <= left) gone++
    if (gone > 0) this.#marks.splice(0, gone)
  }
}

/** Records that were taken and do not wait any more. */
function leftOf({ delivered, dropped }: Ledger, dropsOldest: boolean): number {
  return delivered + dropped.poison + (dropsOldest ? dropped['queue-full'] : 0)
}
