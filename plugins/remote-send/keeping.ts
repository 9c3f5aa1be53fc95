import { FileError } from '../../src/journal/file-port.js'
import type { JournalStore } from '../../src/journal/journal-store.js'
import { freeUpTo, type RetentionLimits } from '../../src/journal/retention.js'
import { Calendar } from '../../src/remote/calendar.js'
import type { Clock } from '../../src/remote/ports.js'
import type { Level } from './uplink.js'

/** Nothing waits for it: the cursor and old segments are seen to this often. */
const SAVE_MS = 1000
/** Segments that nobody needs go by their age as well. */
const AGE_MS = 600_000

export interface KeepingHost {
  readonly store: JournalStore
  readonly clock: Clock
  log(level: Level, text: string, fields: Readonly<Record<string, string | number>>): void
  /** Segments are gone. */
  freed(): void
}

/** What the other side has: remembered, kept for a while, and freed. */
export class Keeping {
  readonly #host: KeepingHost
  readonly #calendar: Calendar
  #limits: RetentionLimits
  #timer: { readonly atMs: number; readonly cancel: () => void } | undefined
  #isClosed = false

  constructor(host: KeepingHost, limits: RetentionLimits) {
    this.#host = host
    this.#calendar = new Calendar(host.clock, (aheadMs) => {
      host.log('warn', 'the clock has gone forward; for a day nothing goes by its age', {
        hours: Math.round(aheadMs / 3_600_000),
      })
    })
    this.#limits = limits
    this.#in(AGE_MS)
  }

  use(limits: RetentionLimits): void {
    this.#limits = limits
    this.#in(0)
  }

  /** It may go back: then the other side has lost something, and what is still here is kept for it. */
  acked(seq: number, chain: Buffer): void {
    this.#host.store.journal.acknowledge({ seq, chain })
    this.#in(SAVE_MS)
  }

  close(): void {
    this.#isClosed = true
    this.#timer?.cancel()
  }

  #in(ms: number): void {
    const atMs = this.#host.clock.monotonicMs() + ms
    if (this.#isClosed || (this.#timer !== undefined && this.#timer.atMs <= atMs)) return
    this.#timer?.cancel()
    const cancel = this.#host.clock.after(ms, () => {
      this.#timer = undefined
      void this.#see()
    })
    this.#timer = { atMs, cancel }
  }

  async #see(): Promise<void> {
    const { store } = this.#host
    const { journal } = store
    try {
      await store.write(() => journal.saveCursor())
      const segments = await store.read(journal.held())
      const position = freeUpTo(segments, journal.acked.seq, this.#calendar.nowMs(journal.streams), this.#limits)
      if (position > 0 && (await store.write(() => journal.purge(position))) > 0) this.#host.freed()
    } catch (error) {
      if (!(error instanceof FileError)) throw error
      // The spool's own commits tell of a disk that is broken; this loses nothing.
      this.#host.log('warn', 'the spool cannot be tidied; trying again', { error: error.message })
    }
    this.#in(AGE_MS)
  }
}
