// What was given and is not in the log yet. The handlers of the plugin never wait for the disk, so that a reload, which may say what is to
// be done about a full one, is heard meanwhile. A dispatcher that keeps what is not acknowledged gives no more than its window. Under
// auditd, which keeps nothing, reading must go on while nothing can be written: one plugin that does not read holds up all that auditd
// gives to any. So there what does not fit here is dropped, counted and told.

import type { RecordLines } from '../../src/sdk/index.js'
import type { Tell } from './sink.js'

/** Lines that wait. */
export const MAX_HELD_BYTES = 16 * 1024 * 1024

/** A gap has no lines: all up to its last is done with when it is its turn. */
export type Waiting =
  | { readonly kind: 'lines'; readonly lines: RecordLines }
  | { readonly kind: 'gap'; readonly last: number }

export interface BacklogHost {
  /** What becomes of what does not fit: who gives it waits, or, while nothing can be written, it is dropped. */
  readonly atBound: 'wait' | 'drop'
  isWell(): boolean
  /** False: it was given up. */
  put(waiting: Waiting): Promise<boolean>
  /** All up to seq is in the log. */
  done(seq: number): void
  /** A bug: nothing is written any more. */
  failed(error: unknown): void
  readonly log: Tell
}

export class Backlog {
  readonly #host: BacklogHost
  readonly #maxBytes: number
  #held: Waiting[] = []
  #heldBytes = 0
  #dropped = 0
  #pumping: Promise<void> | undefined
  /** Whoever waits for room here. */
  #waiters: (() => void)[] = []

  constructor(host: BacklogHost, maxBytes = MAX_HELD_BYTES) {
    this.#host = host
    this.#maxBytes = maxBytes
  }

  /** Resolves when the next may be given. */
  async add(waiting: Waiting): Promise<void> {
    const bytes = bytesOf(waiting)
    while (this.#heldBytes > 0 && this.#heldBytes + bytes > this.#maxBytes) {
      if (this.#host.atBound === 'drop' && !this.#host.isWell()) {
        this.#drop(waiting)
        return
      }
      await new Promise<void>((resolve) => this.#waiters.push(resolve))
    }
    this.#held.push(waiting)
    this.#heldBytes += bytes
    this.#pumping ??= this.#pump()
  }

  /** There is room, or nothing can be written any more: whoever waits looks again. */
  lookAgain(): void {
    const waiters = this.#waiters
    this.#waiters = []
    for (const wake of waiters) wake()
  }

  /** Resolves when all that was taken is written, or was given up at the end. */
  async drained(): Promise<void> {
    await this.#pumping
  }

  async #pump(): Promise<void> {
    try {
      for (let waiting = this.#held.shift(); waiting !== undefined; waiting = this.#held.shift())
        await this.#write(waiting)
      this.#tellDropped()
    } catch (error) {
      this.#host.failed(error)
    }
    this.#pumping = undefined
  }

  async #write(waiting: Waiting): Promise<void> {
    const isDone = await this.#host.put(waiting)
    this.#heldBytes -= bytesOf(waiting)
    this.lookAgain()
    if (!isDone) {
      this.#giveUp(waiting)
      return
    }
    this.#tellDropped()
    this.#host.done(waiting.kind === 'lines' ? waiting.lines.last : waiting.last)
  }

  #drop(waiting: Waiting): void {
    if (waiting.kind === 'gap') return
    if (this.#dropped === 0)
      this.#host.log('error', 'records are dropped, as nothing can be written and nobody else keeps them')
    this.#dropped += waiting.lines.count
  }

  /** At the end. A dispatcher that keeps them gives them to the next process. */
  #giveUp(waiting: Waiting): void {
    if (this.#host.atBound === 'drop' && waiting.kind === 'lines') this.#dropped += waiting.lines.count
  }

  #tellDropped(): void {
    if (this.#dropped === 0) return
    this.#host.log('error', 'records were dropped, as nothing could be written', { records: this.#dropped })
    this.#dropped = 0
  }
}

function bytesOf(waiting: Waiting): number {
  return waiting.kind === 'lines' ? waiting.lines.bytes.length : 0
}
