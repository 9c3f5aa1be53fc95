// Whether the spool may grow, and what becomes of records while it may not. Pure: what is true of the disk and what the admin wants go
// in, what to do comes out.

import { bytesToKeepFree, type FreeSpace } from '../../src/remote/free-space.js'
import type { OnFull } from './admin-action.js'

/**
 * Kept back from the limits for the LOSS that tells of what was dropped. It is entered when there is room again, but a limit that was
 * lowered, or another program that fills the disk, must not keep it out.
 */
export const RESERVE_BYTES = 64 * 1024

/** A spool that was full is not until there is room for so much. */
export const ROOM_AGAIN_BYTES = 256 * 1024

export interface RoomFacts {
  /** Of all files of the spool. */
  readonly spoolBytes: number
  /** Of its file system; undefined where the system does not say. */
  readonly fileSystem: { readonly freeBytes: number; readonly totalBytes: number } | undefined
  /** The system's code of the last commit's failure; empty if it was well. */
  readonly commitError: string
}

export interface RoomLimits {
  readonly maxBytes: number
  readonly minFsFree: FreeSpace
}

export type FullReason = 'max-bytes' | 'fs-free' | 'no-space' | 'disk-error'

const NO_SPACE = new Set(['ENOSPC', 'EDQUOT'])

export interface Room {
  /** How many more may be written; not below 0. */
  readonly bytes: number
  /** What keeps it from being more. */
  readonly limit: FullReason
}

export function roomLeft(facts: RoomFacts, limits: RoomLimits): Room {
  if (facts.commitError !== '') return { bytes: 0, limit: NO_SPACE.has(facts.commitError) ? 'no-space' : 'disk-error' }
  const own = Math.max(0, limits.maxBytes - RESERVE_BYTES - facts.spoolBytes)
  if (facts.fileSystem === undefined) return { bytes: own, limit: 'max-bytes' }
  const { freeBytes, totalBytes } = facts.fileSystem
  const shared = Math.max(0, freeBytes - bytesToKeepFree(limits.minFsFree, totalBytes))
  return own <= shared ? { bytes: own, limit: 'max-bytes' } : { bytes: shared, limit: 'fs-free' }
}

/**
 * Why the next `bytes` cannot be taken; undefined if they can. A spool that was full has room only when there is some more: on the edge,
 * records would be dropped and taken in turn, with a LOSS for each turn. Where the oldest go, there is room by whole segments anyway.
 */
export function fullReason(
  room: Room,
  bytes: number,
  before: Fullness,
  onFull: OnFull['kind'],
): FullReason | undefined {
  const isOnEdge = before.kind !== 'room' && onFull !== 'drop_oldest'
  return room.bytes < (isOnEdge ? Math.max(bytes, ROOM_AGAIN_BYTES) : bytes) ? room.limit : undefined
}

/** `suspended`: records are dropped until the admin says otherwise, whatever room there is. */
export type Fullness =
  | { readonly kind: 'room' }
  | { readonly kind: 'full'; readonly reason: FullReason; readonly sinceMs: number }
  | { readonly kind: 'suspended'; readonly reason: FullReason; readonly sinceMs: number }

export const ROOM: Fullness = { kind: 'room' }

/** What is done with the records that wait. */
export type Admission = 'take' | 'hold' | 'drop' | 'free-oldest'

export interface Judgement {
  readonly fullness: Fullness
  readonly admission: Admission
}

/** `reason`: why there is no room now; undefined if there is. */
export function judge(
  before: Fullness,
  reason: FullReason | undefined,
  onFull: OnFull['kind'],
  nowMs: number,
): Judgement {
  if (before.kind === 'suspended') return { fullness: before, admission: 'drop' }
  if (reason === undefined) return { fullness: ROOM, admission: 'take' }
  const sinceMs = before.kind === 'full' ? before.sinceMs : nowMs
  const full: Fullness = { kind: 'full', reason, sinceMs }
  switch (onFull) {
    case 'block':
    case 'exec':
    case 'single':
    case 'halt':
      return { fullness: full, admission: 'hold' }
    case 'drop_newest':
      return { fullness: full, admission: 'drop' }
    case 'suspend':
      return { fullness: { kind: 'suspended', reason, sinceMs }, admission: 'drop' }
    case 'drop_oldest':
      // A disk that gives errors is not mended by removing what the other side has not got yet.
      return { fullness: full, admission: reason === 'disk-error' ? 'hold' : 'free-oldest' }
  }
  return onFull satisfies never
}

/** Suspension ends by the admin's word alone: SIGUSR2, or a reload. */
export function resumed(before: Fullness): Fullness {
  return before.kind === 'suspended' ? ROOM : before
}
