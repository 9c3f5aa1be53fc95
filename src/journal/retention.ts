// How long what is acknowledged is kept all the same: so much, or so long, whichever is less. Both are counted from the newest end:
// what is kept is the part that a receiver restored from a backup would ask for.

/** A segment as retention sees it; a pair of files goes as a whole. */
export interface HeldSegment {
  readonly firstPosition: number
  /** Below the first: nothing in it. */
  readonly lastPosition: number
  /** Of both files. */
  readonly bytes: number
  /** By the wall clock, when it was last written to, or later. */
  readonly newestMs: number
}

export interface RetentionLimits {
  /** Of acknowledged segments, those that are kept come to no more than this. */
  readonly maxBytes: number
  readonly maxAgeMs: number
}

/**
 * The position up to which to purge; 0: nothing goes. Oldest first, only what lies wholly at or below `ackedPosition`, and never the
 * newest segment. A clock that was set back keeps more, for as long as `maxBytes` allows.
 */
export function freeUpTo(
  segments: readonly HeldSegment[],
  ackedPosition: number,
  nowMs: number,
  { maxBytes, maxAgeMs }: RetentionLimits,
): number {
  const acked = segments.slice(0, -1).filter(({ lastPosition }) => lastPosition <= ackedPosition)
  let bytes = acked.reduce((sum, segment) => sum + segment.bytes, 0)
  let position = 0
  for (const segment of acked) {
    if (bytes <= maxBytes && nowMs - segment.newestMs <= maxAgeMs) return position
    bytes -= segment.bytes
    position = segment.lastPosition
  }
  return position
}
