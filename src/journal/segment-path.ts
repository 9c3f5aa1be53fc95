import { loadCheckpoint, type Checkpoint } from './checkpoint.js'
import type { Work } from './file-port.js'
import { sameSegment } from './notes.js'
import { compareSegments, segmentName, type SegmentId } from './segment-name.js'

/** A stretch of an index that is in force. */
export interface Stretch {
  readonly segment: SegmentId
  /** Behind the checkpoint; 0 where that is damaged. */
  readonly from: number
  /** Infinity where nobody says: to the end of the file. */
  readonly end: number
  /** The same of the log. */
  readonly logEnd: number
  /** Entries from this position on belong to the segment after it. */
  readonly beforePosition: number
}

/** How much of the newest segment is durable. */
export interface End {
  readonly segment: SegmentId
  readonly idxBytes: number
  readonly logBytes: number
}

type Known = Pick<Checkpoint, 'bytes' | 'previous' | 'wallMs'>

/** The segments of a journal, and which part of each is in force: each checkpoint says it of the segment before. */
export class SegmentPath {
  readonly #segments: SegmentId[]
  /** Checkpoints that have been read, by name; undefined for a damaged one. */
  readonly #known = new Map<string, Known | undefined>()

  constructor(segments: readonly SegmentId[]) {
    this.#segments = segments.toSorted(compareSegments)
  }

  get all(): readonly SegmentId[] {
    return this.#segments
  }

  get last(): SegmentId | undefined {
    return this.#segments.at(-1)
  }

  /** A name that was never used for a segment beginning at this seq; it counts as used from now on. */
  claim(firstSeq: number): SegmentId {
    const taken = this.#segments.filter((segment) => segment.firstSeq === firstSeq)
    const id = { firstSeq, retry: taken.reduce((next, { retry }) => Math.max(next, retry + 1), 0) }
    this.#segments.push(id)
    this.#segments.sort(compareSegments)
    return id
  }

  remove(segment: SegmentId): void {
    const at = this.#segments.findIndex((each) => sameSegment(each, segment))
    if (at >= 0) this.#segments.splice(at, 1)
    this.#known.delete(segmentName(segment))
  }

  /**
   * What is in force from the segment that holds `position` up to the newest, of which that much is durable. Segments that no later one
   * points to were given up and are left out.
   */
  *from(position: number, newest: End): Work<Stretch[]> {
    const stretches: Stretch[] = []
    // As it is now: it may change between two steps.
    const segments = [...this.#segments]
    let at = segments.findIndex((each) => sameSegment(each, newest.segment))
    let { idxBytes: end, logBytes: logEnd } = newest
    let beforePosition = Infinity
    for (let segment = segments[at]; segment !== undefined; segment = segments[at]) {
      const known = yield* this.#checkpoint(segment)
      stretches.unshift({ segment, from: known?.bytes ?? 0, end, logEnd, beforePosition })
      if (segment.firstSeq <= position) break
      beforePosition = segment.firstSeq
      logEnd = Infinity
      at = indexBefore(segments, at, known)
      // Of the one pointed to; where that is gone, the one before it counts to its end.
      const { previous } = known ?? {}
      end =
        previous !== undefined && segments.findIndex((each) => sameSegment(previous, each)) === at
          ? previous.idxBytes
          : Infinity
    }
    return stretches
  }

  /** When a segment was begun; undefined where its checkpoint is damaged or gone. */
  *begunMs(segment: SegmentId): Work<number | undefined> {
    return (yield* this.#checkpoint(segment))?.wallMs
  }

  *#checkpoint(segment: SegmentId): Work<Known | undefined> {
    const name = segmentName(segment)
    if (!this.#known.has(name)) {
      const read = yield* loadCheckpoint(segment)
      // Without the table, which may be large.
      this.#known.set(name, read && { bytes: read.bytes, previous: read.previous, wallMs: read.wallMs })
    }
    return this.#known.get(name)
  }
}

/** The segment pointed to. If it is gone, the last one before it: none after a purge. A damaged checkpoint points nowhere. */
function indexBefore(segments: readonly SegmentId[], at: number, known: Known | undefined): number {
  if (known === undefined) return at - 1
  const { previous } = known
  if (previous === undefined) return -1
  // Never forward: whatever a checkpoint says, the walk has an end.
  return Math.min(
    at - 1,
    segments.findLastIndex((each) => compareSegments(each, previous) <= 0),
  )
}
