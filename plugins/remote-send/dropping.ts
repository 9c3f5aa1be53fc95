import { FileError, type Work } from '../../src/journal/file-port.js'
import { NO_SOURCE } from '../../src/journal/block.js'
import type { JournalStore } from '../../src/journal/journal-store.js'
import {
  createDropSlots,
  isBehindDurable,
  isEntered,
  isNothing,
  loadDropCount,
  NOTHING_DROPPED,
  storeDropCount,
  withDropped,
  type DropCount,
} from './drop-count.js'
import type { HeldItem } from './held.js'

/** Why the records are gone, in the LOSS. */
const REASON = 'spool-full'

/** `unsaved`: the disk did not take the count. `entering`: the journal has its LOSS, durable or not, and the slots still say it. */
type State = 'saved' | 'unsaved' | 'entering'

/** Records that are dropped, from the count on disk to the one LOSS that tells of them. */
export class Dropping {
  readonly #store: JournalStore
  #state: State = 'saved'
  #count: DropCount

  static async open(store: JournalStore): Promise<Dropping> {
    await store.write(() => attempted(createDropSlots()))
    const count = await store.read(loadDropCount())
    const durable = store.journal.durable()?.source ?? NO_SOURCE
    if (isNothing(count) || isBehindDurable(count, durable)) return new Dropping(store, count)
    // It has to be gone from the disk before those that come again are durable.
    const { generation } = count
    return new Dropping(store, await store.write(() => storedCount({ ...NOTHING_DROPPED, generation })))
  }

  private constructor(store: JournalStore, count: DropCount) {
    this.#store = store
    this.#count = count
    // A death between the LOSS and the slots.
    if (!isNothing(count) && isEntered(count, store.journal.durable()?.source ?? NO_SOURCE)) this.#state = 'entering'
  }

  /** Records of which no LOSS tells durably. */
  get records(): number {
    return this.#count.records
  }

  /** Nothing is to be told of. */
  get isOver(): boolean {
    return isNothing(this.#count)
  }

  /** While a LOSS is on its way nothing can be added to it. */
  get canDrop(): boolean {
    return this.#state !== 'entering'
  }

  /** The last seq of this run that is accounted for on disk by the count. */
  safeSeq(run: Buffer): number {
    return this.#state === 'unsaved' || !this.#count.run.equals(run) ? 0 : this.#count.toSeq
  }

  /** False: the disk did not take the count, so nobody may be told; save() tries again. */
  async drop(items: readonly HeldItem[], run: Buffer, lastSeq: number): Promise<boolean> {
    let last = lastSeq
    for (const item of items) {
      const fromSeq = item.kind === 'gap' ? item.fromSeq : last + 1
      const { records, seq: toSeq } = item
      this.#count = withDropped(this.#count, run, { behindSeq: last, fromSeq, toSeq, records })
      last = item.seq
    }
    if (items.length > 0) this.#state = 'unsaved'
    return this.save()
  }

  async save(): Promise<boolean> {
    if (this.#state !== 'unsaved') return true
    const count = this.#count
    const stored = await this.#store.write(() => attempted(storedCount(count)))
    if (stored === undefined) return false
    this.#count = stored
    this.#state = 'saved'
    return true
  }

  /** There is room: the LOSS is next in the journal. Returns the records that it tells of; 0 if there is none, or it is there. */
  enter(): number {
    if (this.isOver || this.#state === 'entering') return 0
    const { run, fromSeq, toSeq, records, isAtLeast } = this.#count
    const note = { reason: REASON, lost: isAtLeast ? 0 : records, fromSource: fromSeq, toSource: toSeq }
    this.#store.journal.lose(note, { run, seq: toSeq })
    this.#state = 'entering'
    return records
  }

  /** After a commit: the slots say 0 again if the LOSS is durable. */
  async settle(): Promise<void> {
    if (this.#state !== 'entering') return
    if (!isEntered(this.#count, this.#store.journal.durable()?.source ?? NO_SOURCE)) return
    const { generation } = this.#count
    const stored = await this.#store.write(() => attempted(storedCount({ ...NOTHING_DROPPED, generation })))
    // Else it is tried again; and at the next start the LOSS shows that it is told.
    if (stored === undefined) return
    this.#count = stored
    this.#state = 'saved'
  }
}

/** Makes the slots where they could not be made before. */
function* storedCount(count: DropCount): Work<DropCount> {
  yield* createDropSlots()
  return yield* storeDropCount(count)
}

/** Undefined where the disk does not take it. */
function* attempted<T>(work: Work<T>): Work<T | undefined> {
  try {
    return yield* work
  } catch (error) {
    if (!(error instanceof FileError)) throw error
    return undefined
  }
}
