// Finds places in a run whose seqs have no gap without going through its records: a seq says how many there are before it,
// and each line says its own. So a write that ended anywhere, or an acknowledgement, costs a few looks, not one a record.

import { lineEnd, recordNumber } from '../protocol/line.js'

const LF = 0x0a
/** So near to it, or after so many looks, the records that remain are gone through. */
const NEAR = 8
const MAX_LOOKS = 24

/** RECORD lines in bytes[start, end), with the seqs first to last and none left out. */
export interface DenseRun {
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
  readonly first: number
  readonly last: number
}

/** Where the record `seq` ends, which is one of the run. */
export function endOfSeq({ bytes, start, end, first, last }: DenseRun, seq: number): number {
  let low = { at: start, seq: first }
  let high = { at: end, seq: last + 1 }
  for (let looks = 0; looks < MAX_LOOKS && seq - low.seq > NEAR; looks++) {
    // Every other look halves what is left, as records of very different lengths mislead the guess.
    const share = looks % 2 === 0 ? (seq + 1 - low.seq) / (high.seq - low.seq) : 0.5
    const guess = low.at + Math.floor(share * (high.at - low.at - 1))
    const at = Math.max(bytes.lastIndexOf(LF, guess - 1) + 1, low.at)
    const found = at === low.at ? low.seq : recordNumber(bytes, at, end)
    if (found === seq + 1) return at
    if (found > seq) high = { at, seq: found }
    else low = at === low.at ? { at: lineEnd(bytes, at), seq: low.seq + 1 } : { at, seq: found }
  }
  let { at } = low
  for (let each = low.seq; each <= seq; each++) at = lineEnd(bytes, at)
  return at
}

/** The last record that ends at or before `limit`: its seq and where it ends; seq `first - 1` when there is none. */
export function lastWholeBefore({ bytes, start, first }: DenseRun, limit: number): { seq: number; end: number } {
  const end = limit <= start ? start : bytes.lastIndexOf(LF, limit - 1) + 1
  if (end <= start) return { seq: first - 1, end: start }
  const lineStart = Math.max(bytes.lastIndexOf(LF, end - 2) + 1, start)
  return { seq: recordNumber(bytes, lineStart, end), end }
}
