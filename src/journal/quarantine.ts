import { perform, readAt, type Work } from './file-port.js'
import type { Damage } from './segment-scan.js'
import { idxName, logName, segmentName } from './segment-name.js'

const DIR = 'quarantine'
const PIECE_BYTES = 1024 * 1024

/** Copies damaged ranges aside, durably, before anything else is done about them. Nothing here ever deletes them. */
export function* quarantine(damages: readonly Damage[]): Work<void> {
  if (damages.length === 0) return
  yield* perform({ kind: 'make-dir', dir: DIR })
  for (const { segment, idxFrom, idxTo, logFrom, logTo } of damages) {
    const name = `${DIR}/${segmentName(segment)}.${idxFrom}`
    yield* copyRange(idxName(segment), `${name}.idx`, idxFrom, idxTo)
    yield* copyRange(logName(segment), `${name}.log`, logFrom, logTo)
  }
  yield* perform({ kind: 'sync-dir', dir: DIR })
  yield* perform({ kind: 'sync-dir', dir: '' })
}

function* copyRange(from: string, to: string, first: number, end: number): Work<void> {
  // From a start that died before the damage was entered.
  yield [{ kind: 'unlink', file: to }]
  yield* perform({ kind: 'create', file: to })
  for (let at = first; at < end; at += PIECE_BYTES) {
    const piece = yield* readAt(from, at, Math.min(PIECE_BYTES, end - at))
    if (piece === undefined || piece.length === 0) break
    yield* perform({ kind: 'write', file: to, at: at - first, chunks: [piece] })
  }
  yield* perform({ kind: 'sync', file: to })
  yield* perform({ kind: 'close', file: to })
}
