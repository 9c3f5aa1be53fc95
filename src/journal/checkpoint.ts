import type { Work } from './file-port.js'
import { readCheckpointNote, type Previous } from './notes.js'
import { SegmentWalk } from './segment-walk.js'
import type { SegmentId } from './segment-name.js'
import { StreamTable } from './stream-table.js'

/** The entry that every index begins with: all that came before, so that nothing before has to be read. */
export interface Checkpoint {
  readonly bytes: number
  readonly position: number
  /** When the segment was begun. */
  readonly wallMs: number
  readonly previous: Previous | undefined
  readonly table: StreamTable
}

/** Undefined if it is damaged. */
export function* loadCheckpoint(segment: SegmentId): Work<Checkpoint | undefined> {
  const found = yield* new SegmentWalk(segment).look(0, Infinity)
  if (found?.kind !== 'block' || found.entry.block.kind !== 'checkpoint') return undefined
  const note = readCheckpointNote(found.entry.block.note)
  if (note === undefined) return undefined
  const { size, position } = found.entry
  return {
    bytes: size,
    position,
    wallMs: found.entry.takenMs,
    previous: note.previous,
    table: new StreamTable(note.streams),
  }
}
