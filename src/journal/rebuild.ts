// After an unclean stop the part of the last segment that may not be on disk is written anew, into new files, before it counts: after
// a failed write-back the page cache may show bytes that the disk never had, and a second fsync of them writes nothing. The new
// checkpoint says how much of the old index is in force, so the old part stops counting in the moment the new index has its name.

import { NO_SOURCE } from './block.js'
import { OWN_ORIGIN, positionAfter } from './entry.js'
import { perform, type Work } from './file-port.js'
import { lossNotice, statedGap, type GapLine } from './gap.js'
import type { GapNote, Previous } from './notes.js'
import type { Kept, Scan } from './segment-scan.js'
import { SegmentWalk } from './segment-walk.js'
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

export const DAMAGED: Omit<GapNote, 'lost'> = { reason: 'damaged', fromSource: 0, toSource: 0 }

export interface Rebuilt {
  readonly extent: Extent
  readonly table: StreamTable
  /** The next. */
  readonly position: number
}

export interface RebuildPlan {
  readonly from: SegmentId
  readonly to: SegmentId
  readonly previous: Previous | undefined
  readonly scan: Scan
  /** Positions that are gone before all that the scan has seen. */
  readonly missingBefore: number
  /** Positions below this were durable once, whatever is left of them. */
  readonly durablePosition: number
  readonly wallMs: number
  readonly gapLine: GapLine
}

/** Writes what was kept into a new segment, with an entry for whatever is missing between, and makes it the last one. */
export function* rebuild(plan: RebuildPlan): Work<Rebuilt> {
  const { settled, kept, damages } = plan.scan
  const table = settled.table.copy()
  const walk = new SegmentWalk(plan.from)
  const begun = yield* createSegment(plan.to, plan.previous, settled.position, table, plan.wallMs)
  const idx = idxName(plan.to) + NEW_IDX
  let extent = begun
  let position = settled.position
  let missing = plan.missingBefore
  let told = 0
  for (const item of kept) {
    const drafts = gapBefore(item, table, position, plan)
    for (const draft of drafts) table.apply(draft.origin, draft.block, draft.takenMs)
    told += drafts.reduce((sum, draft) => sum + draft.block.count, 0)
    missing += item.entry.position - position
    drafts.push(yield* readAgain(walk, item))
    const placed = placeEntries(extent, drafts, idx)
    yield* perform(...placed.writes)
    extent = placed.end
    table.apply(item.entry.origin, item.entry.block, item.entry.takenMs)
    position = positionAfter(item.entry)
  }
  const untold = Math.max(0, missing + Math.max(0, plan.durablePosition - position) - told)
  if (untold > 0 || (damages.length > 0 && told === 0)) {
    const notice = noticeOf(untold, table, position, plan)
    const placed = placeEntries(extent, [notice], idx)
    yield* perform(...placed.writes)
    extent = placed.end
    table.apply(notice.origin, notice.block, notice.takenMs)
    position += notice.block.count
  }
  yield* syncSegment(extent)
  yield* nameSegment(extent)
  return { extent, table, position }
}

/** The entry that stands for what is missing of a stream before this one. */
function gapBefore(item: Kept, table: StreamTable, position: number, plan: RebuildPlan): EntryDraft[] {
  const { origin, block } = item.entry
  if (table.fit(origin, block) !== 'gap') return []
  const gap = statedGap('loss', origin, table, block.firstSeq - 1, block.before, DAMAGED, plan.wallMs, plan.gapLine)
  return [{ origin, position, takenMs: plan.wallMs, ...gap }]
}

/** What is missing of no stream in particular. In a spool, seqs that are used again: a receiver that has them sees it by the chain. */
function noticeOf(missing: number, table: StreamTable, position: number, plan: RebuildPlan): EntryDraft {
  const notice = lossNotice(OWN_ORIGIN, table, { ...DAMAGED, lost: missing }, NO_SOURCE, plan.wallMs, plan.gapLine)
  return { origin: OWN_ORIGIN, position, takenMs: plan.wallMs, ...notice }
}

function* readAgain(walk: SegmentWalk, { at, entry }: Kept): Work<EntryDraft> {
  const found = yield* walk.look(at, at + entry.size)
  // The scan has just read it: a disk that answers differently now is not one to go on with.
  if (found?.kind !== 'block') throw new Error(`${idxName(walk.segment)} changed at ${at} while it was read`)
  const { origin, position, takenMs, block } = found.entry
  return { origin, position, takenMs, block, lines: found.lines }
}

/** Once the new segment counts, readers of the plain log shall not find its lines twice. Nothing depends on it. */
export function* trimOld(from: SegmentId, scan: Scan, isEmpty: boolean): Work<void> {
  const idx = idxName(from)
  const log = logName(from)
  if (isEmpty) {
    yield [{ kind: 'unlink', file: idx }]
    yield [{ kind: 'sync-dir', dir: '' }]
    yield [{ kind: 'unlink', file: log }]
    return
  }
  yield [{ kind: 'truncate', file: log, bytes: scan.settled.logBytes }]
  yield [{ kind: 'close', file: log }]
}
