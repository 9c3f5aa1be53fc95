import { recordTypeNumber } from '../../src/protocol/record-type.js'
import { UNKNOWN_TYPE } from '../../src/protocol/frame.js'
import { signed32 } from './c-number.js'

/** What a name that nobody knows counts as: below all others. */
export const NO_TYPE = -1
const NUMBERED = 'UNKNOWN['
/** As many characters behind `UNKNOWN[` are looked at. */
const MAX_DIGITS = 7

/** The number of a record type as libaudit has it: by name in either case, as `UNKNOWN[n]`, or as digits; else NO_TYPE. */
export function typeNumber(name: string): number {
  if (name.startsWith(NUMBERED)) {
    const end = name.indexOf(']', NUMBERED.length)
    return end === -1 ? NO_TYPE : signed32(name.slice(NUMBERED.length, Math.min(end, NUMBERED.length + MAX_DIGITS)))
  }
  const upper = name.toUpperCase()
  const known = upper.startsWith(NUMBERED) ? UNKNOWN_TYPE : recordTypeNumber(upper)
  if (known !== UNKNOWN_TYPE) return known
  return /^\d/.test(name) ? signed32(name) : NO_TYPE
}
