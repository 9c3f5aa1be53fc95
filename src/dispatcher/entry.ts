// What stands in line for a plugin of the line protocol: runs of RECORD lines in shared segments, and what was lost between
// them. Entries stand in the order of their seqs.

import { lineEnd, lostLine, recordNumber, type LostReason } from '../protocol/line.js'
import { endOfSeq, lastWholeBefore, type DenseRun } from './dense-run.js'
import type { Segment, SegmentLog } from './segment.js'

/** RECORD lines side by side: the bytes [start, end) of `segment`, which is held. */
export interface Run {
  readonly kind: 'run'
  segment: Segment
  start: number
  end: number
  records: number
  /** Seq of the first and of the last of them; in between some may be missing that this plugin did not ask for. */
  first: number
  last: number
  /** Where in the bytes written to the process it began, or UNWRITTEN. */
  at: number
}

/** Records that this plugin will never get. */
export interface Gap {
  readonly kind: 'gap'
  /** 0 is unknown. */
  count: number
  first: number
  last: number
  readonly reason: LostReason
  /** Some of them were lost for other reasons. */
  isMixed: boolean
  at: number
  /** The line, once it is being written: from then on no other range joins this one. */
  line: Buffer | undefined
}

export type Entry = Run | Gap

export const UNWRITTEN = -1

export function gapOf(reason: LostReason, count: number, first: number, last: number): Gap {
  return { kind: 'gap', count, first, last, reason, isMixed: false, at: UNWRITTEN, line: undefined }
}

/** The beginning of a run: so many records, the last of which has the seq `last`, up to `end`. */
export interface Beginning {
  readonly records: number
  readonly end: number
  readonly last: number
}

/** A lost range as the plugin is told it. */
export function lineOf(gap: Gap): Buffer {
  gap.line ??= Buffer.from(lostLine(gap))
  return gap.line
}

/** The whole records of a run that end at or before `limit`. */
export function wholeUpTo(run: Run, limit: number): Beginning {
  if (limit >= run.end) return wholeOf(run)
  if (!isDense(run)) return beginning(run, (at) => at <= limit)
  const { seq, end } = lastWholeBefore(denseOf(run), limit)
  return { records: seq - run.first + 1, end, last: seq }
}

/** The first `records` of a run. */
export function firstOf(run: Run, records: number): Beginning {
  if (records >= run.records) return wholeOf(run)
  if (!isDense(run) || records <= 0) return beginning(run, (_at, count) => count <= records)
  const last = run.first + records - 1
  return { records, end: endOfSeq(denseOf(run), last), last }
}

/** The records of a run up to this seq. */
export function upToSeq(run: Run, seq: number): Beginning {
  if (seq >= run.last) return wholeOf(run)
  if (isDense(run)) return firstOf(run, seq - run.first + 1)
  return beginning(run, (_at, _count, start) => recordNumber(run.segment.bytes, start, run.end) <= seq)
}

/** Parts a run: the beginning is returned as a run of its own that holds the segment too, the rest stays. */
export function takeBeginning(run: Run, { records, end, last }: Beginning): Run {
  const taken: Run = { ...run, end, records, last }
  run.segment.hold()
  dropBeginning(run, { records, end, last })
  return taken
}

/** Leaves only what comes behind the beginning, which must not be all of it. */
export function dropBeginning(run: Run, { records, end, last }: Beginning): void {
  const dense = isDense(run)
  if (run.at !== UNWRITTEN) run.at += end - run.start
  run.start = end
  run.records -= records
  run.first = dense ? last + 1 : recordNumber(run.segment.bytes, end, run.end)
}

/** Makes one of two neighbours, if they are such; what was held for the second is let go. */
export function joined(before: Entry | undefined, after: Entry): boolean {
  if (before === undefined) return false
  if (before.kind === 'gap') {
    return after.kind === 'gap' && after.reason === before.reason && widened(before, after)
  }
  if (after.kind !== 'run' || after.segment !== before.segment || after.start !== before.end) return false
  const follows = after.at === (before.at === UNWRITTEN ? UNWRITTEN : before.at + before.end - before.start)
  if (!follows) return false
  before.end = after.end
  before.records += after.records
  before.last = after.last
  after.segment.release()
  return true
}

/** Adds what was lost behind a lost range to it, whatever for; not if the plugin may have been told of either. */
export function widened(before: Entry | undefined, after: Entry): boolean {
  if (before?.kind !== 'gap' || after.kind !== 'gap') return false
  if (before.line !== undefined || after.line !== undefined) return false
  before.isMixed ||= after.isMixed || before.reason !== after.reason
  before.count = before.count === 0 || after.count === 0 ? 0 : before.count + after.count
  before.last = after.last
  return true
}

/** Leaves of a lost range, which is dense and not on its way, only what is above `seq`. */
export function trim(gap: Gap, seq: number): void {
  gap.count -= seq - gap.first + 1
  gap.first = seq + 1
  if (gap.line === undefined) return
  gap.line = undefined
  lineOf(gap)
}

/** Moves a run's bytes into `log`, and lets its segment go. */
export function moveTo(run: Run, log: SegmentLog): void {
  const length = run.end - run.start
  const target = log.reserve(length)
  const start = target.used
  target.used += run.segment.bytes.copy(target.bytes, start, run.start, run.end)
  target.hold()
  run.segment.release()
  run.segment = target
  run.start = start
  run.end = start + length
}

/** Whether no seq is missing between the first and the last. */
export function isDense(entry: Entry): boolean {
  return entry.last - entry.first + 1 === (entry.kind === 'run' ? entry.records : entry.count)
}

function denseOf({ segment: { bytes }, start, end, first, last }: Run): DenseRun {
  return { bytes, start, end, first, last }
}

function wholeOf(run: Run): Beginning {
  return { records: run.records, end: run.end, last: run.last }
}

/** Records from the front as long as `goesOn` says so of where one ends, how many it makes, and where it starts. */
function beginning(run: Run, goesOn: (end: number, count: number, start: number) => boolean): Beginning {
  const { bytes } = run.segment
  let end = run.start
  let lastStart = run.start
  let records = 0
  while (end < run.end) {
    const next = lineEnd(bytes, end)
    if (!goesOn(next, records + 1, end)) break
    lastStart = end
    end = next
    records++
  }
  if (records === 0) return { records, end, last: run.first - 1 }
  const last = isDense(run) ? run.first + records - 1 : recordNumber(bytes, lastStart, end)
  return { records, end, last }
}
