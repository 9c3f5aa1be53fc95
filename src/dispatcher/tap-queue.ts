// What waits for one who listens in at the control socket: records as a string plugin gets them, and in their places lines that
// say how many are missing. It is no plugin's queue: nothing is told of its losses but to itself, and no ledger has it.
//
// Bound: so many bytes wait at most; then what comes is dropped and counted, until half of that has been taken.

import { STRING } from './format.js'
import { emptyLedger } from './ledger.js'
import type { Outbox } from './outbox.js'
import type { Segment } from './segment.js'

export const MAX_TAP_BYTES = 4 * 1024 * 1024
const RECOVERED_BYTES = MAX_TAP_BYTES / 2

type Item =
  | { readonly kind: 'records'; readonly segment: Segment; start: number; end: number }
  | { readonly kind: 'lost'; readonly records: number }

export class TapQueue implements Outbox {
  readonly format = STRING
  readonly ledger = emptyLedger()
  readonly blocks = false
  readonly unblocks = true
  #items: Item[] = []
  #taken: Buffer = Buffer.alloc(0)
  #bytes = 0
  /** Dropped since the last that was taken; while there are any, more are, until there is room again. */
  #lost = 0

  get isEmpty(): boolean {
    return this.#items.length === 0 && this.#lost === 0
  }

  get heldBytes(): number {
    return this.#bytes
  }

  get flow(): 'open' | 'losing' {
    return this.#lost > 0 ? 'losing' : 'open'
  }

  setLimits(): void {}

  offer(segment: Segment, start: number, end: number, records: number): void {
    const mayHold = this.#lost > 0 ? RECOVERED_BYTES : MAX_TAP_BYTES
    if (this.#bytes + end - start > mayHold) {
      this.#lost += records
      return
    }
    this.#noteLost()
    this.#bytes += end - start
    const last = this.#items.at(-1)
    if (last?.kind === 'records' && last.segment === segment && last.end === start) {
      last.end = end
      return
    }
    segment.hold()
    this.#items.push({ kind: 'records', segment, start, end })
  }

  /** Nothing is offered to it alone. */
  offerAlone(): void {}

  /** No record is too long for a string plugin. */
  dropTooLong(): void {}

  noteGap(): void {}

  /**
   * The next bytes, at least one span and otherwise at most `most`; undefined when nothing waits. Valid until the next call: they
   * are copied once, and always to the same place, as fresh memory is dearer than the copying.
   */
  take(most: number): Buffer | undefined {
    // Whoever has taken everything else is to be told of what is missing behind it at once.
    if (this.#items.length === 0) this.#noteLost()
    const [first] = this.#items
    if (first === undefined) return undefined
    const room = Math.max(most, sizeOf(first))
    if (this.#taken.length < room) this.#taken = Buffer.allocUnsafeSlow(room)
    let to = 0
    let count = 0
    for (const item of this.#items) {
      if (count > 0 && to + sizeOf(item) > most) break
      to += this.#copy(item, to)
      count++
    }
    this.#items.splice(0, count)
    return this.#taken.subarray(0, to)
  }

  next(): undefined {}

  handOver(): Buffer {
    return Buffer.alloc(0)
  }

  wrote(): void {}

  takeBack(): number {
    return 0
  }

  resume(): void {}

  shut(): number {
    return 0
  }

  reopen(): number {
    return 0
  }

  close(): void {
    for (const item of this.#items) if (item.kind === 'records') item.segment.release()
    this.#items = []
    this.#bytes = 0
  }

  /** What little it may pin is in its bound: spans of one segment stand side by side. */
  settle(): void {}

  #noteLost(): void {
    if (this.#lost > 0) this.#items.push({ kind: 'lost', records: this.#lost })
    this.#lost = 0
  }

  /** Returns how many bytes it has copied. */
  #copy(item: Item, at: number): number {
    switch (item.kind) {
      case 'lost':
        return this.#taken.write(noteOf(item.records), at, 'latin1')
      case 'records': {
        const { segment, start, end } = item
        segment.bytes.copy(this.#taken, at, start, end)
        segment.release()
        this.#bytes -= end - start
        return end - start
      }
      default:
        return item satisfies never
    }
  }
}

function sizeOf(item: Item): number {
  return item.kind === 'records' ? item.end - item.start : noteOf(item.records).length
}

function noteOf(records: number): string {
  return `${JSON.stringify({ lost: records })}\n`
}
