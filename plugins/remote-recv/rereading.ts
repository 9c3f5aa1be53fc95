// The whole journal is read again now and then, slowly and beside everything else, so that what a disk has forgotten is found while
// senders may still have it, and not when somebody needs it.

import { FileError } from '../../src/journal/file-port.js'
import type { JournalStore } from '../../src/journal/journal-store.js'
import { HARMLESS, type Verification } from '../../src/journal/judge.js'
import { Scrub } from '../../src/journal/verify.js'
import type { Clock } from '../../src/remote/ports.js'
import type { Voice } from '../../src/remote/voice.js'

/** Read at once, and then others have their turn: some 10 MB a second at most. */
const STEP_BYTES = 1024 * 1024
const PAUSE_MS = 100
/** Entered when they came about, and told then. */
const KNOWN = new Set(['hole', 'loss'])

export interface RereadingHost {
  readonly store: JournalStore
  readonly clock: Clock
  readonly voice: Pick<Voice, 'log'>
}

export class Rereading {
  readonly #host: RereadingHost
  #everyMs: number
  #scrub: Scrub | undefined
  #cancel: () => void = () => {}
  #isClosed = false

  /** It begins so long after the start, and again so long after its end; 0: never. */
  constructor(host: RereadingHost, everyMs: number) {
    this.#host = host
    this.#everyMs = everyMs
    this.#wait()
  }

  use(everyMs: number): void {
    if (everyMs === this.#everyMs) return
    this.#everyMs = everyMs
    // What has begun is finished.
    if (this.#scrub === undefined) this.#wait()
  }

  close(): void {
    this.#isClosed = true
    this.#cancel()
  }

  #wait(): void {
    this.#cancel()
    if (this.#everyMs > 0) this.#after(this.#everyMs)
  }

  #after(ms: number): void {
    this.#cancel = this.#host.clock.after(ms, () => {
      void this.#step()
    })
  }

  async #step(): Promise<void> {
    const { store, voice } = this.#host
    try {
      this.#scrub ??= new Scrub(await store.read(store.journal.stretches(0)))
      const verification = await store.read(this.#scrub.step(STEP_BYTES))
      if (verification !== undefined) this.#tell(verification)
    } catch (error) {
      // A disk that is broken is told of by the commits; this is tried again the next time.
      if (!(error instanceof FileError)) throw error
      this.#scrub = undefined
      voice.log('warn', 'the journal cannot be read again; trying the next time', { error: error.message })
    }
    if (this.#isClosed) return
    if (this.#scrub === undefined) this.#wait()
    else this.#after(PAUSE_MS)
  }

  #tell({ segments, blocks, lines, findings }: Verification): void {
    const { voice } = this.#host
    this.#scrub = undefined
    const bad = findings.filter(({ kind }) => !HARMLESS.has(kind) && !KNOWN.has(kind))
    const [worst] = bad
    if (worst === undefined) {
      voice.log('info', 'the journal was read again, and all is there', { segments, blocks, lines })
      return
    }
    const { kind, segment, principal, stream, first, last } = worst
    const where = { kind, segment, principal, stream, first, last }
    voice.log('error', 'the journal was read again, and is damaged', { findings: bad.length, ...where })
  }
}
