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

  /** A copy of the next bytes, at least one span and about `most`; undefined when nothing waits. */
  take(most: number): Buffer | undefined {
    // Whoever has taken everything else is to be told of what is missing behind it at once.
    if (this.#items.length === 0) this.#noteLost()
    const parts: Buffer[] = []
    for (let bytes = 0; bytes < most;) {
      const item = this.#items.shift()
      if (item === undefined) break
      const part = this.#bytesOf(item)
      parts.push(part)
      bytes += part.length
    }
    return parts.length === 0 ? undefined : Buffer.concat(parts)
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

  #bytesOf(item: Item): Buffer {
    switch (item.kind) {
      case 'lost':
        return Buffer.from(`${JSON.stringify({ lost: item.records })}\n`)
      case 'records': {
        const { segment, start, end } = item
        const copy = Buffer.from(segment.bytes.subarray(start, end))
        segment.release()
        this.#bytes -= end - start
        return copy
      }
      default:
        return item satisfies never
    }
  }
}
