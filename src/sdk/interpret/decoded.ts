// Fields that audit encodes, as latin1 text.

import { decodedBytes, decodedText, hexPrefix, upToNul } from './encoded-text.js'

/** For a quote that nothing closes. */
const NO_TEXT = ' '
/** Before the name of an abstract Unix socket. */
const ZERO = '00'
const MAX_PATH_CHARS = 4096

/** The text in quotes, or what the hex digits stand for; what is neither is as it is. */
export function decoded(value: string): string {
  if (!value.startsWith('"')) return decodedText(withoutZero(value)) ?? value
  const end = value.indexOf('"', 1)
  return end === -1 ? NO_TEXT : value.slice(1, end)
}

/** A program and its arguments, with a blank for each byte that is zero. */
export function decodedTitle(value: string): string {
  if (value.startsWith('"')) return decoded(value)
  const digits = withoutZero(value)
  const bytes = decodedBytes(digits)
  if (bytes === undefined) return value
  const chars = Math.floor(value.length / 2)
  const title = bytes.toString('latin1').padEnd(chars, '\0')
  const blanks = title.slice(0, chars).replaceAll('\0', ' ')
  // One zero was skipped before the text, but counts in its length: libauparse reads on in digits that it has left over.
  const rest = digits !== value && bytes.length < chars ? hexPrefix(digits).slice(chars) : title.slice(chars)
  return upToNul(blanks + rest)
}

/** A path as a whole: from the working directory, which is encoded too, without `.`, `..` and double slashes. */
export function wholePath(value: string, cwd: string | undefined): string {
  const path = decoded(value)
  if (cwd === undefined) return path
  if (!path.startsWith('/')) return normalPath(`${decoded(cwd)}/${path}`)
  return path.includes('..') ? normalPath(path) : path
}

/**
 * As libauparse 3.0.9 does it: `..` at the end takes nothing away, as the text after it is cut off only when more is put
 * there. A path of no names at all is what the library made last; here it is empty.
 */
function normalPath(path: string): string {
  if (path.startsWith('.')) return path
  let whole = ''
  let end = 0
  for (const name of path.split('/')) {
    if (name === '' || name === '.') continue
    if (name === '..') {
      if (end > 1) end = whole.lastIndexOf('/', end - 2) + 1
      continue
    }
    const before = whole.slice(0, end)
    const start = before.endsWith('/') ? before : `${before}/`
    if (start.length + name.length >= MAX_PATH_CHARS) return start
    whole = start + name
    end = whole.length
  }
  return whole
}

function withoutZero(value: string): string {
  return value.startsWith(ZERO) ? value.slice(ZERO.length) : value
}
