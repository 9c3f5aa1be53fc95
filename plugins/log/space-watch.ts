// When free space is to be spoken of. Each threshold is told once, and again only after there has been clearly more than that: free
// space that moves around a threshold is not news.

import { bytesToKeepFree, type FreeSpace } from '../../src/remote/free-space.js'

const MIB = 1024 ** 2

export type SpaceLevel = 'well' | 'low' | 'admin-low'

export interface Room {
  readonly freeBytes: number
  readonly totalBytes: number
}

export interface Thresholds {
  readonly spaceLeft: FreeSpace
  readonly adminSpaceLeft: FreeSpace
}

/** The level that follows on `level` when there is so much room. */
export function nextLevel(level: SpaceLevel, { freeBytes, totalBytes }: Room, thresholds: Thresholds): SpaceLevel {
  const first = bytesToKeepFree(thresholds.spaceLeft, totalBytes)
  const last = bytesToKeepFree(thresholds.adminSpaceLeft, totalBytes)
  if (freeBytes < last || (level === 'admin-low' && freeBytes < clearlyMore(last))) return 'admin-low'
  if (freeBytes < first || (level !== 'well' && freeBytes < clearlyMore(first))) return 'low'
  return 'well'
}

/** A tenth more, and a mebibyte at most: a threshold of nothing has nothing above it. */
function clearlyMore(bytes: number): number {
  return bytes + Math.min(MIB, Math.ceil(bytes / 10))
}
