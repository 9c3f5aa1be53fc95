import type { Point, SpoolFacts } from './sender-input.js'

/** One stream of the spool, with what follows from its place among the others. */
export interface Timeline {
  readonly stream: string
  /** The stream that it was forked from, or ''. */
  readonly parent: string
  readonly from: number
  /** Before its first seq. */
  readonly start: Point
  /** Its last durable seq; `start` if it has none. */
  readonly end: Point
  readonly isClosed: boolean
}

/** Undefined: the spool has no such stream any more. */
export function timelineOf({ timelines, durable }: SpoolFacts, stream: string): Timeline | undefined {
  const at = timelines.findIndex((each) => each.stream === stream)
  const found = timelines[at]
  if (found === undefined) return undefined
  const { from, before } = found
  const next = timelines[at + 1]
  const parent = timelines[at - 1]?.stream ?? ''
  const end = next === undefined ? durable : { seq: next.from - 1, chain: next.before }
  return { stream, parent, from, start: { seq: from - 1, chain: before }, end, isClosed: next !== undefined }
}

/** The stream that goes on where this one of the spool ends. */
export function timelineBehind({ timelines }: SpoolFacts, stream: string): string | undefined {
  return timelines[timelines.findIndex((each) => each.stream === stream) + 1]?.stream
}
