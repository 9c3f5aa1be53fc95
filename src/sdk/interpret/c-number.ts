// Numbers as C's strtoul and its kin read them: blanks, a sign, for 16 perhaps 0x, then digits; what follows is passed over,
// no digits are zero, and a minus goes round the end of 64 bits.

type Base = 8 | 10 | 16

const NUMBERS: Readonly<Record<Base, RegExp>> = {
  8: /^[\t-\r ]*([+-]?)([0-7]*)/,
  10: /^[\t-\r ]*([+-]?)(\d*)/,
  16: /^[\t-\r ]*([+-]?)(?:0[xX](?=[0-9a-fA-F]))?([0-9a-fA-F]*)/,
}
const PREFIXES: Readonly<Record<Base, string>> = { 8: '0o', 10: '', 16: '0x' }
/** Digits that a number holds exactly, whatever they are. */
const EXACT_DIGITS = 13
/** Of 64 bits, in octal: a number of more is out of range in every base, and is not worth its conversion. */
const MAX_DIGITS = 22
const TOO_LARGE = 2n ** 66n
const TWO_32 = 4294967296
const MAX_UNSIGNED = 2n ** 64n - 1n
const MAX_SIGNED = 2n ** 63n - 1n

/** The lower 32 bits of what strtoul reads, as C keeps them in an `unsigned int`; undefined if it is out of range. */
export function lowBits(text: string, base: Base): number | undefined {
  const [sign, digits] = numberIn(text, base)
  if (digits.length > EXACT_DIGITS) return asLowBits(wholeNumber(text, base))
  const number = digits === '' ? 0 : Number.parseInt(digits, base)
  return (sign === '-' ? -number : number) >>> 0
}

/** What strtoul and strtoull read, 0 to 2^64-1; undefined if it is out of range. */
export function wholeNumber(text: string, base: Base): bigint | undefined {
  const [sign, digits] = numberIn(text, base)
  const number = magnitude(digits, base)
  if (number > MAX_UNSIGNED) return undefined
  return BigInt.asUintN(64, sign === '-' ? -number : number)
}

/** What strtol and strtoll read, -2^63 to 2^63-1; undefined if it is out of range. */
export function signedNumber(text: string, base: Base): bigint | undefined {
  const [sign, digits] = numberIn(text, base)
  const number = magnitude(digits, base) * (sign === '-' ? -1n : 1n)
  return number > MAX_SIGNED || number < -MAX_SIGNED - 1n ? undefined : number
}

function numberIn(text: string, base: Base): readonly [sign: string, digits: string] {
  const [, sign = '', digits = ''] = NUMBERS[base].exec(text) ?? []
  return [sign, digits]
}

function magnitude(digits: string, base: Base): bigint {
  const significant = digits.replace(/^0+/, '')
  if (significant.length > MAX_DIGITS) return TOO_LARGE
  return significant === '' ? 0n : BigInt(PREFIXES[base] + significant)
}

function asLowBits(number: bigint | undefined): number | undefined {
  return number === undefined ? undefined : Number(number % BigInt(TWO_32))
}
