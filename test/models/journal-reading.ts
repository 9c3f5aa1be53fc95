// What stands in a journal, read twice: by the library, and as anybody would who knows nothing of indexes.

import { OWN_STREAM } from '../../src/journal/entry.js'
import { listFiles, readAt, type Work } from '../../src/journal/file-port.js'
import { JournalReader, type ReadBlock } from '../../src/journal/journal-reader.js'
import { loadMeta } from '../../src/journal/meta.js'
import { readGapNote } from '../../src/journal/notes.js'
import { SegmentPath } from '../../src/journal/segment-path.js'
import { idxName, logName, segmentOf } from '../../src/journal/segment-name.js'

export interface StoodBlock {
  readonly principal: string
  /** A spool's own blocks go by the id of the timeline that they are in. */
  readonly stream: string
  readonly kind: ReadBlock['entry']['block']['kind']
  readonly isStated: boolean
  readonly position: number
  readonly firstSeq: number
  readonly count: number
  readonly lines: readonly string[]
  /** Of an entry for what is gone; '' and 0 of all others. 0 records is an unknown number. */
  readonly reason: string
  readonly lost: number
}

export interface Reading {
  readonly blocks: readonly StoodBlock[]
  /** Bytes of the index that are no entry, or whose lines are not what they say. */
  readonly damages: number
  /** The lines of all `.log` files, one after the other. */
  readonly plain: readonly string[]
}

const MAX_LOG_BYTES = 256 * 1024 * 1024

export function* readJournal(): Work<Reading> {
  const files = yield* listFiles()
  const sizes = new Map(files.map(({ name, bytes }) => [name, bytes]))
  const path = new SegmentPath(files.flatMap(({ name }) => segmentOf(name, '.idx') ?? []))
  const newest = path.last
  if (newest === undefined) return { blocks: [], damages: 0, plain: [] }
  const timelines = (yield* loadMeta())?.timelines ?? []
  const end = { segment: newest, idxBytes: sizes.get(idxName(newest)) ?? 0, logBytes: sizes.get(logName(newest)) ?? 0 }
  const blocks: StoodBlock[] = []
  let damages = 0
  const reader = new JournalReader(path, 0, () => end)
  for (let item = yield* reader.next(); item !== undefined; item = yield* reader.next()) {
    if (item.kind === 'damage') damages++
    else
      blocks.push(
        stood(item, (seq) => timelines.findLast(({ fromSeq }) => fromSeq <= seq)?.stream ?? 'before all timelines'),
      )
  }
  const plain: string[] = []
  for (const segment of path.all) plain.push(...linesIn(yield* readAt(logName(segment), 0, MAX_LOG_BYTES)))
  return { blocks, damages, plain }
}

function stood({ entry, lines }: ReadBlock, ownStream: (seq: number) => string): StoodBlock {
  const { origin, block, position } = entry
  const { kind, isStated, firstSeq, count } = block
  const note = kind === 'loss' || kind === 'hole' ? readGapNote(block.note) : undefined
  const isOwn = origin.principal === '' && origin.stream === OWN_STREAM
  return {
    principal: origin.principal,
    stream: isOwn ? ownStream(firstSeq) : origin.stream,
    kind,
    isStated,
    position,
    firstSeq,
    count,
    lines: linesIn(lines),
    reason: note?.reason ?? '',
    lost: note?.lost ?? 0,
  }
}

/** latin1, so that each byte is kept apart. */
function linesIn(bytes: Buffer | undefined): string[] {
  const lines = (bytes ?? Buffer.alloc(0)).toString('latin1').split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines
}
