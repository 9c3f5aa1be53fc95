// From a plugin's outbox into its stdin: at once as far as it goes, and the rest when there is room again.

import type { Clock } from './clock.js'
import { PIECE_BYTES } from './fifo.js'
import type { Outbox } from './outbox.js'
import type { PluginProcess } from './plugin-process.js'

/** Bytes written to one plugin in one go, before the others and the input have their turn again. */
const BURST_BYTES = 512 * 1024

/** Where the bytes come from. */
export type Source = Pick<Outbox, 'next' | 'handOver' | 'wrote'>

/** Where the bytes go. */
export type Drain = Pick<PluginProcess, 'write' | 'writeLater'>

export class Outflow {
  readonly #outbox: Source
  readonly #clock: Clock
  readonly #onRoom: () => void
  #process: Drain | undefined
  #waitsForRoom = false
  #progressMs = 0

  /** `onRoom`: something has been written after a wait. */
  constructor(outbox: Source, clock: Clock, onRoom: () => void) {
    this.#outbox = outbox
    this.#clock = clock
    this.#onRoom = onRoom
  }

  begin(process: Drain): void {
    this.#process = process
    this.#waitsForRoom = false
    this.#progressMs = this.#clock.nowMs()
  }

  /** Nothing is written any more. */
  end(): void {
    this.#process = undefined
    this.#waitsForRoom = false
  }

  /** How long the plugin has taken nothing although something waits, in ms. */
  get stuckMs(): number {
    return this.#waitsForRoom ? this.#clock.nowMs() - this.#progressMs : 0
  }

  /** Writes what waits, as far as the plugin takes it now. */
  pump(): void {
    const process = this.#process
    if (process === undefined || this.#waitsForRoom) return
    let burst = 0
    for (let run = this.#outbox.next(); run !== undefined; run = this.#outbox.next()) {
      const wanted = Math.min(run.end - run.start, BURST_BYTES)
      const count = process.write(run.segment.bytes, run.start, run.start + wanted)
      this.#wrote(count)
      if (count < wanted || (burst += count) >= BURST_BYTES) return this.#pumpLater(process)
    }
  }

  #wrote(count: number): void {
    if (count === 0) return
    this.#outbox.wrote(count)
    this.#progressMs = this.#clock.nowMs()
  }

  #pumpLater(process: Drain): void {
    const piece = this.#outbox.handOver(PIECE_BYTES)
    if (piece.length === 0) return
    this.#waitsForRoom = true
    process.writeLater(piece, () => {
      if (this.#process !== process) return
      this.#waitsForRoom = false
      this.#wrote(piece.length)
      this.pump()
      this.#onRoom()
    })
  }
}
