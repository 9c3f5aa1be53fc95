// Where the fields of a record stand in its text.
//
// Audit has no grammar that all its writers keep: the kernel writes `key=value` with blanks between, quotes what came from
// programs, and puts the text of a user-space program between single quotes after `msg=`, where free words and blanks may
// stand. So nothing here is an error: a word without `=` is no field, and a value whose end is missing goes to the end.
//
// Record text is hostile. Each search starts where the last one ended, or ends the scan when it finds nothing; no part of
// the text is looked at more than a fixed number of times, whatever is in it.

const BLANK = ' '
const QUOTE = '"'
const MESSAGE_QUOTE = "'"
const MESSAGE_KEY = 'msg'

/** One field; offsets count from the beginning of the text that was scanned. */
export interface FieldSpan {
  readonly key: string
  /** Of the value without its quotes. */
  readonly start: number
  readonly end: number
  readonly isQuoted: boolean
  /** Whether it stands between the single quotes of `msg='...'`. */
  readonly isNested: boolean
}

/** The fields of a record's body, those of `msg='...'` in its place, and where that text stands if there is one. */
export interface BodySpans {
  readonly fields: readonly FieldSpan[]
  readonly message: { readonly start: number; readonly end: number } | undefined
}

/** Scans what follows `msg=audit(...):`, without the enriched part. */
export function bodySpans(text: string): BodySpans {
  const fields: FieldSpan[] = []
  const opening = scan(text, 0, false, MESSAGE_QUOTE, fields)
  if (opening === -1) return { fields, message: undefined }
  // The kernel closes the quote and is done; quotes before that one are the program's. A record that was cut has none.
  const closing = text.lastIndexOf(MESSAGE_QUOTE)
  const start = opening + 1
  const end = closing < start ? text.length : closing
  scan(text.slice(start, end), start, true, undefined, fields)
  if (closing >= start) scan(text.slice(closing + 1), closing + 1, false, undefined, fields)
  return { fields, message: { start, end } }
}

/** Scans the enriched part: `KEY=value`, and `KEY={ several words }`. */
export function enrichedSpans(text: string): readonly FieldSpan[] {
  const fields: FieldSpan[] = []
  scan(text, 0, false, '{', fields)
  return fields
}

/**
 * Takes the fields of `text`, which stands at `offset`. `special` is what begins a value that is more than a word: at `{`
 * it goes to ` }`; at a single quote after `msg=` the scan stops and tells where. -1: all is scanned.
 */
function scan(
  text: string,
  offset: number,
  isNested: boolean,
  special: '{' | typeof MESSAGE_QUOTE | undefined,
  fields: FieldSpan[],
): number {
  let at = 0
  let equals = text.indexOf('=')
  while (equals !== -1) {
    // A blank or the beginning stands right before `at`: the search back never leaves what this round is about.
    const key = text.slice(Math.max(at, text.lastIndexOf(BLANK, equals) + 1), equals)
    const first = text[equals + 1]
    if (special === MESSAGE_QUOTE && first === MESSAGE_QUOTE && key === MESSAGE_KEY) return equals + 1
    const isQuoted = first === QUOTE
    const start = equals + (isQuoted ? 2 : 1)
    const end = isQuoted
      ? indexOrEnd(text, QUOTE, start)
      : first === '{' && special === '{'
        ? Math.min(text.length, indexOrEnd(text, ' }', start) + 2)
        : indexOrEnd(text, BLANK, start)
    if (key !== '') fields.push({ key, start: offset + start, end: offset + end, isQuoted, isNested })
    // What is glued to a closing quote belongs to nothing.
    at = indexOrEnd(text, BLANK, end) + 1
    equals = text.indexOf('=', at)
  }
  return -1
}

function indexOrEnd(text: string, wanted: string, from: number): number {
  const found = text.indexOf(wanted, from)
  return found === -1 ? text.length : found
}
