// What a record becomes on its way to auditd. auditd never answers an end of event (with distribute_network), it ends a record at the
// first NUL, and it cuts what is longer than MAX_KEPT_BYTES and acknowledges it all the same: none of that is sent.

import { HEADER_BYTES, MAX_KEPT_BYTES, RMW, writeHeader } from './message.js'

const LF = 0x0a
const NUL = 0x00
const BLANK = 0x20
const END_OF_EVENT = Buffer.from('type=EOE')
const NODE = Buffer.from('node=')
/** Heartbeats have the sequence number 0, and records have all the others. */
const SEQUENCES = 2 ** 32 - 1

/** `none`: is not sent. `too-long`: cannot be sent whole. */
export type RecordFate = 'sent' | 'none' | 'too-long'

/** A record's own number, for as long as it is in a spool: one that is sent again can be recognised by it. */
export function sequenceOf(seq: number): number {
  return (seq % SEQUENCES) + 1
}

/** Lines without a NUL: themselves, or a copy with blanks in their place. */
export function withoutNuls(lines: Buffer): Buffer {
  let nul = lines.indexOf(NUL)
  if (nul < 0) return lines
  const copy = Buffer.from(lines)
  for (; nul >= 0; nul = copy.indexOf(NUL, nul + 1)) copy[nul] = BLANK
  return copy
}

/** What is to become of the record in bytes[start, end), without its LF. */
export function fateOf(bytes: Buffer, start: number, end: number): RecordFate {
  if (end === start) return 'none'
  if (end - start > MAX_KEPT_BYTES) return 'too-long'
  return isEndOfEvent(bytes, start, end) ? 'none' : 'sent'
}

/** Bytes of the MESSAGE that such a record makes. The longest goes without its LF, which the receiver would only take off. */
export function messageBytes(start: number, end: number): number {
  return HEADER_BYTES + Math.min(end - start + 1, MAX_KEPT_BYTES)
}

/** Writes the MESSAGE at `at`; returns where it ends. */
export function writeMessage(
  target: Buffer,
  at: number,
  sequence: number,
  bytes: Buffer,
  start: number,
  end: number,
): number {
  const messageEnd = at + messageBytes(start, end)
  writeHeader(target, at, RMW.message, sequence, messageEnd - at - HEADER_BYTES)
  const from = at + HEADER_BYTES
  const to = from + bytes.copy(target, from, start, end)
  if (to < messageEnd) target[to] = LF
  return messageEnd
}

/** By its text, as audisp-remote tells it: at the beginning, or behind `node=…`. */
function isEndOfEvent(bytes: Buffer, start: number, end: number): boolean {
  let at = start
  if (startsAt(bytes, at, end, NODE)) {
    const blank = bytes.indexOf(BLANK, at)
    if (blank < 0 || blank >= end) return false
    at = blank + 1
  }
  const behind = at + END_OF_EVENT.length
  return startsAt(bytes, at, end, END_OF_EVENT) && (behind === end || bytes[behind] === BLANK)
}

function startsAt(bytes: Buffer, at: number, end: number, what: Buffer): boolean {
  return at + what.length <= end && bytes.compare(what, 0, what.length, at, at + what.length) === 0
}
