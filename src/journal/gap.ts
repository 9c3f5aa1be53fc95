import { CHAIN_BYTES, makeBlock, NO_SOURCE, type Block, type SourceCursor } from './block.js'
import type { Origin } from './entry.js'
import { encodeGapNote, type GapNote } from './notes.js'
import type { StreamTable } from './stream-table.js'

/** Seqs of a stream, or records that never got one, that are gone, and what an admin should read about it. */
export interface Gap extends GapNote, Origin {
  readonly kind: 'loss' | 'hole'
  readonly firstSeq: number
  readonly count: number
  /** The seqs are what is gone; else they are those of this line itself. */
  readonly isStated: boolean
  readonly timeMs: number
}

/** One TRUSTED_APP line with its LF: see gap-record.ts. */
export type GapLine = (gap: Gap) => Buffer

export interface GapBlock {
  readonly block: Block
  readonly lines: Buffer
}

/** Stands for the seqs from the stream's end up to `toSeq`, where the chain was `chain`. */
export function statedGap(
  kind: 'loss' | 'hole',
  origin: Origin,
  table: StreamTable,
  toSeq: number,
  chain: Buffer,
  note: Omit<GapNote, 'lost'>,
  timeMs: number,
  line: GapLine,
): GapBlock {
  const { firstSeq, before } = endOf(table, origin)
  const count = toSeq - firstSeq + 1
  const gap: Gap = { ...origin, ...note, kind, firstSeq, count, isStated: true, lost: count, timeMs }
  const lines = line(gap)
  const draft = { kind, firstSeq, count, lines: 1, wallMs: timeMs, source: NO_SOURCE, before, note: encodeGapNote(gap) }
  return { lines, block: makeBlock({ ...draft, statedChain: chain }, [lines]) }
}

/** Tells of records that have no seq here; it takes one seq itself, for its own line. */
export function lossNotice(
  origin: Origin,
  table: StreamTable,
  note: GapNote,
  source: SourceCursor,
  timeMs: number,
  line: GapLine,
): GapBlock {
  const { firstSeq, before } = endOf(table, origin)
  const gap: Gap = { ...origin, ...note, kind: 'loss', firstSeq, count: 1, isStated: false, timeMs }
  const lines = line(gap)
  const draft = { kind: 'loss', firstSeq, count: 1, lines: 1, wallMs: timeMs, source, before } as const
  return { lines, block: makeBlock({ ...draft, note: encodeGapNote(gap) }, [lines]) }
}

/** Where the next block of a stream goes. One that is new to the journal begins at 1 with a chain of zeros. */
export function endOf(table: StreamTable, origin: Origin): { readonly firstSeq: number; readonly before: Buffer } {
  const state = table.get(origin)
  return { firstSeq: (state?.lastSeq ?? 0) + 1, before: state?.chain ?? Buffer.alloc(CHAIN_BYTES) }
}
