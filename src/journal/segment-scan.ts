// What a segment that was written last holds after a stop that nobody knows anything of. Everything before the last commit is settled:
// the entries of that commit swear, by `since`, that it was synced. What fails a check is a torn tail if nobody swears to it, and is
// cut with all behind it, whole or not: none of that was told to anybody. If a later entry or a cursor swears to it, it is damage.

import { positionAfter, type Entry } from './entry.js'
import type { Work } from './file-port.js'
import { SegmentWalk, type Found } from './segment-walk.js'
import type { SegmentId } from './segment-name.js'
import type { StreamState, StreamTable } from './stream-table.js'

/** All of it is read: the fewer times, the sooner. */
const IDX_WINDOW_BYTES = 1024 * 1024

/** Bytes that failed a check though they were synced once. */
export interface Damage {
  readonly segment: SegmentId
  readonly idxFrom: number
  readonly idxTo: number
  readonly logFrom: number
  /** Infinity: to the end of the file. */
  readonly logTo: number
}

export interface Kept {
  readonly at: number
  readonly entry: Entry
}

/** With what its stream has come to, so that it is worked out once. */
interface Followed extends Kept {
  readonly state: StreamState | undefined
}

/** Up to where a segment is in force for sure, and what the journal came to there. */
export interface Settled {
  readonly idxBytes: number
  readonly logBytes: number
  readonly position: number
  readonly table: StreamTable
}

export interface Scan {
  readonly settled: Settled
  /** Whole entries behind that, which may or may not be synced. */
  readonly kept: readonly Kept[]
  readonly damages: readonly Damage[]
  /** Bytes of index cut off as a torn tail. */
  readonly tornBytes: number
  /** The index ends here, with what is no entry. */
  readonly idxEnd: number
}

export interface ScanStart {
  readonly segment: SegmentId
  /** Behind its checkpoint, or 0 where that is damaged. */
  readonly from: number
  readonly position: number
  readonly table: StreamTable
  /** Index bytes that something outside the segment swears to. */
  readonly sworn: number
  /** Entries from this position on do not count: another segment begins there. Infinity in the last one. */
  readonly beforePosition: number
}

export function* scanSegment(start: ScanStart): Work<Scan> {
  const walk = new SegmentWalk(start.segment, IDX_WINDOW_BYTES)
  const table = start.table.copy()
  let settled: Settled = { idxBytes: start.from, logBytes: 0, position: start.position, table: start.table.copy() }
  let group: Followed[] = []
  let at = start.from
  let position = start.position
  for (;;) {
    const found = walk.heldBlock(at) ?? (yield* walk.look(at, Infinity))
    if (found === undefined && at >= start.sworn) return { settled, kept: group, damages: [], tornBytes: 0, idxEnd: at }
    if (
      found?.kind !== 'block' ||
      found.entry.position < position ||
      table.fit(found.entry.origin, found.entry.block) !== 'next'
    ) {
      const suspects = yield* allFrom(walk, at, found, start.sworn)
      return judge(start, settled, group, table, suspects)
    }
    const { entry } = found
    if (entry.position >= start.beforePosition) return { settled, kept: group, damages: [], tornBytes: 0, idxEnd: at }
    if (entry.since > settled.idxBytes) {
      settled = settle(settled, group, entry.since)
      group = []
    }
    group.push({ at, entry, state: table.apply(entry.origin, entry.block, entry.takenMs) })
    at += entry.size
    position = positionAfter(entry)
  }
}

/** The entries of a commit that a later one swears to. */
function settle(settled: Settled, group: readonly Followed[], since: number): Settled {
  const { table } = settled
  for (const { state } of group) if (state !== undefined) table.put(state)
  const last = group.at(-1)?.entry
  if (last === undefined) return { ...settled, idxBytes: since }
  return {
    idxBytes: since,
    logBytes: last.offset + last.block.lineBytes,
    position: positionAfter(last),
    table,
  }
}

type Suspect =
  | (Kept & ({ readonly kind: 'whole' } | { readonly kind: 'bad-lines' }))
  | { readonly kind: 'bad'; readonly at: number; readonly end: number }

/** The first thing that failed, and everything behind it. */
function* allFrom(walk: SegmentWalk, from: number, first: Found | undefined, sworn: number): Work<Suspect[]> {
  const suspects: Suspect[] = []
  let at = from
  for (let found = first; found !== undefined; found = yield* walk.look(at, Infinity)) {
    if (found.kind === 'bad-entry') suspects.push({ kind: 'bad', at, end: found.end })
    else suspects.push({ kind: found.kind === 'block' ? 'whole' : 'bad-lines', at, entry: found.entry })
    at = found.kind === 'bad-entry' ? found.end : at + found.entry.size
  }
  // The file has become shorter than somebody knows it to have been.
  if (at < sworn) suspects.push({ kind: 'bad', at, end: sworn })
  return suspects
}

function judge(
  start: ScanStart,
  settled: Settled,
  group: readonly Kept[],
  table: StreamTable,
  suspects: readonly Suspect[],
): Scan {
  const sworn = suspects.reduce((most, each) => Math.max(most, each.kind === 'bad' ? 0 : each.entry.since), start.sworn)
  const kept = [...group]
  const damages: Damage[] = []
  const last = group.at(-1)?.entry
  let position = last === undefined ? settled.position : positionAfter(last)
  let logEnd = last === undefined ? settled.logBytes : last.offset + last.block.lineBytes
  const idxEnd = Math.max(...suspects.map(endOf))
  for (const suspect of suspects) {
    const isKept =
      suspect.kind === 'whole' &&
      damages.length > 0 &&
      suspect.entry.position >= position &&
      suspect.entry.position < start.beforePosition &&
      table.fit(suspect.entry.origin, suspect.entry.block) !== 'clash'
    if (!isKept) {
      if (suspect.at >= sworn)
        return { settled, kept, damages: closed(damages, Infinity), tornBytes: idxEnd - suspect.at, idxEnd }
      damages.push({
        segment: start.segment,
        idxFrom: suspect.at,
        idxTo: endOf(suspect),
        logFrom: logEnd,
        logTo: Infinity,
      })
      continue
    }
    const { entry } = suspect
    damages.splice(0, damages.length, ...closed(damages, entry.offset))
    table.apply(entry.origin, entry.block, entry.takenMs)
    kept.push({ at: suspect.at, entry })
    position = positionAfter(entry)
    logEnd = entry.offset + entry.block.lineBytes
  }
  return { settled, kept, damages, tornBytes: 0, idxEnd }
}

function endOf(suspect: Suspect): number {
  return suspect.kind === 'bad' ? suspect.end : suspect.at + suspect.entry.size
}

/** Damage ends in the log where the next whole block begins. */
function closed(damages: readonly Damage[], logTo: number): Damage[] {
  return damages.map((damage) => (damage.logTo === Infinity ? { ...damage, logTo } : damage))
}
