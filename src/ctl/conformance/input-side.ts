// The records that a plugin sends in one process, and how they are settled.

import { looksLikeRecord } from './record-look.js'
import { DIRECTION, INPUT_LOOKS, INPUT_RISES, INPUT_WINDOW } from './rules.js'
import type { Stage } from './stage.js'
import { printable } from './transcript.js'

/** So many are kept to be compared; a source may be endless. */
const MAX_KEPT = 4096

export class InputSide {
  readonly #stage: Stage
  readonly #inWindow: number
  readonly #kept = new Map<number, Buffer>()
  #count = 0
  #highest = 0
  #unsettled = 0
  #mustStartAtOne = true
  /** Whether what comes is settled at once. */
  isSettling = true

  constructor(stage: Stage, inWindow: number) {
    this.#stage = stage
    this.#inWindow = inWindow
  }

  /** With `positions`, n goes on where an earlier process ended. */
  hasPositions(): void {
    this.#mustStartAtOne = false
  }

  get count(): number {
    return this.#count
  }

  /** The highest n that came. */
  get highest(): number {
    return this.#highest
  }

  /** What came, by n. */
  get kept(): ReadonlyMap<number, Buffer> {
    return this.#kept
  }

  take(n: number, record: Buffer): void {
    const { direction, facts } = this.#stage.examinee
    if (direction === 'out') this.#stage.violated(DIRECTION.name, 'no RECORD from the plugin', `RECORD ${n}`)
    this.#judgeNumber(n)
    if (!looksLikeRecord(record)) {
      const expected = '`[node=… ]type=NAME msg=audit(sec.msec:serial): …`'
      this.#stage.violated(INPUT_LOOKS.name, expected, `RECORD ${n} ${printable(record)}`)
    }
    this.#highest = Math.max(this.#highest, n)
    this.#count++
    facts.mostRecords = Math.max(facts.mostRecords, this.#count)
    if (this.#kept.size < MAX_KEPT) this.#kept.set(n, record)
    if (++this.#unsettled > this.#inWindow && direction !== 'in') {
      const expected = `at most ${this.#inWindow} records that are not settled, as HELLO says`
      this.#stage.violated(INPUT_WINDOW.name, expected, `${this.#unsettled} of them`)
    }
  }

  /** The line that settles all that came, if there is something to settle. */
  settlement(): string | undefined {
    return this.isSettling && this.#unsettled > 0 ? this.settleAll() : undefined
  }

  /** Settles all that came, from now on as it comes. */
  settleAll(): string {
    this.isSettling = true
    this.#unsettled = 0
    return `ACK ${this.#highest}\n`
  }

  #judgeNumber(n: number): void {
    if (this.#count === 0 && this.#mustStartAtOne && n !== 1) {
      this.#stage.violated(INPUT_RISES.name, 'RECORD 1 first, as READY came without `positions`', `RECORD ${n}`)
    } else if (this.#count > 0 && n <= this.#highest) {
      this.#stage.violated(INPUT_RISES.name, `an n above ${this.#highest}`, `RECORD ${n}`)
    }
  }
}
