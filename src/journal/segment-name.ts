/** A pair of files. `retry` counts the segments given up before that were to begin at the same seq; nearly always 0. */
export interface SegmentId {
  readonly firstSeq: number
  readonly retry: number
}

const DIGITS = 20

/** `<first seq>`, padded so that names sort as numbers do; a second attempt at the same first seq gets `-r1` behind it. */
export function segmentName(id: SegmentId): string {
  return String(id.firstSeq).padStart(DIGITS, '0') + (id.retry === 0 ? '' : `-r${id.retry}`)
}

export function idxName(id: SegmentId): string {
  return `${segmentName(id)}.idx`
}

export function logName(id: SegmentId): string {
  return `${segmentName(id)}.log`
}

/** The segment that a file belongs to; undefined if the name is not of this form. */
export function segmentOf(file: string, extension: '.idx' | '.log'): SegmentId | undefined {
  const found = /^([0-9]{20})(?:-r([1-9][0-9]{0,8}))?(\.idx|\.log)$/.exec(file)
  if (found === null || found[3] !== extension) return undefined
  const id = { firstSeq: Number(found[1]), retry: Number(found[2] ?? 0) }
  return Number.isSafeInteger(id.firstSeq) ? id : undefined
}

export function compareSegments(a: SegmentId, b: SegmentId): number {
  return a.firstSeq - b.firstSeq || a.retry - b.retry
}
