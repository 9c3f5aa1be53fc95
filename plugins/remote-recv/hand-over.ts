// The journal is the queue to the local dispatcher: records go from it in its order, each with its position as its number, and the
// cursor follows what the dispatcher has settled. So a death of this process repeats nothing that the same dispatcher has taken; one of
// the dispatcher repeats what was not settled, and what was settled since the cursor was saved last.

import { CHAIN_BYTES } from '../../src/journal/block.js'
import type { JournalStore } from '../../src/journal/journal-store.js'
import { FileError } from '../../src/journal/file-port.js'
import type { Clock } from '../../src/remote/ports.js'
import { Hauler, type Haul } from './haul.js'

/** The cursor is saved so long after it has moved. */
const SAVE_MS = 200
/** A journal that cannot be read is tried again. */
const RETRY_MS = 5000
const NO_CHAIN = Buffer.alloc(CHAIN_BYTES)

/** The dispatcher, as far as records go there. */
export interface Downstream {
  /** Whole lines, numbered from `n` on; resolves when they are on their way. */
  sendLines(lines: Buffer, n: number): Promise<number>
}

export interface HandOverHost {
  readonly store: JournalStore
  readonly clock: Clock
  /** How far the numbers of the dispatcher are ahead of positions, once they are known that are settled. See numbering.ts. */
  aheadOf(settled: number): number
  /** Records that were durable and cannot be read, told each time that they are passed by. */
  damaged(segment: string, first: number, last: number): void
  /** A line about a loss that had no place in the order. */
  unplaced(line: Buffer): void
  /** The cursor cannot be saved, or the journal not be read; tried again. */
  failed(what: 'cursor' | 'read', text: string): void
}

type Saving =
  | { readonly kind: 'idle' }
  | { readonly kind: 'due'; readonly cancel: () => void }
  | { readonly kind: 'busy' }

export class HandOver {
  readonly #host: HandOverHost
  readonly #ahead: number
  #settled: number
  #saved: number
  #sent: number
  #saving: Saving = { kind: 'idle' }
  /** Told of so far: what is read meanwhile may be older than the last of them. */
  #commits = 0
  #wake: () => void = () => {}

  constructor(host: HandOverHost) {
    const { acked, durablePosition } = host.store.journal
    this.#host = host
    // A cursor beyond the end is that of a journal that was longer once.
    this.#settled = Math.min(acked.seq, durablePosition)
    this.#ahead = host.aheadOf(this.#settled)
    this.#saved = this.#settled
    this.#sent = this.#settled
  }

  /** All up to here is the dispatcher's. */
  get settled(): number {
    return this.#settled
  }

  get sent(): number {
    return this.#sent
  }

  /** Until it is aborted. Rejects if the dispatcher takes nothing more. */
  async run(downstream: Downstream, stopping: AbortSignal): Promise<void> {
    const { store } = this.#host
    let hauler = new Hauler(store.journal.reader(this.#sent + 1), this.#sent + 1)
    stopping.addEventListener('abort', () => {
      this.#wake()
    })
    while (!stopping.aborted) {
      const commits = this.#commits
      const haul = await this.#read(hauler)
      for (const { position, lines } of haul?.pieces ?? [])
        this.#sent = (await downstream.sendLines(lines, position + this.#ahead)) - this.#ahead
      if (haul === undefined) {
        await this.#pause(RETRY_MS, stopping)
        // What it had read before the error was not handed over.
        hauler = new Hauler(store.journal.reader(this.#sent + 1), this.#sent + 1)
      } else if (haul.isAll && commits === this.#commits) {
        await this.#pause(Infinity, stopping)
      }
    }
  }

  /** More is durable. */
  durable(): void {
    this.#commits++
    this.#wake()
  }

  /** The dispatcher has settled all up to n. */
  settle(n: number): void {
    this.#settled = Math.max(this.#settled, Math.min(n - this.#ahead, this.#host.store.journal.durablePosition))
    if (this.#settled > this.#saved && this.#saving.kind === 'idle') this.#saveLater()
  }

  /** Saves what is settled, for the last time. */
  async close(): Promise<void> {
    if (this.#saving.kind === 'due') this.#saving.cancel()
    this.#saving = { kind: 'busy' }
    if (this.#settled > this.#saved) await this.#save()
  }

  async #read(hauler: Hauler): Promise<Haul | undefined> {
    try {
      const haul = await this.#host.store.read(hauler.haul())
      for (const { segment, entry } of haul.damages) {
        const first = entry?.position ?? 0
        this.#host.damaged(String(segment.firstSeq), first, first === 0 ? 0 : first + (entry?.block.lines ?? 1) - 1)
      }
      for (const line of haul.unplaced) this.#host.unplaced(line)
      return haul
    } catch (error) {
      if (!(error instanceof FileError)) throw error
      this.#host.failed('read', error.message)
      return undefined
    }
  }

  async #pause(ms: number, stopping: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancel = ms === Infinity ? () => {} : this.#host.clock.after(ms, resolve)
      this.#wake = () => {
        cancel()
        resolve()
      }
      if (stopping.aborted) this.#wake()
    })
  }

  #saveLater(): void {
    const cancel = this.#host.clock.after(SAVE_MS, () => {
      this.#saving = { kind: 'busy' }
      void this.#saveAndGoOn()
    })
    this.#saving = { kind: 'due', cancel }
  }

  async #saveAndGoOn(): Promise<void> {
    await this.#save()
    this.#saving = { kind: 'idle' }
    if (this.#settled > this.#saved) this.#saveLater()
  }

  async #save(): Promise<void> {
    const { store } = this.#host
    const seq = this.#settled
    store.journal.acknowledge({ seq, chain: NO_CHAIN })
    try {
      await store.write(() => store.journal.saveCursor())
    } catch (error) {
      if (!(error instanceof FileError)) throw error
      // The next time will do.
      this.#host.failed('cursor', error.message)
    }
    this.#saved = seq
  }
}
