// Commit: lines and headers, fdatasync of both files, then the caller is told. One commit at a time; between two of them everything
// written is synced, so a new segment is only ever begun behind a synced one. After an error of a write or a sync nobody knows what
// the disk has: that segment is never synced or trusted again, and what it was to hold is written into the next one.

import { NO_SOURCE, type SourceCursor } from './block.js'
import { NOTHING_ACKED, storeSlot, type Acked, type CursorSlot } from './cursor-slot.js'
import { OWN_ORIGIN, spanOf, type Origin } from './entry.js'
import { attempt, FileError, perform, remove, type Work } from './file-port.js'
import { JournalReader } from './journal-reader.js'
import { forked, storeMeta, type Meta } from './meta.js'
import {
  DEFAULT_OPTIONS,
  openFiles,
  saneWorld,
  slotOf,
  type JournalOptions,
  type JournalWorld,
  type Opened,
  type OpeningReport,
} from './opening.js'
import { sameSegment, type ForkNote, type GapNote, type Previous } from './notes.js'
import { Pending, type Refusal } from './pending.js'
import type { SegmentPath } from './segment-path.js'
import { idxName, logName, type SegmentId } from './segment-name.js'
import {
  createSegment,
  nameSegment,
  NEW_IDX,
  placeEntries,
  syncSegment,
  type EntryDraft,
  type Extent,
} from './segment-writer.js'
import { StreamTable, type StreamState } from './stream-table.js'

/** How a commit ended. `poisoned`: an error that cost a segment and nothing else. */
export type Commit =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'durable'; readonly position: number; readonly poisoned: FileError | undefined }
  /** All is still pending: the next commit tries again. */
  | { readonly kind: 'failed'; readonly error: FileError }

/** `extent` ends where the last good sync did. */
type State =
  | { readonly kind: 'writable'; readonly extent: Extent }
  | { readonly kind: 'poisoned'; readonly extent: Extent }
  | { readonly kind: 'closed' }

export class Journal {
  readonly report: OpeningReport
  readonly #world: JournalWorld
  readonly #options: JournalOptions
  readonly #path: SegmentPath
  readonly #durable: StreamTable
  readonly #pending: Pending
  #state: State
  #meta: Meta
  #slot: CursorSlot
  #acked: Acked
  /** The next that is not durable. */
  #position: number
  #isCommitting = false;

  static *open(anyWorld: JournalWorld, chosen: Partial<JournalOptions> = {}): Work<Journal> {
    const world = saneWorld(anyWorld)
    const options = { ...DEFAULT_OPTIONS, ...chosen }
    const opened = yield* openFiles(world, options)
    const journal = new Journal(world, options, opened)
    if (opened.untold > 0) yield* journal.#tellLostSegments(opened.untold)
    return journal
  }

  private constructor(world: JournalWorld, options: JournalOptions, opened: Opened) {
    this.report = opened.report
    this.#world = world
    this.#options = options
    this.#path = opened.path
    this.#durable = opened.table
    this.#pending = new Pending(opened.table.copy(), opened.position, options.blockBytes, world)
    this.#state = { kind: 'writable', extent: opened.extent }
    this.#meta = opened.meta
    this.#slot = opened.slot
    this.#acked = opened.slot.acked
    this.#position = opened.position
  }

  get meta(): Meta {
    return this.#meta
  }

  /** The last durable position; 0: none. In a spool it is the last durable seq. */
  get durablePosition(): number {
    return this.#position - 1
  }

  get pendingBytes(): number {
    return this.#pending.bytes
  }

  get acked(): Acked {
    return this.#acked
  }

  /** Where each segment in the directory begins, oldest first. */
  get segments(): readonly SegmentId[] {
    return this.#path.all
  }

  /** What is durable of a stream, which is all that may be told to anybody; of its own without an argument. */
  durable(of: Pick<Origin, 'principal' | 'stream'> = OWN_ORIGIN): StreamState | undefined {
    return this.#durable.get(of)
  }

  /** With what is pending: what the next block of the stream has to follow. */
  taken(of: Pick<Origin, 'principal' | 'stream'> = OWN_ORIGIN): StreamState | undefined {
    return this.#pending.table.get(of)
  }

  /** All streams, as far as they are durable. */
  get streams(): Iterable<StreamState> {
    return this.#durable
  }

  /** Own lines. All that come between two commits are one block, up to `blockBytes`. The bytes are held, not copied. */
  append(lines: Uint8Array, count: number, source: SourceCursor): void {
    this.#pending.gather(lines, count, source)
  }

  /** Records up to `source` that will never come, by the journal's own policy: the entry stands in their place. */
  lose(note: GapNote, source: SourceCursor): void {
    this.#pending.lose(note, source)
  }

  /** A block of somebody else, verbatim. */
  take(origin: Origin, head: Uint8Array, lines: Uint8Array): Refusal | undefined {
    return this.#pending.take(origin, head, lines)
  }

  skip(origin: Origin, toSeq: number, chain: Buffer, reason: string): Refusal | undefined {
    return this.#pending.skip(origin, toSeq, chain, reason)
  }

  fork(origin: Origin, note: ForkNote, chain: Buffer): Refusal | undefined {
    return this.#pending.fork(origin, note, chain)
  }

  /** Makes durable what is pending, or the first 4 MiB of it. What comes in meanwhile is for the next one. */
  *commit(): Work<Commit> {
    if (this.#isCommitting) throw new Error('a commit is under way')
    if (this.#pending.isEmpty) return { kind: 'nothing' }
    this.#isCommitting = true
    const batch = this.#pending.batch()
    try {
      const poisoned = yield* this.#writeSomewhere(batch)
      for (const { origin, block, takenMs } of batch) this.#durable.apply(origin, block, takenMs)
      this.#position += batch.reduce((sum, { block }) => sum + spanOf(block), 0)
      return { kind: 'durable', position: this.durablePosition, poisoned }
    } catch (error) {
      this.#pending.giveBack(batch)
      if (error instanceof FileError) return { kind: 'failed', error }
      throw error
    } finally {
      this.#isCommitting = false
    }
  }

  /** Whatever reads this journal has all up to here, durably. */
  acknowledge(acked: Acked): void {
    this.#acked = { seq: acked.seq, chain: Buffer.from(acked.chain) }
  }

  /** Remembers how far all has come. Nothing depends on it but how soon damage is told from a torn tail, and the purge after a start. */
  *saveCursor(): Work<void> {
    if (this.#state.kind === 'writable') yield* this.#storeSlot(this.#state.extent, false)
  }

  /** From a position on, as far as it is durable then; it goes on as more becomes durable. */
  reader(position: number): JournalReader {
    return new JournalReader(this.#path, position, () => {
      if (this.#state.kind === 'closed') throw new Error('the journal is closed')
      return this.#state.extent
    })
  }

  /** Frees whole segments that hold nothing above `position`, oldest first; returns how many. Never the one being written. */
  *purge(position: number): Work<number> {
    let freed = 0
    for (;;) {
      const [oldest, next] = this.#path.all
      if (oldest === undefined || next === undefined || this.#isCurrent(oldest)) return freed
      if (next.firstSeq > Math.min(position, this.durablePosition) + 1) return freed
      // The index first: lines without an index are remains, an index without lines would be damage. And each name is gone for good
      // before the next goes: two at once, and a power failure could leave a hole in the middle.
      yield* remove(idxName(oldest))
      yield* perform({ kind: 'sync-dir', dir: '' })
      this.#path.remove(oldest)
      yield* remove(logName(oldest))
      yield* perform({ kind: 'sync-dir', dir: '' })
      freed++
    }
  }

  /** Seqs from `fromSeq` on go by a new id from now on; `before` is the chain there. Not a byte of them changes. */
  *forkOwn(fromSeq: number, before: Buffer): Work<Meta> {
    const meta = forked(this.#meta, this.#world.randomId(), fromSeq, before)
    yield* storeMeta(meta)
    this.#meta = meta
    return meta
  }

  /** In order: the next start believes what it finds. What is pending is not committed. */
  *close(): Work<void> {
    const state = this.#state
    if (state.kind === 'closed') return
    this.#state = { kind: 'closed' }
    if (state.kind === 'writable') yield* this.#storeSlot(state.extent, true)
  }

  /** Into the current segment or, if that is full or poisoned, the next; at an error once more, somewhere else. */
  *#writeSomewhere(batch: readonly EntryDraft[]): Work<FileError | undefined> {
    try {
      yield* this.#write(batch)
      return undefined
    } catch (error) {
      if (!(error instanceof FileError)) throw error
      yield* this.#write(batch)
      return error
    }
  }

  *#write(batch: readonly EntryDraft[]): Work<void> {
    const extent = yield* this.#extentFor(batch)
    const { writes, end } = placeEntries(extent, batch, idxName(extent.segment))
    this.#state = { kind: 'poisoned', extent }
    yield* perform(...writes)
    yield* perform({ kind: 'sync', file: logName(extent.segment) }, { kind: 'sync', file: idxName(extent.segment) })
    this.#state = { kind: 'writable', extent: end }
  }

  *#extentFor(batch: readonly EntryDraft[]): Work<Extent> {
    if (this.#state.kind === 'closed') throw new Error('the journal is closed')
    const { kind, extent } = this.#state
    const bytes = batch.reduce((sum, { lines }) => sum + lines.length, 0)
    const isEmpty = extent.idxBytes === extent.checkpointBytes
    const isFull = !isEmpty && Math.max(extent.logBytes + bytes, extent.idxBytes) > this.#options.segmentBytes
    if (kind === 'writable' && !isFull) return extent
    const previous = isEmpty ? extent.previous : { ...extent.segment, idxBytes: extent.idxBytes }
    const begun = yield* this.#begin(this.#path.claim(this.#position), previous)
    // From the rename on the new one may be what the next start finds, and it says where this one ends: nothing may follow there.
    this.#state = { kind: 'poisoned', extent }
    yield* nameSegment(begun)
    yield* this.#leave(kind, extent)
    this.#state = { kind: 'writable', extent: begun }
    return begun
  }

  /** Until it is named, a segment that could not be written leaves nothing: a full disk is tried again and again. */
  *#begin(segment: SegmentId, previous: Previous | undefined): Work<Extent> {
    try {
      const begun = yield* createSegment(segment, previous, this.#position, this.#durable, this.#world.wallMs())
      yield* syncSegment(begun)
      return begun
    } catch (error) {
      this.#path.remove(segment)
      yield* attempt({ kind: 'unlink', file: idxName(segment) + NEW_IDX }, { kind: 'unlink', file: logName(segment) })
      throw error
    }
  }

  /** What a poisoned log holds beyond its last good sync stands in the next one too, and is cut off if that is still possible. */
  *#leave(kind: 'writable' | 'poisoned', { segment, logBytes }: Extent): Work<void> {
    if (kind === 'poisoned') yield* attempt({ kind: 'truncate', file: logName(segment), bytes: logBytes })
    yield* attempt({ kind: 'close', file: logName(segment) }, { kind: 'close', file: idxName(segment) })
  }

  #isCurrent(segment: SegmentId): boolean {
    return this.#state.kind === 'closed' || sameSegment(this.#state.extent.segment, segment)
  }

  *#storeSlot(extent: Extent, isClean: boolean): Work<void> {
    const slot = slotOf(extent, this.#position, isClean, this.#slot.generation + 1, this.#acked)
    yield* storeSlot(slot)
    this.#slot = slot
  }

  *#tellLostSegments(lost: number): Work<void> {
    this.lose({ reason: 'damaged', lost, fromSource: 0, toSource: 0 }, NO_SOURCE)
    const commit = yield* this.commit()
    if (commit.kind === 'failed') throw commit.error
    this.#acked = NOTHING_ACKED
    yield* this.saveCursor()
  }
}
