// Numbers as the C library's strtoul and strtol read them: blanks first, then a sign, then digits as far as they go. What
// has no digits is 0.

const INTEGER = /^[ \t\n\v\f\r]*([+-]?)(\d*)/
const BITS = 64
const MAX_UNSIGNED = 2n ** 64n - 1n
const MAX_SIGNED = 2n ** 63n - 1n
/** Shorter than this a number needs no care. */
const SAFE_DIGITS = 15

/** strtoul, cut to 32 bits; undefined for a number that has no 64. */
export function unsigned32(text: string): number | undefined {
  const [, sign = '', digits = ''] = INTEGER.exec(text) ?? []
  if (sign !== '-' && digits.length <= SAFE_DIGITS) return Number(digits) % 2 ** 32
  const magnitude = BigInt(digits === '' ? 0 : digits)
  if (magnitude > MAX_UNSIGNED) return undefined
  return Number(BigInt.asUintN(32, sign === '-' ? BigInt.asUintN(BITS, -magnitude) : magnitude))
}

/** The same of a record, where a number that has no 64 bits is the highest. */
export function fieldNumber(text: string): number {
  return unsigned32(text) ?? 2 ** 32 - 1
}

/** strtol, cut to 32 bits. */
export function signed32(text: string): number {
  const [, sign = '', digits = ''] = INTEGER.exec(text) ?? []
  const magnitude = BigInt(digits === '' ? 0 : digits)
  const value = sign === '-' ? -magnitude : magnitude
  const bounded = value > MAX_SIGNED ? MAX_SIGNED : value < -MAX_SIGNED - 1n ? -MAX_SIGNED - 1n : value
  return Number(BigInt.asIntN(32, bounded))
}
