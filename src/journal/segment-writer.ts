// A segment comes into being under the name of its log and `.idx.new`; the index gets its name last, when contents and the log's name
// are on disk. So a named index is a whole one, and what has none does not count.

import { CHAIN_BYTES, makeBlock, NO_SOURCE } from './block.js'
import { encodeEntry, entryBytes, OWN_ORIGIN, writeEntry, type Entry } from './entry.js'
import { attempt, perform, type FileOp, type Work } from './file-port.js'
import { encodeCheckpointNote, type Previous } from './notes.js'
import { idxName, logName, type SegmentId } from './segment-name.js'
import type { StreamTable } from './stream-table.js'

export const NEW_IDX = '.new'

const SMALL_BYTES = 8 * 1024

/** What an entry says before it is known where it will lie. */
export type EntryDraft = Pick<Entry, 'origin' | 'position' | 'takenMs' | 'block'> & { readonly lines: Uint8Array }

/** Where a segment ends. */
export interface Extent {
  readonly segment: SegmentId
  readonly idxBytes: number
  readonly logBytes: number
  /** The checkpoint's: with nothing behind it, nothing of the segment would be missed. */
  readonly checkpointBytes: number
  readonly previous: Previous | undefined
}

/** Creates both files with the checkpoint in the index; not durable, and not named yet. */
export function* createSegment(
  segment: SegmentId,
  previous: Previous | undefined,
  position: number,
  table: StreamTable,
  wallMs: number,
): Work<Extent> {
  const checkpoint = checkpointEntry(previous, position, table, wallMs)
  const idx = idxName(segment) + NEW_IDX
  // Left over from a death, or a full disk, in the middle of this.
  yield [
    { kind: 'unlink', file: idx },
    { kind: 'unlink', file: logName(segment) },
  ]
  yield* perform({ kind: 'create', file: idx }, { kind: 'create', file: logName(segment) })
  yield* perform({ kind: 'write', file: idx, at: 0, chunks: [checkpoint] })
  return { segment, idxBytes: checkpoint.length, logBytes: 0, checkpointBytes: checkpoint.length, previous }
}

/** Contents and the log's name, durably: an index without its log would stand for lines that are nowhere. */
export function* syncSegment({ segment }: Extent): Work<void> {
  const idx = idxName(segment)
  yield* perform({ kind: 'sync', file: idx + NEW_IDX }, { kind: 'sync', file: logName(segment) })
  yield* perform({ kind: 'sync-dir', dir: '' })
}

/** From here on it counts. */
export function* nameSegment({ segment }: Extent): Work<void> {
  const idx = idxName(segment)
  try {
    yield* perform({ kind: 'rename', file: idx + NEW_IDX, to: idx })
    yield* perform({ kind: 'sync-dir', dir: '' })
  } catch (error) {
    // Whether it counts is not known, so nobody will write to it.
    yield* attempt(...[idx + NEW_IDX, idx, logName(segment)].map((file) => ({ kind: 'close', file }) as const))
    throw error
  }
}

/** One commit's entries behind the end of a segment: what to write, and where it will end then. */
export function placeEntries(
  end: Extent,
  drafts: readonly EntryDraft[],
  idx: string,
): { readonly writes: readonly FileOp[]; readonly end: Extent } {
  const entries = Buffer.allocUnsafe(drafts.reduce((sum, draft) => sum + entryBytes(draft), 0))
  let { logBytes } = end
  let at = 0
  for (const { origin, position, takenMs, block, lines } of drafts) {
    at = writeEntry(entries, at, { origin, position, takenMs, block, offset: logBytes, since: end.idxBytes })
    logBytes += lines.length
  }
  return {
    writes: [
      { kind: 'write', file: logName(end.segment), at: end.logBytes, chunks: piecesOf(drafts) },
      { kind: 'write', file: idx, at: end.idxBytes, chunks: [entries] },
    ],
    end: { ...end, idxBytes: end.idxBytes + at, logBytes },
  }
}

/** The lines, as few buffers: many small ones cost more to hand to the system than to copy. */
function piecesOf(drafts: readonly EntryDraft[]): readonly Uint8Array[] {
  const pieces = drafts.map(({ lines }) => lines)
  const bytes = pieces.reduce((sum, { length }) => sum + length, 0)
  return bytes < pieces.length * SMALL_BYTES ? [Buffer.concat(pieces, bytes)] : pieces
}

function checkpointEntry(previous: Previous | undefined, position: number, table: StreamTable, wallMs: number): Buffer {
  const own = table.get(OWN_ORIGIN)
  const chain = own?.chain ?? Buffer.alloc(CHAIN_BYTES)
  const note = encodeCheckpointNote({ previous, streams: [...table] })
  const firstSeq = (own?.lastSeq ?? 0) + 1
  const draft = {
    kind: 'checkpoint',
    firstSeq,
    count: 0,
    lines: 0,
    wallMs,
    source: NO_SOURCE,
    before: chain,
    note,
  } as const
  const block = makeBlock({ ...draft, statedChain: chain }, [])
  return encodeEntry({ origin: OWN_ORIGIN, position, offset: 0, since: 0, takenMs: wallMs, block })
}
