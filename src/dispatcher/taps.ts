// Who listens in at the control socket. Each has an outlet of the fan-out with its own selector; while there is none, nothing here
// costs anything.

import { ControlError } from '../control/control-error.js'
import type { Spring } from '../control/control-desk.js'
import { parseSelector, SelectorError, type Selector } from '../protocol/selector.js'
import type { FanOut } from './fan-out.js'
import { TapQueue } from './tap-queue.js'

export const MAX_TAPS = 8

interface Tap {
  readonly queue: TapQueue
  readonly onMore: () => void
}

export class Taps {
  readonly #fanOut: FanOut
  readonly #taps = new Set<Tap>()

  constructor(fanOut: FanOut) {
    this.#fanOut = fanOut
  }

  /** From the next record on, those that `selector` asks for. Throws ControlError. */
  open(selector: string, onMore: () => void): Spring {
    const wanted = selectorOf(selector)
    if (this.#taps.size >= MAX_TAPS) {
      throw new ControlError('busy', `${MAX_TAPS} taps are open already`, 'end one of them, then try again')
    }
    const tap = { queue: new TapQueue(), onMore }
    this.#taps.add(tap)
    this.#fanOut.add({ queue: tap.queue, selector: wanted, name: '' })
    return {
      take: (most) => tap.queue.take(most),
      close: () => {
        if (!this.#taps.delete(tap)) return
        this.#fanOut.remove(tap.queue)
        tap.queue.close()
      },
    }
  }

  /** Records have been handed on: whoever has read everything gets them. */
  turn(): void {
    for (const tap of this.#taps) if (!tap.queue.isEmpty) tap.onMore()
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
