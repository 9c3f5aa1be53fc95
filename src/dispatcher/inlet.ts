// Where the records that a plugin sends come in: they are looked at, gathered, and join the fan-out as its records.

import { blankOut, looksLikeRecord, withoutTrailingNuls } from '../protocol/record.js'
import { BatchNumbers, Settlement, type Hold } from './settlement.js'

const LF = 0x0a
const NUL = 0x00
/** So much is gathered before it joins: a read, as long as records stand in it without their verbs. */
const GATHERED_BYTES = 128 * 1024

export interface InletWorld {
  /** Takes whole lines as records of this plugin; returns the seq of the first. */
  readonly join: (lines: Buffer, records: number) => number
  /** The plugins with `ack` that took any record from `seq` on. */
  readonly holds: (seq: number) => readonly Hold[]
  /** The highest lasting position taken in this run. */
  readonly received: () => number
  readonly setReceived: (n: number) => void
}

/** What becomes of a record: `low` is a number that does not rise, `repeat` one that was taken from an earlier process. */
export type Taking = 'taken' | 'repeat' | 'bad' | 'low' | 'busy'

export interface InletCounters {
  taken: number
  bad: number
  repeats: number
  busy: number
}

export class Inlet {
  readonly counters: InletCounters = { taken: 0, bad: 0, repeats: 0, busy: 0 }
  readonly #window: number
  readonly #world: InletWorld
  readonly #gathered = Buffer.allocUnsafe(GATHERED_BYTES)
  #bytes = 0
  #numbers = new BatchNumbers()
  readonly #settlement = new Settlement()
  #positions = false
  /** The highest number that this process has sent. */
  #sent = 0
  /** The first position that was refused: until it comes again, none above is taken, as it could not come any more. */
  #refused = Infinity
  #told = 0

  constructor(window: number, world: InletWorld) {
    this.#window = window
    this.#world = world
  }

  /** The highest lasting position taken in this run. */
  get received(): number {
    return this.#world.received()
  }

  /** Whether a record that is not taken comes again, under its own number. */
  get hasPositions(): boolean {
    return this.#positions
  }

  /** As many records are unsettled as may be. */
  get isFull(): boolean {
    return this.#settlement.unsettled + this.#numbers.records >= this.#window
  }

  /** There is room for many again. */
  get hasRoom(): boolean {
    return this.#settlement.unsettled <= this.#window / 2
  }

  get unsettled(): number {
    return this.#settlement.unsettled
  }

  /** A process begins to send; `positions`: its numbers go on where those of the last one ended. */
  begin(positions: boolean): void {
    if (!positions || !this.#positions) {
      this.#settlement.forget()
      // What was taken of lasting positions before another process numbered otherwise.
      if (positions) this.#settlement.pass(this.received)
    }
    this.#positions = positions
    this.#sent = 0
    this.#told = 0
    this.#refused = Infinity
  }

  /** Takes bytes[start, end), the record with the number `n`. */
  take(n: number, bytes: Buffer, start: number, end: number, isBounded: boolean): Taking {
    if (n <= this.#sent) return 'low'
    const isRepeat = this.#positions && n <= this.received
    if (isBounded && !isRepeat && (this.isFull || n > this.#refused)) {
      if (this.#positions) this.#refused = Math.min(this.#refused, n)
      this.counters.busy++
      return 'busy'
    }
    this.#sent = n
    this.#refused = Infinity
    if (isRepeat) {
      this.counters.repeats++
      // It may have been told before it sent this, and then takes that for nothing: so it is told again.
      this.#told = Math.min(this.#told, n - 1)
      return 'repeat'
    }
    if (this.#positions) this.#world.setReceived(n)
    const kept = withoutTrailingNuls(bytes, start, end)
    if (!looksLikeRecord(bytes, start, kept)) {
      this.refuse()
      this.flush()
      this.#settlement.pass(n)
      return 'bad'
    }
    this.#gather(n, bytes, start, kept)
    return 'taken'
  }

  /** A line of more than any record may have. */
  refuse(): void {
    this.counters.bad++
  }

  /** What has been gathered joins the others. */
  flush(): void {
    if (this.#bytes === 0) return
    const lines = this.#gathered.subarray(0, this.#bytes)
    if (lines.includes(NUL)) blankOut(lines, NUL)
    const numbers = this.#numbers
    this.#bytes = 0
    this.#numbers = new BatchNumbers()
    const seq = this.#world.join(lines, numbers.records)
    this.#settlement.add(seq, numbers, this.#world.holds(seq))
  }

  /** Everything that can be is settled; returns the number to acknowledge, or 0 when there is nothing new to say. */
  settle(nowMs: number): number {
    this.#settlement.settle(nowMs)
    const to = this.#settlement.settledTo
    if (to <= this.#told) return 0
    this.#told = to
    return to
  }

  #gather(n: number, bytes: Buffer, start: number, end: number): void {
    if (this.#bytes + end - start + 1 > GATHERED_BYTES) this.flush()
    this.#bytes += bytes.copy(this.#gathered, this.#bytes, start, end)
    this.#gathered[this.#bytes++] = LF
    this.#numbers.add(n)
    this.counters.taken++
  }
}
