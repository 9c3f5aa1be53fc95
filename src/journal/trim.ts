// The plain files are read by people and by ausearch, who know nothing of an index: what was written anew in a later segment must not
// stand in an older one as well. It is cut off as soon as the later one counts; a death in between leaves it to the next start.

import { loadCheckpoint } from './checkpoint.js'
import type { ListedFile, Work } from './file-port.js'
import { sameSegment } from './notes.js'
import type { SegmentPath } from './segment-path.js'
import { idxName, logName } from './segment-name.js'

/** Tidies up before the last segment. Nothing depends on it, so no failure matters. */
export function* trimEarlier(path: SegmentPath, files: readonly ListedFile[]): Work<void> {
  const { last } = path
  const checkpoint = last === undefined ? undefined : yield* loadCheckpoint(last)
  if (last === undefined || checkpoint === undefined) return
  const { previous } = checkpoint
  // A segment that was given up with nothing in force has its name from the same position.
  const isGivenUp = (firstSeq: number, retry: number): boolean => firstSeq === last.firstSeq && retry < last.retry
  for (const segment of path.all.filter(({ firstSeq, retry }) => isGivenUp(firstSeq, retry))) {
    if (sameSegment(previous, segment)) continue
    yield [{ kind: 'unlink', file: idxName(segment) }]
    yield [{ kind: 'sync-dir', dir: '' }]
    yield [{ kind: 'unlink', file: logName(segment) }]
    path.remove(segment)
  }
  if (previous === undefined) return
  const file = logName(previous)
  if ((files.find(({ name }) => name === file)?.bytes ?? 0) <= previous.logBytes) return
  yield [{ kind: 'truncate', file, bytes: previous.logBytes }]
  yield [{ kind: 'close', file }]
}
