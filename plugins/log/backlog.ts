// For a dispatcher that keeps nothing back, as auditd: what cannot be written waits here, and what does not fit is counted and told.
// Reading must go on: one plugin that does not read holds up all that auditd gives to any.

import type { RecordLines } from '../../src/sdk/index.js'
import type { Tell } from './sink.js'

/** Lines that wait. Beyond it the newest are dropped while nothing can be written, and are not taken while it can. */
export const MAX_HELD_BYTES = 16 * 1024 * 1024

export interface BacklogHost {
  isWell(): boolean
  put(lines: RecordLines): Promise<boolean>
  readonly log: Tell
}

export class Backlog {
  readonly #host: BacklogHost
  readonly #maxBytes: number
  #held: RecordLines[] = []
  #heldBytes = 0
  #dropped = 0
  #pumping: Promise<void> | undefined

  constructor(host: BacklogHost, maxBytes = MAX_HELD_BYTES) {
    this.#host = host
    this.#maxBytes = maxBytes
  }

  async add(lines: RecordLines): Promise<void> {
    if (this.#heldBytes + lines.bytes.length > this.#maxBytes) {
      if (this.#host.isWell()) await this.#pumping
      else {
        if (this.#dropped === 0)
          this.#host.log('error', 'records are dropped, as nothing can be written and nobody else keeps them')
        this.#dropped += lines.count
        return
      }
    }
    this.#held.push(lines)
    this.#heldBytes += lines.bytes.length
    this.#pumping ??= this.#pump().finally(() => {
      this.#pumping = undefined
    })
  }

  /** Resolves when all that was taken is written, or was given up at the end. */
  async drained(): Promise<void> {
    await this.#pumping
  }

  async #pump(): Promise<void> {
    for (let lines = this.#held.shift(); lines !== undefined; lines = this.#held.shift()) {
      const isWritten = await this.#host.put(lines)
      this.#heldBytes -= lines.bytes.length
      if (!isWritten) this.#dropped += lines.count
      else this.#tellDropped()
    }
    this.#tellDropped()
  }

  #tellDropped(): void {
    if (this.#dropped === 0) return
    this.#host.log('error', 'records were dropped, as nothing could be written', { records: this.#dropped })
    this.#dropped = 0
  }
}
