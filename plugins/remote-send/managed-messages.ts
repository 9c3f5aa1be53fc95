import { OWN_ORIGIN, type Entry } from '../../src/journal/entry.js'
import type { GapLine } from '../../src/journal/gap.js'
import { encodeRmw, HEADER_BYTES, MAX_KEPT_BYTES, RMW } from '../../src/remote/rmw/message.js'
import { fateOf, sequenceOf, withoutNuls, writeMessage } from '../../src/remote/rmw/sent-record.js'
import type { Outgoing } from '../../src/remote/rmw/unsettled.js'

const LF = 0x0a

export interface BlockMessages {
  readonly records: readonly Outgoing[]
  /** Records that auditd would cut: a notice goes in the place of each. */
  readonly tooLong: number
}

/** The messages that a block of the spool makes, from `fromSeq` on, in one piece of memory. */
export function messagesOf({ block }: Entry, given: Buffer, fromSeq: number, gapLine: GapLine): BlockMessages {
  const lines = withoutNuls(given)
  const lastSeq = block.firstSeq + block.count - 1
  // A line that stands for many seqs, or for none: it is sent under the last of them.
  if (block.lines !== block.count) {
    const frame = lines.length > 0 ? encodeRmw(RMW.message, sequenceOf(lastSeq), lines) : undefined
    return { records: [{ seq: lastSeq, frame }], tooLong: 0 }
  }
  const records: Outgoing[] = []
  const target = Buffer.allocUnsafe(lines.length + block.lines * HEADER_BYTES)
  let tooLong = 0
  let at = 0
  let seq = block.firstSeq
  for (let start = 0; start < lines.length; seq++) {
    const end = lines.indexOf(LF, start)
    if (seq >= fromSeq) {
      const fate = fateOf(lines, start, end)
      if (fate === 'sent') {
        const messageEnd = writeMessage(target, at, sequenceOf(seq), lines, start, end)
        records.push({ seq, frame: target.subarray(at, messageEnd) })
        at = messageEnd
      } else {
        const notice = fate === 'none' ? undefined : noticeOf('loss', 'too-long', seq, seq, block.wallMs, gapLine)
        if (notice !== undefined) tooLong++
        records.push({ seq, frame: notice })
      }
    }
    start = end + 1
  }
  return { records, tooLong }
}

/** A line that stands where records are missing: auditd has nothing else to say it with. */
export function noticeOf(
  kind: 'loss' | 'hole',
  reason: string,
  firstSeq: number,
  lastSeq: number,
  timeMs: number,
  gapLine: GapLine,
): Buffer {
  const count = lastSeq - firstSeq + 1
  const none = { fromSource: 0, toSource: 0 }
  const line = gapLine({ ...OWN_ORIGIN, ...none, kind, reason, firstSeq, count, isStated: true, lost: count, timeMs })
  return encodeRmw(RMW.message, sequenceOf(lastSeq), line.subarray(0, MAX_KEPT_BYTES))
}
