// The last digits of a serial as they stand in a record, four characters as one number, so that two serials are compared
// without reading either.

/** How many digits that are. */
export const TAIL_DIGITS = 4
/** As no four digits look. */
export const NO_TAIL = -1
export const TAILS = 10_000
const ZERO = 0x30

/** NO_TAIL: it is too short to have one. */
export function tailOf(serial: number): number {
  if (serial < TAILS / 10) return NO_TAIL
  let tail = 0
  let rest = serial
  for (let shift = 0; shift < 32; shift += 8) {
    tail |= (ZERO + (rest % 10)) << shift
    rest = Math.floor(rest / 10)
  }
  return tail
}

/** The number that it is the tail of, less what stands before it. */
export function tailNumber(tail: number): number {
  const thousands = (tail >>> 24) - ZERO
  const hundreds = ((tail >>> 16) & 0xff) - ZERO
  const tens = ((tail >>> 8) & 0xff) - ZERO
  return thousands * 1000 + hundreds * 100 + tens * 10 + (tail & 0xff) - ZERO
}

/** Of the number that comes next; NO_TAIL if what stands before it changes too. */
export function tailAfter(tail: number): number {
  if (tail === NO_TAIL) return NO_TAIL
  const number = tailNumber(tail) + 1
  return number === TAILS ? NO_TAIL : tailOf(TAILS + number)
}
