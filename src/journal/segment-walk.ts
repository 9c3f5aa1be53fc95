import { hasLines } from './block.js'
import { claimedEntryBytes, ENTRY_MAGIC, MIN_ENTRY_BYTES, readEntry, type Entry } from './entry.js'
import type { Work } from './file-port.js'
import { idxName, logName, type SegmentId } from './segment-name.js'
import { Window } from './window.js'

/** What is read ahead of an index, and of a log. */
const IDX_WINDOW_BYTES = 128 * 1024
const LOG_WINDOW_BYTES = 1024 * 1024

const NOTHING: Buffer = Buffer.alloc(0)

/** What lies at an offset of an index. */
export type Found =
  | { readonly kind: 'block'; readonly at: number; readonly entry: Entry; readonly lines: Buffer }
  /** The entry is whole, its lines are not what it says. */
  | { readonly kind: 'bad-lines'; readonly at: number; readonly entry: Entry }
  | BadEntry

/** No entry; `end` is where the next one begins, or the end of the index. */
interface BadEntry {
  readonly kind: 'bad-entry'
  readonly at: number
  readonly end: number
}

/** What the index alone says; `end` is where the next entry begins. */
export type FoundEntry =
  | { readonly kind: 'entry'; readonly at: number; readonly entry: Entry; readonly end: number }
  | BadEntry

/** One segment, entry by entry, with memory for a window of each file. */
export class SegmentWalk {
  readonly segment: SegmentId
  readonly #idx: Window
  readonly #log: Window

  constructor(segment: SegmentId, idxWindowBytes = IDX_WINDOW_BYTES) {
    this.segment = segment
    this.#idx = new Window(idxName(segment), idxWindowBytes)
    this.#log = new Window(logName(segment), LOG_WINDOW_BYTES)
  }

  /** The entry at `at`, or where the next one begins; of its lines nothing is known. Undefined as below. */
  *lookAtIndex(at: number, end: number): Work<FoundEntry | undefined> {
    const entry = yield* this.#entryAt(at, end)
    if (entry !== undefined) return { kind: 'entry', at, entry, end: at + entry.size }
    const first = at < end ? yield* this.#idx.at(at, 1, end) : Buffer.alloc(0)
    return first.length === 0 ? undefined : { kind: 'bad-entry', at, end: yield* this.#nextEntry(at + 1, end) }
  }

  /** What lies at `at`; undefined at `end` or at the end of the file. Damage is skipped up to the next whole entry. */
  *look(at: number, end: number, logEnd = Infinity): Work<Found | undefined> {
    const found = yield* this.lookAtIndex(at, end)
    if (found?.kind !== 'entry') return found
    const { entry } = found
    const lines = yield* this.linesOf(entry, logEnd)
    return lines === undefined ? { kind: 'bad-lines', at, entry } : { kind: 'block', at, entry, lines }
  }

  /** The same for a whole block that needs no reading, without the steps for one; undefined for all else. */
  heldBlock(at: number): Found | undefined {
    const least = this.#idx.held(at, MIN_ENTRY_BYTES, Infinity)
    const size = least === undefined ? undefined : claimedEntryBytes(least)
    const bytes = size === least?.length ? least : size === undefined ? undefined : this.#idx.held(at, size, Infinity)
    const entry = bytes === undefined ? undefined : readEntry(bytes)
    if (entry === undefined) return undefined
    const { offset, block } = entry
    const lines = block.lineBytes === 0 ? NOTHING : this.#log.held(offset, block.lineBytes, Infinity)
    return lines !== undefined && hasLines(block, lines) ? { kind: 'block', at, entry, lines } : undefined
  }

  /** Undefined if they are not what the entry says. */
  *linesOf({ block, offset }: Entry, logEnd = Infinity): Work<Buffer | undefined> {
    const { lineBytes } = block
    const held = lineBytes === 0 ? NOTHING : this.#log.held(offset, lineBytes, logEnd)
    const lines = held ?? (yield* this.#log.at(offset, lineBytes, logEnd))
    return hasLines(block, lines) ? lines : undefined
  }

  *#entryAt(at: number, end: number): Work<Entry | undefined> {
    const least = this.#idx.held(at, MIN_ENTRY_BYTES, end) ?? (yield* this.#idx.at(at, MIN_ENTRY_BYTES, end))
    const size = claimedEntryBytes(least)
    if (size === undefined || at + size > end) return undefined
    return readEntry(size === least.length ? least : yield* this.#idx.at(at, size, end))
  }

  /** Where the next whole entry from `from` on begins. */
  *#nextEntry(from: number, end: number): Work<number> {
    let at = from
    for (;;) {
      const bytes = yield* this.#idx.at(at, IDX_WINDOW_BYTES, end)
      for (let found = bytes.indexOf(ENTRY_MAGIC); found >= 0; found = bytes.indexOf(ENTRY_MAGIC, found + 1))
        if ((yield* this.#entryAt(at + found, end)) !== undefined) return at + found
      if (bytes.length < IDX_WINDOW_BYTES) return at + bytes.length
      // The magic may lie across two windows.
      at += bytes.length - ENTRY_MAGIC.length + 1
    }
  }
}
