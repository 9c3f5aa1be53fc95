// How a batch's lines hold their records: as the line protocol has them, each with its number, or as auditd writes them, the
// bare record, numbered in the order in which they come.

import { recordNumber } from '../protocol/line.js'
import { DispatcherViolation } from './sdk-error.js'

const LF = 0x0a
const BLANK = 0x20
/** `RECORD ` and at least one digit. */
const LEAST_BEFORE_RECORD_BYTES = 8

export interface LineLayout {
  /** Whether the lines are the records, and nothing else. */
  readonly isBare: boolean
  /** Where the record begins of the line that begins at `at`. */
  recordAt(bytes: Buffer, at: number): number
  /** The number of the record of the line bytes[at, end), the `index`th of its batch. */
  seqOf(bytes: Buffer, at: number, end: number, index: number): number
}

/** `RECORD <seq> <record>`. */
export const NUMBERED_LINES: LineLayout = { isBare: false, recordAt: behindNumber, seqOf: recordNumber }

/** The record alone; the first of the batch has the number `first`. */
export function bareLines(first: number): LineLayout {
  return { isBare: true, recordAt: (_bytes, at) => at, seqOf: (_bytes, _at, _end, index) => first + index }
}

function behindNumber(bytes: Buffer, at: number): number {
  for (let to = at + LEAST_BEFORE_RECORD_BYTES; to < bytes.length && bytes[to] !== LF; to++) {
    if (bytes[to] === BLANK) return to + 1
  }
  throw new DispatcherViolation('RECORD without a record')
}
