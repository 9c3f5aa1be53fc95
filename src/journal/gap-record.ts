import { ownRecordLine, type Author } from '../protocol/own-record.js'
import { OWN_STREAM } from './entry.js'
import type { Gap } from './gap.js'

/** The line by which a LOSS or a HOLE stands in the log, for those who read it with ausearch. */
export function gapRecord(gap: Gap, author: Author, node: string): Buffer {
  const fields: Record<string, string | number> = { reason: gap.reason }
  if (gap.principal !== '') fields['principal'] = gap.principal
  if (gap.stream !== OWN_STREAM) fields['stream'] = gap.stream
  if (gap.isStated) Object.assign(fields, { first: gap.firstSeq, last: gap.firstSeq + gap.count - 1 })
  if (gap.fromSource !== 0) Object.assign(fields, { 'source-first': gap.fromSource, 'source-last': gap.toSource })
  fields['lost'] = gap.lost === 0 ? 'unknown' : gap.lost
  return ownRecordLine({ op: `journal-${gap.kind}`, fields, success: false }, author, node, gap.timeMs, gap.firstSeq)
}
