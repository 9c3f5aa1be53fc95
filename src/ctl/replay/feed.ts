// From the files to the player, in their order and at the pace that was asked for.

import { CtlError, type Problem } from '../ctl-error.js'
import type { Pace } from './pace.js'
import type { Player } from './player.js'
import { bytesOf, type RecordedFile } from './recording.js'
import { RecordReader, type ReadCounts, type RecordBatch, type TimeSpan } from './record-reader.js'

/** Records that are due so soon go with those that are due now. */
const SLACK_MS = 2
/** So often a pause looks whether it has been ended. */
const LONGEST_NAP_MS = 200

export interface FeedWorld {
  readonly nowMs: () => number
  readonly sleep: (ms: number) => Promise<void>
  /** Somebody wants it to come to an end. */
  readonly isOver: () => boolean
  /** The same for what is waited for. */
  readonly signal?: AbortSignal
}

export interface Fed extends ReadCounts {
  readonly path: string
  /** Why its rest was not read. */
  readonly problem: Problem | undefined
}

export interface Progress {
  records: number
  /** As they lie on the disk. */
  bytes: number
}

/** Reads one file; what is wrong with it comes back, so that the next one has its turn. */
export async function feedFile(
  { path, bytes: mostBytes }: RecordedFile,
  span: TimeSpan,
  pace: Pace,
  player: Pick<Player, 'write'>,
  progress: Progress,
  world: FeedWorld,
): Promise<Fed> {
  let reader: RecordReader | undefined
  let problem: Problem | undefined
  let isOver = false
  const before = progress.records
  try {
    const { signal } = world
    const onRead = (bytes: number): void => {
      progress.bytes += bytes
    }
    for await (const chunk of bytesOf(path, { mostBytes, onRead, ...(signal && { signal }) })) {
      reader ??= new RecordReader(chunk, span)
      const isRecords = reader.push(chunk)
      isOver = !(await give(reader.batch(), pace, player, progress, world))
      if (isOver) break
      if (!isRecords) {
        problem = { message: `${path}: no audit records are in it`, mend: 'give audit logs, or recorded streams' }
        break
      }
    }
    // Where it was ended, what came last may be half a record.
    if (reader !== undefined && !isOver && !world.isOver()) {
      reader.end()
      await give(reader.batch(), pace, player, progress, world)
    }
  } catch (error) {
    if (!(error instanceof CtlError)) throw error
    ;[problem] = error.problems
  }
  const { passedOver, strange } = reader?.counts ?? { passedOver: 0, strange: 0 }
  // What was read and not given any more was not replayed.
  return { path, records: progress.records - before, passedOver, strange, problem }
}

/** False: it has come to an end. */
async function give(
  { bytes, ends, timesMs }: RecordBatch,
  pace: Pace,
  player: Pick<Player, 'write'>,
  progress: Progress,
  world: FeedWorld,
): Promise<boolean> {
  let [from, given] = [0, 0]
  const sendTo = async (count: number): Promise<boolean> => {
    const to = ends[count - 1] ?? 0
    if (to > from && !(await player.write(bytes.subarray(from, to)))) return false
    progress.records += count - given
    from = to
    given = count
    return !world.isOver()
  }
  for (const [index, timeMs] of timesMs.entries()) {
    const dueMs = pace.dueMs(timeMs)
    if (dueMs <= world.nowMs() + SLACK_MS) continue
    // Those before it go now.
    if (!(await sendTo(index)) || !(await waitFor(dueMs, world))) return false
  }
  return sendTo(ends.length)
}

/** False: it has come to an end meanwhile. */
async function waitFor(dueMs: number, world: FeedWorld): Promise<boolean> {
  for (let leftMs = dueMs - world.nowMs(); leftMs > SLACK_MS; leftMs = dueMs - world.nowMs()) {
    if (world.isOver()) return false
    await world.sleep(Math.min(LONGEST_NAP_MS, leftMs))
  }
  return !world.isOver()
}
