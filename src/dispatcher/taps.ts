// Who listens in at the control socket. Each has an outlet of the fan-out with its own selector; while there is none, nothing here
// costs anything.

import { ControlError } from '../control/control-error.js'
import type { Spring } from '../control/control-desk.js'
import { parseSelector, SelectorError, type Selector } from '../protocol/selector.js'
import type { Clock } from './clock.js'
import type { FanOut } from './fan-out.js'
import { TapQueue } from './tap-queue.js'

export const MAX_TAPS = 8
/** Records gather for so long: written one by one to whoever looks on, they would cost more than all the plugins. */
const GATHER_MS = 25
/** So much goes at once, however early. */
const ENOUGH_BYTES = 256 * 1024

interface Tap {
  readonly queue: TapQueue
  readonly onMore: () => void
  /** When something was taken last. */
  takenMs: number
  /** Ends the wait for what gathers. */
  cancelWait: (() => void) | undefined
}

export class Taps {
  readonly #fanOut: FanOut
  readonly #clock: Pick<Clock, 'nowMs' | 'after'>
  readonly #taps = new Set<Tap>()

  constructor(fanOut: FanOut, clock: Pick<Clock, 'nowMs' | 'after'>) {
    this.#fanOut = fanOut
    this.#clock = clock
  }

  /** From the next record on, those that `selector` asks for. Throws ControlError. */
  open(selector: string, onMore: () => void): Spring {
    const wanted = selectorOf(selector)
    if (this.#taps.size >= MAX_TAPS) {
      throw new ControlError('busy', `${MAX_TAPS} taps are open already`, 'end one of them, then try again')
    }
    const tap: Tap = { queue: new TapQueue(), onMore, takenMs: -Infinity, cancelWait: undefined }
    this.#taps.add(tap)
    this.#fanOut.add({ queue: tap.queue, selector: wanted, name: '' })
    return {
      take: (most) => this.#take(tap, most),
      close: () => {
        if (!this.#taps.delete(tap)) return
        tap.cancelWait?.()
        this.#fanOut.remove(tap.queue)
        tap.queue.close()
      },
    }
  }

  /** Records have been handed on: whoever has read everything gets them. */
  turn(): void {
    for (const tap of this.#taps) {
      // Asked each turn, so the clock is left alone while a wait is under way.
      if (tap.queue.isEmpty || (tap.cancelWait !== undefined && tap.queue.heldBytes < ENOUGH_BYTES)) continue
      if (this.#isDue(tap)) tap.onMore()
      else this.#wait(tap)
    }
  }

  #take(tap: Tap, most: number): Buffer | undefined {
    if (tap.queue.isEmpty) return undefined
    if (!this.#isDue(tap)) {
      this.#wait(tap)
      return undefined
    }
    tap.cancelWait?.()
    tap.cancelWait = undefined
    tap.takenMs = this.#clock.nowMs()
    return tap.queue.take(most)
  }

  #isDue({ queue, takenMs }: Tap): boolean {
    return queue.heldBytes >= ENOUGH_BYTES || this.#clock.nowMs() - takenMs >= GATHER_MS
  }

  #wait(tap: Tap): void {
    tap.cancelWait ??= this.#clock.after(GATHER_MS, () => {
      tap.cancelWait = undefined
      if (this.#taps.has(tap)) tap.onMore()
    })
  }
}

/** Undefined is everything. */
function selectorOf(text: string): Selector | undefined {
  if (text === '') return undefined
  try {
    return parseSelector(text)
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error
    throw new ControlError('usage', error.message, "as in a drop-in's subscribe: see audispd.d(5)", { cause: error })
  }
}
