import { listFiles, type Work } from './file-port.js'
import { SegmentPath, type End } from './segment-path.js'
import { idxName, logName, segmentOf } from './segment-name.js'

/** The segments in a directory, and how far the newest is written: what somebody who does not have the journal open can know. */
export function* newestOf(): Work<{ readonly path: SegmentPath; readonly end: End } | undefined> {
  const files = yield* listFiles()
  const path = new SegmentPath(files.flatMap(({ name }) => segmentOf(name, '.idx') ?? []))
  const segment = path.last
  if (segment === undefined) return undefined
  const sizeOf = (wanted: string): number => files.find(({ name }) => name === wanted)?.bytes ?? 0
  return { path, end: { segment, idxBytes: sizeOf(idxName(segment)), logBytes: sizeOf(logName(segment)) } }
}
