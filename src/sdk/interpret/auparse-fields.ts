// The fields of a record as libauparse 3.0.9 lists them. It does not take a record apart as record-fields.ts does: words
// end at blanks and nowhere else, so a quoted value is cut at the first blank in it; `msg=audit(...)` is no field; up to
// four marks are cut from a value's end, the closing quote of `msg='...'` among them; `key` is decoded and becomes one
// field a key; SELinux's words without a name get names. Filters and logs that are to agree with audit's tools need these.
//
// Record text is hostile: each byte is looked at a fixed number of times, and no list grows but by bytes that were read.

import { recordTypeNumber } from '../../protocol/record-type.js'
import { UNKNOWN_TYPE } from '../../protocol/frame.js'
import { upToNul } from './encoded-text.js'
import { keyValues } from './rule-keys.js'

/** Between what the kernel wrote and what auditd added. */
const ENRICHED_SEPARATOR = '\x1d'
const BLANK = ' '.charCodeAt(0)
const OPENING = '('.charCodeAt(0)
const CLOSING = ')'.charCodeAt(0)
const QUOTE = '"'.charCodeAt(0)
const APOSTROPHE = "'".charCodeAt(0)
const COLON = ':'.charCodeAt(0)
const COMMA = ','.charCodeAt(0)
/** The only values that keep their closing parenthesis. */
const NOTHING: ReadonlySet<string> = new Set(['(none)', '(null)'])
const AVC = recordTypeNumber('AVC')
const USER_AVC = recordTypeNumber('USER_AVC')
/** The room that libauparse has for an AVC's permissions, with a comma or an end after each. */
const MAX_PERMISSION_CHARS = 256

/** One field of a record, in latin1 text: a character a byte. */
export interface AuparseField {
  /** What stands before the `=`. */
  readonly name: string
  /** As it is written, quotes and hex and all, but for marks that libauparse cuts from its end; of `key`, one key. */
  readonly value: string
}

/** The fields of a record in their order, repeated ones too, and what auditd put behind 0x1D, which are no fields. */
export interface AuparseFields extends ReadonlyArray<AuparseField> {
  /** `SYSCALL=openat AUID="unset" ...` as it is written; empty if there is none. */
  readonly enriched: string
}

/**
 * The fields of a record, given as its bytes or as latin1 text, without its LF. What is no record has fields too. An AVC
 * with more than 255 characters of permissions has none: libauparse gives up on it.
 */
export function auparseFields(record: Buffer | string): AuparseFields {
  const whole = typeof record === 'string' ? record : record.toString('latin1')
  const text = upToNul(whole)
  const separator = text.indexOf(ENRICHED_SEPARATOR)
  if (separator === -1) return Object.assign(fieldsOf(text), { enriched: '' })
  return Object.assign(fieldsOf(text.slice(0, separator)), { enriched: text.slice(separator + 1) })
}

/** The number of a record's type, which libauparse takes from a name, from `UNKNOWN[1337]` and from digits alone. */
export function auparseType(fields: readonly AuparseField[]): number {
  const field = fields[nodeFields(fields)]
  if (field?.name !== 'type') return UNKNOWN_TYPE
  const known = recordTypeNumber(field.value)
  if (known !== UNKNOWN_TYPE) return known
  const number = Number.parseInt(field.value, 10)
  return number >= 0 ? Math.min(number, UNKNOWN_TYPE) : recordTypeNumber(field.value.toUpperCase())
}

/** How many fields stand before `type`. */
export function nodeFields(fields: readonly AuparseField[]): 0 | 1 {
  return fields[0]?.name === 'node' ? 1 : 0
}

function fieldsOf(text: string): AuparseField[] {
  const fields: AuparseField[] = []
  let equals = text.indexOf('=')
  let isDecision: boolean | undefined
  let at = 0
  while (at < text.length) {
    if (text.charCodeAt(at) === BLANK) {
      at += 1
      continue
    }
    const end = indexOrEnd(text, ' ', at)
    // The next one is looked for only behind the last: words without any do not make this a search each.
    if (equals < at) equals = indexOrEnd(text, '=', at)
    if (equals < end) {
      takeField(text, at, equals, end, fields)
      at = end
      continue
    }
    const before = fields.length - nodeFields(fields)
    // The type is found out once, as there may be many words and it may be long.
    if ((before === 1 || before === 2) && (isDecision ??= isDecisionType(fields))) {
      const next = takeWord(text, at, end, fields, before)
      if (next === undefined) return []
      at = next
    } else {
      at = end
    }
  }
  return fields
}

function takeField(text: string, start: number, firstEquals: number, end: number, fields: AuparseField[]): void {
  let nameStart = start
  let equals = firstEquals
  if (equals === start + 3 && text.startsWith('msg', start)) {
    const first = text.charAt(equals + 1)
    if (first === 'a') return
    if (first === "'") {
      nameStart = equals + 2
      equals = text.indexOf('=', nameStart)
      if (equals === -1 || equals >= end) return
    }
  }
  const valueStart = equals + 1
  if (valueStart === end) return
  if (text.charCodeAt(nameStart) === OPENING) nameStart += 1
  const name = text.slice(nameStart, equals)
  const value = text.slice(valueStart, trimmedEnd(text, valueStart, end))
  if (name !== 'key' || text.charCodeAt(valueStart) === OPENING) fields.push({ name, value })
  else if (value.charCodeAt(0) === QUOTE) fields.push({ name, value })
  else for (const key of keyValues(value)) fields.push({ name, value: key })
}

/** Cuts one colon, one comma, one apostrophe and one closing parenthesis, in this order, each if it stands last then. */
function trimmedEnd(text: string, start: number, wholeEnd: number): number {
  let end = wholeEnd
  if (text.charCodeAt(end - 1) === COLON) end -= 1
  if (end > start && text.charCodeAt(end - 1) === COMMA) end -= 1
  if (end > start && text.charCodeAt(end - 1) === APOSTROPHE) end -= 1
  if (end > start && text.charCodeAt(end - 1) === CLOSING && !NOTHING.has(text.slice(start, end))) end -= 1
  return end
}

function isDecisionType(fields: readonly AuparseField[]): boolean {
  const type = auparseType(fields)
  return type === AVC || type === USER_AVC
}

/**
 * A word without `=` is a field only in SELinux's decisions: the first one is `denied` or such, the second opens the
 * permissions in braces. Returns where it ends; undefined for permissions that are too long.
 */
function takeWord(text: string, start: number, end: number, fields: AuparseField[], before: 1 | 2): number | undefined {
  if (before === 2) return text[start] === '{' ? takePermissions(text, end, fields) : end
  if (!text.startsWith('avc', start)) fields.push({ name: 'seresult', value: text.slice(start, end) })
  return end
}

function takePermissions(text: string, start: number, fields: AuparseField[]): number | undefined {
  const words: string[] = []
  let chars = 0
  let at = start
  while (at < text.length) {
    if (text.charCodeAt(at) === BLANK) {
      at += 1
      continue
    }
    const end = indexOrEnd(text, ' ', at)
    if (text[at] === '}') {
      at = end
      break
    }
    if (end - at + 1 >= MAX_PERMISSION_CHARS - chars) return undefined
    chars += end - at + (words.length === 0 ? 0 : 1)
    words.push(text.slice(at, end))
    at = end
  }
  fields.push({ name: 'seperms', value: words.join(',') })
  return at
}

function indexOrEnd(text: string, wanted: string, from: number): number {
  const found = text.indexOf(wanted, from)
  return found === -1 ? text.length : found
}
