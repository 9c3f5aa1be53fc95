// A record as one line of text, the way a string plugin gets it from auditd: byte for byte, whatever the bytes are.
import { RECORD_TYPES, recordTypeName, recordTypeNumber } from './record-type.js'
import { UNKNOWN_TYPE } from './frame.js'

/** The longest line that is taken for a record, its LF included. */
export const MAX_LINE_BYTES = 65536

const NUL = 0x00
const LF = 0x0a
const BLANK = 0x20
const DOT = 0x2e
const COLON = 0x3a
const TYPE_FIELD = Buffer.from('type=')
const NODE_FIELD = Buffer.from('node=')
const STAMP_BEGIN = Buffer.from(' msg=audit(')
const STAMP_END = 0x29

const PREFIXES = new Map([...RECORD_TYPES.keys()].map((type) => [type, linePrefix(type)]))
const MAX_PREFIX_BYTES = [linePrefix(UNKNOWN_TYPE), ...PREFIXES.values()].reduce(
  (most, { length }) => Math.max(most, length),
  0,
)
const MAX_NAME_BYTES = MAX_PREFIX_BYTES - 'type= msg='.length

/** How many bytes writeLine needs at most. */
export function maxLineBytes(payloadBytes: number, nodePrefixBytes: number): number {
  return nodePrefixBytes + MAX_PREFIX_BYTES + payloadBytes + 1
}

/**
 * Writes the line that a string plugin gets for one frame, its LF included, at `at`; returns where it ends.
 * Version 0 is bare kernel text and becomes `[nodePrefix]type=NAME msg=payload`; version 1 is a whole record already.
 * Trailing NULs go, an LF or NUL inside becomes a blank; `clean` says that there is neither.
 */
export function writeLine(
  target: Buffer,
  at: number,
  version: 0 | 1,
  type: number,
  bytes: Buffer,
  start: number,
  end: number,
  clean: boolean,
  nodePrefix: Buffer,
): number {
  let to = at
  if (version === 0) {
    if (nodePrefix.length > 0) {
      target.set(nodePrefix, to)
      to += nodePrefix.length
    }
    // Names of unknown types are made anew each time: a table of them could grow with every number that comes.
    const prefix = PREFIXES.get(type) ?? linePrefix(type)
    target.set(prefix, to)
    to += prefix.length
  }
  const kept = clean ? end : withoutTrailingNuls(bytes, start, end)
  const payloadAt = to
  to += bytes.copy(target, payloadAt, start, kept)
  if (!clean) {
    blankOut(target.subarray(payloadAt, to), LF)
    blankOut(target.subarray(payloadAt, to), NUL)
  }
  target[to] = LF
  return to + 1
}

/** The number of the type that a textual record names, after its node if it has one. */
export function lineType(bytes: Buffer, start: number, end: number): number {
  const at = nodeEnd(bytes, start, end)
  if (!beginsWith(bytes, at, end, TYPE_FIELD)) return UNKNOWN_TYPE
  const nameAt = at + TYPE_FIELD.length
  const name = bytes.toString('latin1', nameAt, Math.min(end, nameAt + MAX_NAME_BYTES + 1))
  const blank = name.indexOf(' ')
  return recordTypeNumber(blank === -1 ? name.trimEnd() : name.slice(0, blank))
}

/** The node that a textual record names, or ''. */
export function lineNode(bytes: Buffer, start: number, end: number): string {
  const after = nodeEnd(bytes, start, end)
  return after === start ? '' : bytes.toString('utf8', start + NODE_FIELD.length, after - 1)
}

/** Whether the bytes at `at` begin a textual record. */
export function beginsRecord(bytes: Buffer, at: number, end: number): boolean {
  return beginsWith(bytes, at, end, TYPE_FIELD) || beginsWith(bytes, at, end, NODE_FIELD)
}

/**
 * Whether bytes[start, end) look like an audit record: `[node=NAME ]type=NAME msg=audit(sec.msec:serial)`, a colon or a
 * blank, and then anything. Nothing is read beyond that.
 */
export function looksLikeRecord(bytes: Buffer, start: number, end: number): boolean {
  const at = nodeEnd(bytes, start, end)
  // A field that has no value.
  if (at === start + NODE_FIELD.length + 1 || !beginsWith(bytes, at, end, TYPE_FIELD)) return false
  const nameEnd = spanEnd(bytes, at + TYPE_FIELD.length, end, isTypeByte)
  if (nameEnd === at + TYPE_FIELD.length || !beginsWith(bytes, nameEnd, end, STAMP_BEGIN)) return false
  const secondsAt = nameEnd + STAMP_BEGIN.length
  const secondsEnd = spanEnd(bytes, secondsAt, end, isDigit)
  if (secondsEnd === secondsAt || bytes[secondsEnd] !== DOT) return false
  const millisEnd = spanEnd(bytes, secondsEnd + 1, end, isDigit)
  if (millisEnd === secondsEnd + 1 || bytes[millisEnd] !== COLON) return false
  const serialEnd = spanEnd(bytes, millisEnd + 1, end, isDigit)
  if (serialEnd === millisEnd + 1 || bytes[serialEnd] !== STAMP_END || serialEnd + 1 >= end) return false
  // auditd 2.8 forgets the colon in DAEMON_CONFIG.
  return bytes[serialEnd + 1] === COLON || bytes[serialEnd + 1] === BLANK
}

/** Where the payload ends when the NULs that auditd sometimes counts as its last bytes are left out. */
export function withoutTrailingNuls(bytes: Buffer, start: number, end: number): number {
  let kept = end
  while (kept > start && bytes[kept - 1] === NUL) kept--
  return kept
}

function linePrefix(type: number): Buffer {
  return Buffer.from(`type=${recordTypeName(type)} msg=`)
}

/** Makes blanks of the LFs and NULs in a record, as auditd does. */
export function blankOut(bytes: Buffer, unwanted: number): void {
  for (let at = bytes.indexOf(unwanted); at !== -1; at = bytes.indexOf(unwanted, at + 1)) bytes[at] = BLANK
}

/** Where the record goes on after `node=NAME `; `start` if it has no such field. */
function nodeEnd(bytes: Buffer, start: number, end: number): number {
  if (!beginsWith(bytes, start, end, NODE_FIELD)) return start
  // Cut to the record first: in a buffer without blanks each search would run to the end of the buffer.
  const blank = bytes.subarray(start, end).indexOf(BLANK)
  return blank === -1 ? start : start + blank + 1
}

function spanEnd(bytes: Buffer, start: number, end: number, goesOn: (byte: number) => boolean): number {
  let at = start
  while (at < end && goesOn(bytes[at] ?? 0)) at++
  return at
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39
}

/** Names of types, and `UNKNOWN[1337]`. */
function isTypeByte(byte: number): boolean {
  return isDigit(byte) || (byte >= 0x41 && byte <= 0x5b) || byte === 0x5d || byte === 0x5f
}

function beginsWith(bytes: Buffer, at: number, end: number, field: Buffer): boolean {
  if (end - at < field.length) return false
  for (let index = 0; index < field.length; index++) {
    if (bytes[at + index] !== field[index]) return false
  }
  return true
}
