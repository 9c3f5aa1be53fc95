import type { Run } from '../../src/dispatcher/entry.js'
import { UNWRITTEN } from '../../src/dispatcher/entry.js'
import type { Segment } from '../../src/dispatcher/segment.js'

/** Writes RECORD lines with these seqs behind what is in the segment, and holds it for the run that they are. */
export function runIn(segment: Segment, seqs: readonly number[], at = UNWRITTEN): Run {
  const start = segment.used
  for (const seq of seqs) segment.used += segment.bytes.write(`RECORD ${seq} type=EOE n=${seq}\n`, segment.used)
  segment.hold()
  const [first = 0] = seqs
  return { kind: 'run', segment, start, end: segment.used, records: seqs.length, first, last: seqs.at(-1) ?? 0, at }
}

export function textOf({ segment, start, end }: Run): string {
  return segment.bytes.toString('latin1', start, end)
}

export function seqsIn(run: Run): number[] {
  return [...textOf(run).matchAll(/^RECORD (\d+) /gm)].map(([, seq]) => Number(seq))
}
