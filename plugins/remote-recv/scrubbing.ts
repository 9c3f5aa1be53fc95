// The whole journal is read again now and then, slowly, beside all other work: what a disk has changed is better known while a backup, or
// the sender, may still have it.

import { FileError } from '../../src/journal/file-port.js'
import { HARMLESS, type Finding, type Verification } from '../../src/journal/judge.js'
import type { JournalStore } from '../../src/journal/journal-store.js'
import { Scrub } from '../../src/journal/verify.js'
import type { Clock } from '../../src/remote/ports.js'
import type { Voice } from './voice.js'

/** Read at once, and the pause behind that: some 10 MiB a second. */
const STEP_BYTES = 512 * 1024
const PAUSE_MS = 50
/** Of the findings so many are told one by one. */
const MAX_TOLD = 5

export interface ScrubbingHost {
  readonly store: JournalStore
  readonly clock: Clock
  readonly voice: Pick<Voice, 'log'>
}

export class Scrubbing {
  readonly #host: ScrubbingHost
  #everyMs = 0
  #cancel: () => void = () => {}
  #isClosed = false

  constructor(host: ScrubbingHost) {
    this.#host = host
  }

  /** 0: never. The first time is after so long; a change begins it anew. */
  use(everyMs: number): void {
    if (this.#isClosed || everyMs === this.#everyMs) return
    this.#everyMs = everyMs
    this.#cancel()
    if (everyMs > 0) this.#in(everyMs, () => this.#begin())
  }

  close(): void {
    this.#isClosed = true
    this.#cancel()
  }

  async #begin(): Promise<void> {
    const { store } = this.#host
    const scrub = new Scrub(await store.read(store.journal.stretches(1)))
    this.#in(0, () => this.#step(scrub))
  }

  async #step(scrub: Scrub): Promise<void> {
    const verification = await this.#host.store.read(scrub.step(STEP_BYTES))
    if (verification === undefined) {
      this.#in(PAUSE_MS, () => this.#step(scrub))
      return
    }
    this.#tell(verification)
    this.#in(this.#everyMs, () => this.#begin())
  }

  #in(ms: number, call: () => Promise<void>): void {
    if (this.#isClosed) return
    this.#cancel = this.#host.clock.after(ms, () => {
      void this.#unlessBroken(call)
    })
  }

  async #unlessBroken(call: () => Promise<void>): Promise<void> {
    try {
      await call()
    } catch (error) {
      // A segment that cannot be read at all: the next time it may be, or somebody will have looked.
      if (!(error instanceof FileError)) throw error
      this.#host.voice.log('error', 'the journal cannot be verified', { error: error.message })
      this.#in(this.#everyMs, () => this.#begin())
    }
  }

  #tell({ segments, lines, findings }: Verification): void {
    const { log } = this.#host.voice
    const bad = findings.filter(isDamage)
    if (bad.length === 0) log('info', 'the journal was verified: all is as it was written', { segments, lines })
    else
      log('error', 'the journal was verified: something is not as it was written', {
        segments,
        lines,
        places: bad.length,
      })
    for (const { kind, segment, principal, stream, first, last, detail } of bad.slice(0, MAX_TOLD))
      log('error', 'damage in the journal', { kind, segment, principal, stream, first, last, detail })
  }
}

/** A HOLE or a LOSS is no news: it was told when it was entered. */
function isDamage({ kind }: Finding): boolean {
  return !HARMLESS.has(kind) && kind !== 'hole' && kind !== 'loss'
}
