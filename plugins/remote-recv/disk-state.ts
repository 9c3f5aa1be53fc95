import type { PeerState } from '../../src/remote/wire/message.js'
import type { DiskState } from './intake.js'

/** What is known of the disk that the journal lies on. */
export interface DiskFacts {
  /** Undefined: nobody knows, and then only errors tell. */
  readonly freeBytes: number | undefined
  /** The system's code of the error that the last commit ended with; undefined if it was well. */
  readonly commitError: string | undefined
  /** How long the commit under way has been waiting for the disk. */
  readonly commitMs: number
}

export interface DiskLimits {
  /** Below it senders are warned. */
  readonly lowBytes: number
  /** Below it nothing more is taken: what is left is for what was taken already, a new segment's table, and own messages. */
  readonly reserveBytes: number
}

/** A commit that takes longer than this is waiting for a disk that does not answer. */
export const STALL_MS = 30_000
/** A limit that was undercut counts as so much higher until it is left behind: on the edge the state would change with every block. */
const HYSTERESIS = 1.1

const NO_SPACE = new Set(['ENOSPC', 'EDQUOT'])

/** What the disk is fit for now. */
export function diskState(facts: DiskFacts, limits: DiskLimits, before: DiskState): DiskState {
  const { freeBytes = Infinity, commitError, commitMs } = facts
  if (commitMs >= STALL_MS) return 'stalled'
  if (commitError !== undefined) return NO_SPACE.has(commitError) ? 'full' : 'failing'
  if (freeBytes < limits.reserveBytes * (before === 'full' ? HYSTERESIS : 1)) return 'full'
  const isWarned = before !== 'ok'
  return freeBytes < limits.lowBytes * (isWarned ? HYSTERESIS : 1) ? 'low' : 'ok'
}

/** Whether anything more may be taken. */
export function takesMore(disk: DiskState): boolean {
  return disk === 'ok' || disk === 'low'
}

/** What senders are told of it. */
export function peerState(disk: DiskState): PeerState {
  switch (disk) {
    case 'ok':
    case 'low':
    case 'full':
      return disk
    case 'failing':
    case 'stalled':
      return 'error'
    default:
      return disk satisfies never
  }
}
