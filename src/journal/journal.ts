// A commit makes durable what has been taken, and only then does anybody hear of it: the table of what is durable grows by what the
// disk has, the table of what has been taken runs ahead of it. How it is written: journal-writer.ts.

import { NO_SOURCE, type Block, type SourceCursor } from './block.js'
import { NOTHING_ACKED, storeSlot, type Acked, type CursorSlot } from './cursor-slot.js'
import { OWN_ORIGIN, spanOf, type Origin } from './entry.js'
import { FileError, listFiles, perform, remove, type Work } from './file-port.js'
import { pointTo } from './current-log.js'
import { JournalReader } from './journal-reader.js'
import { JournalWriter, type Durable } from './journal-writer.js'
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
import type { ForkNote, GapNote } from './notes.js'
import { Pending, type Refusal } from './pending.js'
import type { SegmentPath, Stretch } from './segment-path.js'
import type { HeldSegment } from './retention.js'
import { idxName, logName, type SegmentId } from './segment-name.js'
import type { Extent } from './segment-writer.js'
import type { StreamTable, StreamState } from './stream-table.js'

/** How a commit ended. `poisoned`: an error that cost a segment and nothing else. */
export type Commit =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'durable'; readonly position: number; readonly poisoned: FileError | undefined }
  /** All is still pending: the next commit tries again. */
  | { readonly kind: 'failed'; readonly error: FileError }

export class Journal {
  readonly report: OpeningReport
  readonly #world: JournalWorld
  readonly #path: SegmentPath
  readonly #durable: StreamTable
  readonly #pending: Pending
  readonly #writer: JournalWriter
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
    yield* pointTo(opened.extent.segment, options.currentLog)
    const journal = new Journal(world, options, opened)
    if (opened.untold > 0) yield* journal.#tellLostSegments(opened.untold)
    return journal
  }

  private constructor(world: JournalWorld, options: JournalOptions, opened: Opened) {
    this.report = opened.report
    this.#world = world
    this.#path = opened.path
    this.#durable = opened.table
    this.#pending = new Pending(opened.table.copy(), opened.position, options.blockBytes, world)
    this.#writer = new JournalWriter(opened.path, options, world.wallMs, opened.extent)
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

  /** The oldest position that is not freed: in a spool, the oldest seq. One above the durable if all is freed, or nothing was written. */
  get firstPosition(): number {
    return this.#path.all[0]?.firstSeq ?? this.#position
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

  /** The same for one that `soundBlock` has found to be whole: what it costs most is not done twice. */
  takeSound(origin: Origin, block: Block, lines: Uint8Array): Refusal | undefined {
    return this.#pending.takeSound(origin, block, lines)
  }

  skip(origin: Origin, toSeq: number, chain: Buffer, reason: string): Refusal | undefined {
    return this.#pending.skip(origin, toSeq, chain, reason)
  }

  fork(origin: Origin, note: ForkNote, chain: Buffer): Refusal | undefined {
    return this.#pending.fork(origin, note, chain)
  }

  /**
   * A foreign stream of which nothing is pending is as one that was never heard of: it may begin anywhere again. By an operator's will, or
   * a cap on a principal's streams, and after a power failure it may be known again.
   */
  forget(of: Pick<Origin, 'principal' | 'stream'>): void {
    if (of.principal === '') throw new RangeError('a journal does not forget its own stream')
    this.#durable.forget(of)
    this.#pending.table.forget(of)
    // The checkpoint of the current segment still knows it: whatever it begins with must not be read with that.
    this.#writer.endSegment()
  }

  /** Makes durable what is pending, or the first 4 MiB of it. What comes in meanwhile is for the next one. */
  *commit(): Work<Commit> {
    if (this.#isCommitting) throw new Error('a commit is under way')
    if (this.#pending.isEmpty) return { kind: 'nothing' }
    this.#isCommitting = true
    const batch = this.#pending.batch()
    try {
      const poisoned = yield* this.#writer.write(batch, this.#whatIsDurable)
      for (const { state } of batch) this.#durable.put(state)
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
    const extent = this.#writer.soundExtent
    if (extent !== undefined) yield* this.#storeSlot(extent, false)
  }

  /** From a position on, as far as it is durable then; it goes on as more becomes durable. */
  reader(position: number): JournalReader {
    return new JournalReader(this.#path, position, () => this.#writer.extent)
  }

  /** Frees whole segments that hold nothing above `position`, oldest first; returns how many. Never the one being written. */
  *purge(position: number): Work<number> {
    let freed = 0
    for (;;) {
      const [oldest, next] = this.#path.all
      if (oldest === undefined || next === undefined || this.#writer.isCurrent(oldest)) return freed
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

  /** Seqs from `fromSeq` to the end of their timeline go by a new id from now on; `before` is the chain there. No byte changes. */
  *forkOwn(fromSeq: number, before: Buffer): Work<Meta> {
    const meta = forked(this.#meta, this.#world.randomId(), fromSeq, before, this.firstPosition)
    yield* storeMeta(meta)
    this.#meta = meta
    return meta
  }

  /** What is in force of the segments from the one that holds `position` on, as far as it is durable now. */
  stretches(position: number): Work<readonly Stretch[]> {
    return this.#path.from(position, this.#writer.extent)
  }

  /** Each segment with its size and age, oldest first: what retention decides by. */
  *held(): Work<readonly HeldSegment[]> {
    const segments = [...this.#path.all]
    const sizes = new Map((yield* listFiles()).map(({ name, bytes }) => [name, bytes]))
    const held: HeldSegment[] = []
    for (const [index, segment] of segments.entries()) {
      const next = segments[index + 1]
      const bytes = (sizes.get(idxName(segment)) ?? 0) + (sizes.get(logName(segment)) ?? 0)
      const lastPosition = next === undefined ? this.durablePosition : next.firstSeq - 1
      // The next one was begun when this one was full. Of the newest, and of what cannot be read, nobody says: it counts as new.
      const newestMs = (next === undefined ? undefined : yield* this.#path.begunMs(next)) ?? this.#world.wallMs()
      held.push({ firstPosition: segment.firstSeq, lastPosition, bytes, newestMs })
    }
    return held
  }

  /** When the segment that is written to was begun, by the wall clock. */
  *segmentBegunMs(): Work<number> {
    return (yield* this.#path.begunMs(this.#writer.extent.segment)) ?? this.#world.wallMs()
  }

  /** Begins a new segment, unless nothing is in the current one; what is pending goes there. Throws FileError where that cannot be. */
  *rotate(): Work<boolean> {
    if (this.#isCommitting) throw new Error('a commit is under way')
    return yield* this.#writer.rotate(this.#whatIsDurable)
  }

  /** In order: the next start believes what it finds. What is pending is not committed. */
  *close(): Work<void> {
    const extent = this.#writer.soundExtent
    this.#writer.close()
    if (extent !== undefined) yield* this.#storeSlot(extent, true)
  }

  get #whatIsDurable(): Durable {
    return { position: this.#position, table: this.#durable }
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
