// The dispatcher behind the collector of the simulator, as audispd takes records by their positions: one that it has in this run is only
// acknowledged. It outlives the collector's processes, unless the power fails.

import type { Downstream } from '../../plugins/remote-recv/hand-over.js'
import type { Random } from '../protocol/random.js'
import type { StoodBlock } from './journal-reading.js'
import type { VirtualTime } from './virtual-time.js'

/** Unsettled records at most. */
const WINDOW = 256

export class SimConsumer {
  /** The highest position of this run. */
  received = 0
  settled = 0
  readonly violations: string[] = []
  /** Position by position, over all runs on the same journal. */
  #has = new Map<number, string>()
  /** Where the journal was handed over from when it was put here. */
  #from: number | undefined
  readonly #time: VirtualTime
  readonly #random: Random
  #waiting: (() => void)[] = []

  constructor(time: VirtualTime, random: Random) {
    this.#time = time
    this.#random = random
  }

  /** A new process of the collector hands over from behind `settled`. */
  downstream(settled: number, isAlive: () => boolean, settle: (n: number) => void): Downstream {
    this.#from ??= settled + 1
    this.#waiting = []
    return {
      sendLines: async (lines, n) => {
        const texts = lines.toString('latin1').split('\n').slice(0, -1)
        for (const [index, text] of texts.entries()) this.#take(n + index, text)
        const last = n + texts.length - 1
        this.#time.after(this.#random.below(this.#random.oneOf([5, 200])), () => {
          this.settled = Math.max(this.settled, last)
          for (const go of this.#waiting.splice(0)) go()
          if (isAlive()) settle(last)
        })
        if (last - this.settled > WINDOW)
          await new Promise<void>((resolve) => {
            this.#waiting.push(resolve)
          })
        return last
      },
    }
  }

  /** It is another run: what it was given before may come again. */
  restart(): void {
    this.received = 0
    this.settled = 0
    this.#waiting = []
  }

  /** The journal is another one. */
  forget(): void {
    this.restart()
    this.#has = new Map()
    this.#from = undefined
  }

  hasAll(lastPosition: number): boolean {
    return this.received >= lastPosition || this.#has.has(lastPosition)
  }

  /** Everything that stands in the journal, from where it was begun to be handed over. */
  judge(blocks: readonly StoodBlock[]): readonly string[] {
    const from = this.#from ?? 1
    for (const { position, lines } of blocks) {
      for (const [index, text] of lines.entries()) {
        const at = position + index
        if (at >= from && this.#has.get(at) !== text)
          this.violations.push(`the consumer has at ${at} ${this.#has.get(at) ?? 'nothing'} instead of ${text}`)
      }
    }
    return this.violations.slice(0, 3)
  }

  #take(position: number, text: string): void {
    if (position <= this.received) return
    this.received = position
    const known = this.#has.get(position)
    if (known !== undefined && known !== text)
      this.violations.push(`the consumer got ${position} as ${known} and as ${text}`)
    this.#has.set(position, text)
  }
}
