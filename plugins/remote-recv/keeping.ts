// How long the journal keeps what was handed over, and when it begins a new file.

import { FileError } from '../../src/journal/file-port.js'
import type { JournalStore } from '../../src/journal/journal-store.js'
import { freeUpTo } from '../../src/journal/retention.js'
import { Calendar } from '../../src/remote/calendar.js'
import type { Clock } from '../../src/remote/ports.js'
import type { Voice } from '../../src/remote/voice.js'

const LOOK_MS = 10_000

export interface KeepingLimits {
  /** What was handed over is kept for so long all the same: for PROBEs, and for whoever reads the files. */
  readonly keepMs: number
  /** 0: never. */
  readonly rotateEveryMs: number
}

export interface KeepingHost {
  readonly store: JournalStore
  readonly clock: Clock
  readonly voice: Pick<Voice, 'log'>
  /** All up to here is the dispatcher's. */
  settled(): number
  /** Segments are gone. */
  purged(): void
}

export class Keeping {
  readonly #host: KeepingHost
  readonly #calendar: Calendar
  #limits: KeepingLimits
  #cancel: () => void = () => {}
  #bytes = 0
  #isClosed = false

  constructor(host: KeepingHost, limits: KeepingLimits) {
    this.#host = host
    this.#calendar = new Calendar(host.clock, (aheadMs) => {
      host.voice.log('warn', 'the clock has gone forward; for a day nothing goes by its age', {
        hours: Math.round(aheadMs / 3_600_000),
      })
    })
    this.#limits = limits
    void this.#look()
  }

  /** Of all segments, as of the last look. */
  get bytes(): number {
    return this.#bytes
  }

  use(limits: KeepingLimits): void {
    this.#limits = limits
  }

  close(): void {
    this.#isClosed = true
    this.#cancel()
  }

  /** A new file from here on, unless nothing is in the current one. */
  async rotate(): Promise<void> {
    const { store, voice } = this.#host
    // A signal may come while all ends, when there is no journal to write to any more.
    if (this.#isClosed) return
    await this.#tidily(async () => {
      const isNew = await store.write(() => store.journal.rotate())
      if (isNew) voice.log('info', 'a new segment was begun', { position: store.journal.durablePosition + 1 })
    })
  }

  async #look(): Promise<void> {
    const { store, clock } = this.#host
    const { journal } = store
    await this.#tidily(async () => {
      const { rotateEveryMs, keepMs } = this.#limits
      if (rotateEveryMs > 0 && clock.wallMs() - (await store.read(journal.segmentBegunMs())) >= rotateEveryMs)
        await this.rotate()
      const held = await store.read(journal.held())
      this.#bytes = held.reduce((sum, { bytes }) => sum + bytes, 0)
      const limits = { maxBytes: Infinity, maxAgeMs: keepMs }
      const position = freeUpTo(held, this.#host.settled(), this.#calendar.nowMs(journal.streams), limits)
      if (position > 0 && (await store.write(() => journal.purge(position))) > 0) this.#host.purged()
    })
    if (this.#isClosed) return
    this.#cancel = clock.after(LOOK_MS, () => {
      void this.#look()
    })
  }

  async #tidily(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      // A disk that is full or broken is told of by the commits; this is tried again.
      if (!(error instanceof FileError)) throw error
      this.#host.voice.log('warn', 'the journal cannot be tidied; trying again', { error: error.message })
    }
  }
}
