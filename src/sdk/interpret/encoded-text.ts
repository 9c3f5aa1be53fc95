// Values that audit encodes: hex digits for whatever is not printable or has a blank or a quote. libauparse decodes in a
// buffer of the value's own size and goes by what C's strings make of it: a value ends at the first byte that is zero, and a
// digit without its other half is the upper half of a byte.

const HEX_PREFIX = /^[0-9A-Fa-f]*/
const PRINTABLE = /^[!#-~]*$/

/** The leading characters of a value that are hex digits. */
export function hexPrefix(value: string): string {
  return HEX_PREFIX.exec(value)?.[0] ?? ''
}

/** The bytes that a value's leading hex digits stand for, or `(null)` as it is; undefined for fewer than two digits. */
export function decodedBytes(value: string): Buffer | undefined {
  if (value.startsWith('(')) {
    const closing = value.indexOf(')')
    return closing === -1 ? undefined : Buffer.from(value.slice(0, closing + 1), 'latin1')
  }
  const digits = hexPrefix(value)
  if (digits.length < 2) return undefined
  return Buffer.from(digits.length % 2 === 0 ? digits : `${digits}0`, 'hex')
}

/** The same as latin1 text, up to the first byte that is zero. */
export function decodedText(value: string): string | undefined {
  const bytes = decodedBytes(value)
  return bytes === undefined ? undefined : upToNul(bytes.toString('latin1'))
}

/** What C takes a text for that has a byte of zero in it. */
export function upToNul(text: string): string {
  const nul = text.indexOf('\0')
  return nul === -1 ? text : text.slice(0, nul)
}

/** Latin1 text as the kernel would have written it: in quotes, or in hex if that would not be safe. */
export function encodedText(text: string): string {
  return PRINTABLE.test(text) ? `"${text}"` : Buffer.from(text, 'latin1').toString('hex').toUpperCase()
}
