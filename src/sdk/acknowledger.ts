// What the plugin has, what is safe with it, and what of that the dispatcher has been told.

import type { Lost } from '../protocol/line.js'

export type Acknowledging = 'batch' | 'manual' | 'never'

export class Acknowledger {
  readonly #how: Acknowledging
  readonly #say: (seq: number) => void
  readonly #isToldGaps: boolean
  /** The last seq that a handler was given. */
  #given = 0
  #acked: number
  /** A gap that nobody has to know of: it is safe as soon as all up to `after` is. */
  #silentGap = { after: 0, last: 0 }

  /** `isToldGaps`: the plugin looks at gaps, so in manual mode it acknowledges them. Below `from` all is safe. */
  constructor(how: Acknowledging, isToldGaps: boolean, from: number | undefined, say: (seq: number) => void) {
    this.#how = how
    this.#isToldGaps = isToldGaps
    this.#acked = (from ?? 1) - 1
    this.#say = say
  }

  /** Records up to `last` are about to be given to the plugin. */
  records(last: number): void {
    this.#given = last
  }

  /** A gap is about to be given to the plugin. */
  gap({ last }: Lost): void {
    if (this.#how === 'manual' && !this.#isToldGaps) {
      const isNext = this.#silentGap.last === this.#given
      this.#silentGap = { after: isNext ? this.#silentGap.after : this.#given, last }
    }
    this.#given = Math.max(this.#given, last)
    if (this.#silentGap.after <= this.#acked) this.#advance(this.#silentGap.last)
  }

  /** The plugin is done with all that it was given, or with all up to seq. */
  done(seq = this.#given): void {
    if (this.#how === 'batch') this.#advance(seq)
  }

  /** The plugin says so itself. */
  ack(seq: number): void {
    if (this.#how !== 'manual') throw new TypeError("ack() is there only with acknowledge: 'manual'")
    if (!Number.isSafeInteger(seq) || seq < 1 || seq > this.#given) {
      throw new RangeError(`ack(${seq}): the last record that was handed over is ${this.#given}`)
    }
    this.#advance(seq >= this.#silentGap.after ? Math.max(seq, this.#silentGap.last) : seq)
  }

  #advance(seq: number): void {
    if (seq <= this.#acked) return
    this.#acked = seq
    this.#say(seq)
  }
}
