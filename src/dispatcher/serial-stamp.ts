// Where a record says which event it belongs to: `audit(SECONDS.MILLISECONDS:SERIAL)`.

import { recordTypeNumber } from '../protocol/record-type.js'

const BLANK = 0x20
const DOT = 0x2e
const ZERO = 0x30
const NINE = 0x39
const COLON = 0x3a
const CLOSE = 0x29
const MAX_SERIAL = 0xffff_ffff
const NODE_FIELD = 'node='
const TYPE_FIELD = 'type='
const STAMP_FIELD = 'msg=audit('
const BARE_STAMP = 'audit('
/** auditd numbers what it says itself on its own. */
export const FIRST_DAEMON_TYPE = 1200
export const LAST_DAEMON_TYPE = 1299
/** Longer than any name of a type. */
const MAX_NAME_BYTES = 64

export interface SerialStamp {
  readonly serial: number
  readonly seconds: number
  /** Where the parenthesis opens. */
  readonly openAt: number
  readonly digits: number
}

/** A record's text from its `type=` on: what is read before the stamp, `node=NAME ` included. */
export interface SerialText {
  /** Where `type=` is. */
  readonly typeAt: number
  readonly stamp: SerialStamp
}

/** Whether records of this type have a serial of the kernel's. */
export function isKernelCounted(type: number): boolean {
  return type < FIRST_DAEMON_TYPE || type > LAST_DAEMON_TYPE
}

/** The stamp of the kernel's bare text; undefined where there is none. */
export function bareStamp(bytes: Buffer, start: number, end: number): SerialStamp | undefined {
  return beginsWith(bytes, start, end, BARE_STAMP) ? stampBehind(bytes, start + BARE_STAMP.length, end) : undefined
}

/** The stamp of a whole record, unless it is one of auditd's own. */
export function textStamp(bytes: Buffer, start: number, end: number): SerialText | undefined {
  const typeAt = beginsWith(bytes, start, end, NODE_FIELD) ? blankFrom(bytes, start, end) + 1 : start
  if (!beginsWith(bytes, typeAt, end, TYPE_FIELD)) return undefined
  const nameAt = typeAt + TYPE_FIELD.length
  const blank = blankFrom(bytes, nameAt, Math.min(end, nameAt + MAX_NAME_BYTES))
  if (!beginsWith(bytes, blank + 1, end, STAMP_FIELD)) return undefined
  if (!isKernelCounted(recordTypeNumber(bytes.toString('latin1', nameAt, blank)))) return undefined
  const stamp = stampBehind(bytes, blank + 1 + STAMP_FIELD.length, end)
  return stamp && { typeAt, stamp }
}

/** The first blank in bytes[at, end); `end` if there is none. */
function blankFrom(bytes: Buffer, at: number, end: number): number {
  for (let index = at; index < end; index++) if (bytes[index] === BLANK) return index
  return end
}

/** `at`: right behind the parenthesis. */
function stampBehind(bytes: Buffer, at: number, end: number): SerialStamp | undefined {
  const secondsEnd = digitsEnd(bytes, at, end)
  if (secondsEnd === at || bytes[secondsEnd] !== DOT) return undefined
  const millisEnd = digitsEnd(bytes, secondsEnd + 1, end)
  const serialAt = millisEnd + 1
  const serialEnd = digitsEnd(bytes, serialAt, end)
  if (bytes[millisEnd] !== COLON || serialEnd === serialAt || serialEnd >= end || bytes[serialEnd] !== CLOSE)
    return undefined
  const serial = numberIn(bytes, serialAt, serialEnd)
  if (serial > MAX_SERIAL) return undefined
  return { serial, seconds: numberIn(bytes, at, secondsEnd), openAt: at - 1, digits: serialEnd - serialAt }
}

function digitsEnd(bytes: Buffer, start: number, end: number): number {
  let at = start
  while (at < end && (bytes[at] ?? 0) >= ZERO && (bytes[at] ?? 0) <= NINE) at++
  return at
}

function numberIn(bytes: Buffer, start: number, end: number): number {
  let number = 0
  for (let at = start; at < end; at++) number = number * 10 + (bytes[at] ?? ZERO) - ZERO
  return number
}

function beginsWith(bytes: Buffer, at: number, end: number, text: string): boolean {
  if (end - at < text.length) return false
  for (let index = 0; index < text.length; index++) if (bytes[at + index] !== text.charCodeAt(index)) return false
  return true
}
