// Commit: lines and entries are written, both files synced, then it is told. One at a time; between two of them everything written is
// synced, so a new segment is only ever begun behind a synced one. After an error of a write or a sync nobody knows what the disk has:
// that segment is never synced or trusted again, and what it was to hold is written into the next one.

import { attempt, FileError, perform, type Work } from './file-port.js'
import { pointTo } from './current-log.js'
import { sameSegment, type Previous } from './notes.js'
import type { JournalOptions } from './opening.js'
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
import type { StreamTable } from './stream-table.js'

/** `extent` ends where the last good sync did. */
type State =
  | { readonly kind: 'writable'; readonly extent: Extent }
  | { readonly kind: 'poisoned'; readonly extent: Extent }
  | { readonly kind: 'closed' }

/** What all that is durable comes to: the next position, and the table that a new segment begins with. */
export interface Durable {
  readonly position: number
  readonly table: StreamTable
}

/** The end of a journal: the segment that is written to, and the ones that follow it. */
export class JournalWriter {
  readonly #path: SegmentPath
  readonly #options: JournalOptions
  readonly #wallMs: () => number
  #state: State
  /** The next commit begins a segment, so that what its checkpoint does not know is not known from then on. */
  #isLast = false

  constructor(path: SegmentPath, options: JournalOptions, wallMs: () => number, extent: Extent) {
    this.#path = path
    this.#options = options
    this.#wallMs = wallMs
    this.#state = { kind: 'writable', extent }
  }

  /** How far the journal is durable. */
  get extent(): Extent {
    if (this.#state.kind === 'closed') throw new Error('the journal is closed')
    return this.#state.extent
  }

  /** The same, unless the segment is given up or the journal closed. */
  get soundExtent(): Extent | undefined {
    return this.#state.kind === 'writable' ? this.#state.extent : undefined
  }

  isCurrent(segment: SegmentId): boolean {
    return this.#state.kind === 'closed' || sameSegment(this.#state.extent.segment, segment)
  }

  /** Into the current segment or, if that is full or poisoned, the next; at an error, which it returns, once more somewhere else. */
  *write(batch: readonly EntryDraft[], durable: Durable): Work<FileError | undefined> {
    try {
      yield* this.#write(batch, durable)
      return undefined
    } catch (error) {
      if (!(error instanceof FileError)) throw error
      yield* this.#write(batch, durable)
      return error
    }
  }

  /** Begins a new segment, unless there is nothing in the current one. */
  *rotate(durable: Durable): Work<boolean> {
    const { kind, extent } = this.#open()
    if (kind === 'writable' && isEmpty(extent)) return false
    yield* this.#next(kind, extent, durable)
    return true
  }

  /** Nothing more is written into the current segment. */
  endSegment(): void {
    this.#isLast = true
  }

  /** Nothing is written from now on. */
  close(): void {
    this.#state = { kind: 'closed' }
  }

  *#write(batch: readonly EntryDraft[], durable: Durable): Work<void> {
    const extent = yield* this.#extentFor(batch, durable)
    const { segment } = extent
    const { writes, end } = placeEntries(extent, batch, idxName(segment))
    this.#state = { kind: 'poisoned', extent }
    yield* perform(...writes, { kind: 'sync', file: logName(segment) }, { kind: 'sync', file: idxName(segment) })
    this.#state = { kind: 'writable', extent: end }
  }

  *#extentFor(batch: readonly EntryDraft[], durable: Durable): Work<Extent> {
    const { kind, extent } = this.#open()
    const bytes = batch.reduce((sum, { lines }) => sum + lines.length, 0)
    const isFull = !isEmpty(extent) && Math.max(extent.logBytes + bytes, extent.idxBytes) > this.#options.segmentBytes
    return kind === 'writable' && !isFull && !this.#isLast ? extent : yield* this.#next(kind, extent, durable)
  }

  *#next(kind: 'writable' | 'poisoned', extent: Extent, durable: Durable): Work<Extent> {
    const previous = isEmpty(extent) ? extent.previous : previousOf(extent)
    this.#isLast = false
    const begun = yield* this.#begin(this.#path.claim(durable.position), previous, durable)
    // From the rename on the new one may be what the next start finds, and it says where this one ends: nothing may follow there.
    this.#state = { kind: 'poisoned', extent }
    yield* nameSegment(begun)
    yield* this.#leave(kind, extent)
    this.#state = { kind: 'writable', extent: begun }
    yield* pointTo(begun.segment, this.#options.currentLog)
    return begun
  }

  /** Until it is named, a segment that could not be written leaves nothing: a full disk is tried again and again. */
  *#begin(segment: SegmentId, previous: Previous | undefined, { position, table }: Durable): Work<Extent> {
    try {
      const begun = yield* createSegment(segment, previous, position, table, this.#wallMs())
      yield* syncSegment(begun)
      return begun
    } catch (error) {
      this.#path.remove(segment)
      this.#isLast = true
      yield* attempt({ kind: 'unlink', file: idxName(segment) + NEW_IDX }, { kind: 'unlink', file: logName(segment) })
      throw error
    }
  }

  /** What a poisoned log holds beyond its last good sync stands in the next one too, and is cut off if that is still possible. */
  *#leave(kind: 'writable' | 'poisoned', { segment, logBytes }: Extent): Work<void> {
    if (kind === 'poisoned') yield* attempt({ kind: 'truncate', file: logName(segment), bytes: logBytes })
    yield* attempt({ kind: 'close', file: logName(segment) }, { kind: 'close', file: idxName(segment) })
  }

  #open(): Exclude<State, { readonly kind: 'closed' }> {
    if (this.#state.kind === 'closed') throw new Error('the journal is closed')
    return this.#state
  }
}

function isEmpty({ idxBytes, checkpointBytes }: Extent): boolean {
  return idxBytes === checkpointBytes
}

function previousOf({ segment, idxBytes, logBytes }: Extent): Previous {
  return { ...segment, idxBytes, logBytes }
}
