// From a directory in whatever state to a journal that can be written to. Every step may be the last one: what it has changed by then
// must lead the next start to the same journal.

import { createHash } from 'node:crypto'
import { NO_SOURCE } from './block.js'
import { loadCheckpoint } from './checkpoint.js'
import { createSlots, loadSlot, NOTHING_ACKED, storeSlot, type CursorSlot } from './cursor-slot.js'
import { OWN_ORIGIN, OWN_STREAM, positionAfter } from './entry.js'
import { FileError, listFiles, perform, type ListedFile, type Work } from './file-port.js'
import type { GapLine } from './gap.js'
import { JournalError } from './journal-error.js'
import { loadMeta, newMeta, storeMeta, type Meta } from './meta.js'
import { sameSegment, type Previous } from './notes.js'
import { quarantine } from './quarantine.js'
import { rebuild, trimOld } from './rebuild.js'
import { SegmentPath } from './segment-path.js'
import { scanSegment, type Damage, type Scan, type ScanStart } from './segment-scan.js'
import { idxName, logName, segmentOf, type SegmentId } from './segment-name.js'
import { createSegment, nameSegment, NEW_IDX, syncSegment, type Extent } from './segment-writer.js'
import { StreamTable, type StreamState } from './stream-table.js'
import { trimEarlier } from './trim.js'

/** All that a journal knows of the world beside its files. */
export interface JournalWorld {
  /** Since the epoch; for people to read, nothing is decided by it. */
  readonly wallMs: () => number
  /** 32 hex digits, random. */
  readonly randomId: () => string
  readonly gapLine: GapLine
}

export interface JournalOptions {
  /** A new segment is begun at the first commit that would go over it. */
  readonly segmentBytes: number
  /** What damage found at the start does: refuse to open, or quarantine it, enter it as LOSS and go on. */
  readonly onDamage: 'stop' | 'skip'
  /** Own lines gather into blocks of at most this much. Lines given at once are never parted, so a longer piece is a block of its own. */
  readonly blockBytes: number
  /** A name that the log being written to has beside its own; none without. */
  readonly currentLog: string | undefined
}

export const SEGMENT_BYTES = 64 * 1024 * 1024

export const DEFAULT_OPTIONS: JournalOptions = {
  segmentBytes: SEGMENT_BYTES,
  onDamage: 'stop',
  blockBytes: 64 * 1024,
  currentLog: undefined,
}

export interface OpeningReport {
  /** Closed in order last time, or new. */
  readonly wasClean: boolean
  readonly tornBytes: number
  readonly damages: readonly Damage[]
  /** Positions that were durable once and that nothing is left of, at the end of the journal. */
  readonly missingTail: number
}

export interface Opened {
  readonly meta: Meta
  readonly path: SegmentPath
  readonly extent: Extent
  readonly table: StreamTable
  /** The next. */
  readonly position: number
  readonly slot: CursorSlot
  readonly report: OpeningReport
  /** Records lost with all segments, not entered yet. */
  readonly untold: number
}

/** A clock may be set to before 1970; an entry's cannot. */
export function saneWorld(world: JournalWorld): JournalWorld {
  return { ...world, wallMs: () => Math.max(0, Math.floor(world.wallMs())) }
}

export function* openFiles(world: JournalWorld, options: JournalOptions): Work<Opened> {
  const files = yield* listFiles()
  const path = new SegmentPath(files.flatMap(({ name }) => segmentOf(name, '.idx') ?? []))
  yield* tidy(files, path)
  // Whoever named the last segment may have died before the name was on disk.
  yield* perform({ kind: 'sync-dir', dir: '' })
  yield* trimEarlier(path, files)
  const meta = (yield* loadMeta()) ?? (yield* freshMeta(world, path))
  const slot = yield* loadSlot()
  yield* advisory(createSlots(new Set(files.map(({ name }) => name))))
  const adopted =
    path.last === undefined
      ? yield* firstSegment(world, options, meta, path, slot)
      : yield* adopt(world, options, meta, path, files, slot)
  const { extent, position } = adopted
  const next = slotOf(extent, position, false, (slot?.generation ?? 0) + 1, slot?.acked ?? NOTHING_ACKED)
  if (adopted.untold === 0) yield* advisory(storeSlot(next))
  return { meta, path, slot: next, ...adopted }
}

export function slotOf(
  { segment, idxBytes, logBytes }: Extent,
  next: number,
  isClean: boolean,
  generation: number,
  acked: CursorSlot['acked'],
): CursorSlot {
  return { generation, position: next - 1, segment, isClean, idxBytes, logBytes, acked }
}

/** A journal on a full disk can be opened and read; what the slots say may be old anyway. */
function* advisory(work: Work<void>): Work<void> {
  try {
    yield* work
  } catch (error) {
    if (!(error instanceof FileError)) throw error
  }
}

/** Removes what a death in the middle of making or purging a segment has left. */
function* tidy(files: readonly ListedFile[], path: SegmentPath): Work<void> {
  const names = new Set(files.map(({ name }) => name))
  const oldest = path.all[0]?.firstSeq ?? 0
  for (const { name, bytes } of files) {
    const segment = segmentOf(name, '.log')
    if (name.endsWith(NEW_IDX)) {
      yield* perform({ kind: 'unlink', file: name })
    } else if (segment !== undefined && !names.has(idxName(segment))) {
      const isLeftOver = bytes === 0 || segment.firstSeq < oldest || names.has(idxName(segment) + NEW_IDX)
      if (!isLeftOver) yield* perform({ kind: 'make-dir', dir: 'quarantine' })
      yield* perform(
        isLeftOver ? { kind: 'unlink', file: name } : { kind: 'rename', file: name, to: `quarantine/${name}` },
      )
    }
  }
}

function* freshMeta(world: JournalWorld, path: SegmentPath): Work<Meta> {
  if (path.last !== undefined) throw new JournalError('no-meta', 'there are segments but no meta.json')
  const stream = world.randomId()
  const meta = newMeta(world.randomId(), stream, createHash('sha256').update('ARP/1').update(stream, 'hex').digest())
  yield* storeMeta(meta)
  return meta
}

type Adopted = Pick<Opened, 'extent' | 'table' | 'position' | 'report' | 'untold'>

function* firstSegment(
  world: JournalWorld,
  options: JournalOptions,
  meta: Meta,
  path: SegmentPath,
  slot: CursorSlot | undefined,
): Work<Adopted> {
  const missingTail = slot?.position ?? 0
  if (options.onDamage === 'stop' && missingTail > 0) throw damagedError([], missingTail)
  const table = new StreamTable([ownState(meta, world.wallMs())])
  const extent = yield* createSegment(path.claim(1), undefined, 1, table, world.wallMs())
  yield* syncSegment(extent)
  yield* nameSegment(extent)
  const report = { wasClean: missingTail === 0, tornBytes: 0, damages: [], missingTail }
  return { extent, table, position: 1, report, untold: missingTail }
}

/** The journal's own stream before its first block. */
function ownState(meta: Meta, takenMs: number): StreamState {
  const chain = Buffer.from(meta.timelines[0].before, 'hex')
  return {
    principal: OWN_ORIGIN.principal,
    stream: OWN_STREAM,
    firstSeq: 1,
    lastSeq: 0,
    chain,
    takenMs,
    source: NO_SOURCE,
  }
}

function* adopt(
  world: JournalWorld,
  options: JournalOptions,
  meta: Meta,
  path: SegmentPath,
  files: readonly ListedFile[],
  slot: CursorSlot | undefined,
): Work<Adopted> {
  const { scan, start, previous, earlier, missingBefore } = yield* scanLast(world, meta, path, slot)
  const sizes = new Map(files.map(({ name, bytes }) => [name, bytes]))
  const { segment } = start
  const found = { idxBytes: sizes.get(idxName(segment)) ?? 0, logBytes: sizes.get(logName(segment)) ?? 0 }
  const position = endPosition(scan)
  const missingTail = Math.max(0, (slot?.position ?? 0) + 1 - position)
  const damages = [...earlier, ...scan.damages]
  const isWhole = damages.length === 0 && scan.tornBytes === 0 && missingTail === 0
  const isSworn =
    slot?.isClean === true &&
    sameSegment(slot.segment, segment) &&
    slot.idxBytes === found.idxBytes &&
    slot.logBytes === found.logBytes
  const isEmpty = found.idxBytes === start.from && found.logBytes === 0
  const report = { wasClean: isWhole && isSworn, tornBytes: scan.tornBytes, damages, missingTail }
  if (isWhole && (isSworn || isEmpty)) {
    const table = scan.settled.table.copy()
    for (const { entry } of scan.kept) table.apply(entry.origin, entry.block, entry.takenMs)
    return { extent: { segment, ...found, checkpointBytes: start.from, previous }, table, position, report, untold: 0 }
  }
  if (options.onDamage === 'stop' && (damages.length > 0 || missingTail > 0)) throw damagedError(damages, missingTail)
  yield* quarantine(damages)
  const isNothingLeft = scan.settled.idxBytes <= start.from
  const rebuilt = yield* rebuild({
    from: segment,
    to: path.claim(scan.settled.position),
    previous: isNothingLeft
      ? previous
      : { ...segment, idxBytes: scan.settled.idxBytes, logBytes: scan.settled.logBytes },
    scan: { ...scan, damages },
    missingBefore,
    durablePosition: (slot?.position ?? 0) + 1,
    wallMs: world.wallMs(),
    gapLine: world.gapLine,
  })
  yield* trimOld(segment, scan, isNothingLeft)
  if (isNothingLeft) path.remove(segment)
  return { ...rebuilt, report, untold: 0 }
}

function endPosition(scan: Scan): number {
  const last = scan.kept.at(-1)?.entry
  return last === undefined ? scan.settled.position : positionAfter(last)
}

function damagedError(damages: readonly Damage[], missingTail: number): JournalError {
  const ranges = damages.map(({ segment, idxFrom, idxTo }) => `${idxName(segment)} bytes ${idxFrom} to ${idxTo}`)
  if (missingTail > 0) ranges.push(`${missingTail} seqs are missing at the end`)
  return new JournalError('damaged', `the journal is damaged: ${ranges.join(', ')}`)
}

interface LastScan {
  readonly scan: Scan
  readonly start: ScanStart
  readonly previous: Previous | undefined
  /** In older segments, which had to be read because checkpoints are damaged. */
  readonly earlier: readonly Damage[]
  /** Positions that nothing is left of, in segments before the last one. */
  readonly missingBefore: number
}

/** Reads the last segment from its checkpoint. If that is damaged, everything from the last whole checkpoint on. */
function* scanLast(world: JournalWorld, meta: Meta, path: SegmentPath, slot: CursorSlot | undefined): Work<LastScan> {
  let index = path.all.length - 1
  let checkpoint = yield* loadCheckpoint(segmentAt(path, index))
  while (checkpoint === undefined && index > 0) checkpoint = yield* loadCheckpoint(segmentAt(path, --index))
  let previous = checkpoint?.previous
  let table = checkpoint?.table ?? new StreamTable([ownState(meta, world.wallMs())])
  let position = checkpoint?.position ?? segmentAt(path, index).firstSeq
  const earlier: Damage[] = []
  let missingBefore = 0
  for (;;) {
    const segment = segmentAt(path, index)
    // What follows has to be named after what is there, also where the end of the one before is gone.
    missingBefore += Math.max(0, segment.firstSeq - position)
    position = Math.max(position, segment.firstSeq)
    const from = checkpoint?.bytes ?? 0
    // A named index has a synced checkpoint, so whatever is at the front of one was whole.
    const swornBySlot = slot !== undefined && sameSegment(slot.segment, segment) ? slot.idxBytes : 0
    const sworn = Math.max(swornBySlot, checkpoint === undefined ? 1 : 0)
    const beforePosition = path.all[index + 1]?.firstSeq ?? Infinity
    const start: ScanStart = { segment, from, position, table, sworn, beforePosition }
    const scan = yield* scanSegment(start)
    if (++index === path.all.length) return { scan, start, previous, earlier, missingBefore }
    earlier.push(...scan.damages)
    const last = scan.kept.at(-1)
    const { idxBytes, logBytes } = scan.settled
    previous =
      last === undefined
        ? { ...segment, idxBytes, logBytes }
        : {
            ...segment,
            idxBytes: last.at + last.entry.size,
            logBytes: last.entry.offset + last.entry.block.lineBytes,
          }
    table = scan.settled.table
    for (const { entry } of scan.kept) table.apply(entry.origin, entry.block, entry.takenMs)
    position = endPosition(scan)
    checkpoint = undefined
  }
}

function segmentAt(path: SegmentPath, index: number): SegmentId {
  const segment = path.all[index]
  if (segment === undefined) throw new Error(`there is no segment ${index}`)
  return segment
}
