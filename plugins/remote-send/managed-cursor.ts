// How far the other side has come, made durable while it goes on. auditd does not know a record again, so whatever is sent beyond the
// durable cursor comes twice if this process is killed: no more than that is ever let out.

import { FileError } from '../../src/journal/file-port.js'
import type { JournalStore } from '../../src/journal/journal-store.js'

/** Beyond the durable cursor: in windows, and with a small one so many records all the same. */
const AHEAD_WINDOWS = 4
const LEAST_AHEAD_SEQS = 256
/** While records go over, the cursor is saved when so much of what may be ahead of it is: each time costs the disk a sync. */
const SAVED_SHARE = 1 / 4

export class ManagedCursor {
  readonly #store: JournalStore
  readonly #aheadSeqs: number
  readonly #changed: (problem: string) => void
  #savedSeq: number
  #isAll = true
  /** What was told last: a disk that gives errors gives the same one again and again. */
  #problem = ''
  #saving: Promise<void> | undefined

  /** `changed`: more may be sent; `problem` is why the cursor cannot be saved, once, or empty. */
  constructor(store: JournalStore, window: number, changed: (problem: string) => void) {
    this.#store = store
    this.#aheadSeqs = Math.max(LEAST_AHEAD_SEQS, AHEAD_WINDOWS * window)
    this.#changed = changed
    this.#savedSeq = store.journal.acked.seq
  }

  /** The last seq that may be sent. */
  get limitSeq(): number {
    return this.#savedSeq + this.#aheadSeqs
  }

  /** What the journal says to be acknowledged has risen. `isAll`: nothing else is unanswered. */
  moved(isAll: boolean): void {
    this.#isAll = isAll
    const newSeqs = this.#store.journal.acked.seq - this.#savedSeq
    if (this.#saving !== undefined || newSeqs <= 0) return
    if (isAll || newSeqs >= this.#aheadSeqs * SAVED_SHARE) this.#saving = this.#save()
  }

  /** The one under way has ended. */
  async close(): Promise<void> {
    await this.#saving
  }

  async #save(): Promise<void> {
    const { seq } = this.#store.journal.acked
    const problem = await this.#store.write(() => this.#store.journal.saveCursor()).then(() => '', problemOf)
    // A disk that keeps no cursor must not keep the records from leaving: they may come twice.
    this.#savedSeq = seq
    this.#saving = undefined
    const isNew = problem !== this.#problem
    this.#problem = problem
    this.#changed(isNew ? problem : '')
    this.moved(this.#isAll)
  }
}

function problemOf(error: unknown): string {
  if (error instanceof FileError) return error.message
  throw error
}
