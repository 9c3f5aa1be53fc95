// The lines of the plugin line protocol, version 1, both ways: bytes in, values out, and back. A line is a verb in capitals
// and fields with one blank between them; the last field may hold blanks. Nothing is decoded: a record is told by where it
// lies, so that its bytes pass as they came.

import { MAX_LINE_BYTES } from './record.js'

/** The only version there is. */
export const LINE_VERSION = 1
/** The longest line, its LF included. */
export const LONGEST_LINE_BYTES = MAX_LINE_BYTES
/** Records that may be on their way to a plugin, or from it, when nothing else is said. */
export const DEFAULT_WINDOW = 4096

const LF = 0x0a
const BLANK = 0x20
const HASH = 0x23
const ZERO = 0x30
const NINE = 0x39
/** 2^53-1 has so many digits. */
const MAX_DIGITS = 16
/** So much of a line that nobody may send is shown to people. */
const SHOWN_BYTES = 200
const RECORD_VERB = Buffer.from('RECORD ')
const VERB = /^[A-Z][A-Z0-9_-]*$/

export const ERROR_CODES = [
  'unknown-command',
  'bad-arguments',
  'denied',
  'busy',
  'failed',
  'too-long',
  'bad-record',
  'violation',
] as const
export type ErrorCode = (typeof ERROR_CODES)[number]

export const LOST_REASONS = ['queue-full', 'suspended', 'failed', 'stopped', 'too-long', 'poison', 'input-gap'] as const
export type LostReason = (typeof LOST_REASONS)[number]

/** Where a record lies in the bytes that were given to the reader, without its LF. */
export interface RecordPlace {
  readonly start: number
  readonly end: number
}

/** A line without its content: a comment, or nothing at all. */
type Silence = { readonly verb: '' }
/** A line that nobody may send; `text` is the line, for people. */
type Wrong = { readonly verb: 'wrong'; readonly why: string; readonly text: string }

/** What a plugin says. */
export type PluginLine =
  | Silence
  | Wrong
  | { readonly verb: 'READY'; readonly version: number; readonly options: readonly string[] }
  | { readonly verb: 'ACK'; readonly seq: number }
  | ({ readonly verb: 'RECORD'; readonly n: number } & RecordPlace)
  | { readonly verb: 'PONG'; readonly n: number }
  /** What stands behind the verb; command.ts reads it. */
  | ({ readonly verb: 'COMMAND' } & RecordPlace)

/** What the dispatcher says. */
export type DispatcherLine =
  | Silence
  | Wrong
  /** Begins with a verb that there is not in this version: a later dispatcher may have it. */
  | { readonly verb: 'unknown' }
  | { readonly verb: 'HELLO'; readonly version: number; readonly keys: ReadonlyMap<string, string> }
  | ({ readonly verb: 'RECORD'; readonly seq: number } & RecordPlace)
  | ({ readonly verb: 'LOST' } & Lost)
  | { readonly verb: 'ACK'; readonly n: number }
  | { readonly verb: 'PING'; readonly n: number }
  | { readonly verb: 'OK'; readonly tag: string; readonly result: string }
  | { readonly verb: 'ERR'; readonly tag: string; readonly code: string; readonly text: string }
  | { readonly verb: 'RELOAD' }
  | { readonly verb: 'STOP' }

/** Records that a plugin will never get. */
export interface Lost {
  /** How many; 0 is unknown. */
  readonly count: number
  readonly first: number
  readonly last: number
  readonly reason: string
}

/** Reads bytes[start, end), a line of a plugin's without its LF. */
export function readPluginLine(bytes: Buffer, start: number, end: number): PluginLine {
  if (isRecordLine(bytes, start, end)) {
    const at = start + RECORD_VERB.length
    const to = numberEnd(bytes, at, end)
    const n = numberIn(bytes, at, to)
    if (n === 0 || (to < end && bytes[to] !== BLANK)) return wrong('RECORD without a number', bytes, start, end)
    return { verb: 'RECORD', n, start: Math.min(to + 1, end), end }
  }
  if (isSilent(bytes, start, end)) return { verb: '' }
  const { verb, rest, restAt } = parted(bytes, start, end)
  switch (verb) {
    case 'READY': {
      const [version = '', ...options] = rest.split(' ')
      const number = numberOf(version)
      return number === 0 ? wrong('READY without a version', bytes, start, end) : { verb, version: number, options }
    }
    case 'ACK': {
      const seq = numberOf(rest)
      return seq === 0 ? wrong('ACK without a seq', bytes, start, end) : { verb, seq }
    }
    case 'PONG': {
      const n = numberOf(rest)
      return n === 0 ? wrong('PONG without a number', bytes, start, end) : { verb, n }
    }
    case 'COMMAND':
      return { verb, start: restAt, end }
    default:
      return wrong('unknown verb', bytes, start, end)
  }
}

/** Reads bytes[start, end), a line of the dispatcher's without its LF. */
export function readDispatcherLine(bytes: Buffer, start: number, end: number): DispatcherLine {
  if (isRecordLine(bytes, start, end)) {
    const at = start + RECORD_VERB.length
    const to = numberEnd(bytes, at, end)
    const seq = numberIn(bytes, at, to)
    if (seq === 0 || bytes[to] !== BLANK) return wrong('RECORD without a seq', bytes, start, end)
    return { verb: 'RECORD', seq, start: to + 1, end }
  }
  if (isSilent(bytes, start, end)) return { verb: '' }
  const { verb, rest } = parted(bytes, start, end)
  switch (verb) {
    case 'HELLO':
      return readHello(rest) ?? wrong('HELLO without a version', bytes, start, end)
    case 'LOST':
      return readLost(rest) ?? wrong('LOST is count, first, last, reason', bytes, start, end)
    case 'ACK':
    case 'PING': {
      const n = numberOf(rest)
      return n === 0 ? wrong(`${verb} without a number`, bytes, start, end) : { verb, n }
    }
    case 'OK': {
      const [tag, result] = cut(rest)
      return { verb, tag, result }
    }
    case 'ERR': {
      const [tag, behind] = cut(rest)
      const [code, text] = cut(behind)
      return { verb, tag, code, text }
    }
    case 'RELOAD':
    case 'STOP':
      return { verb }
    default:
      return VERB.test(verb) ? { verb: 'unknown' } : wrong('no verb', bytes, start, end)
  }
}

/** What READY may ask for. */
export interface ReadyOptions {
  readonly ack: boolean
  readonly positions: boolean
  /** Everything below this seq is safe. */
  readonly from: number | undefined
  readonly window: number
}

/** The options of a READY line, or what is wrong with them. */
export function readReadyOptions(options: readonly string[]): ReadyOptions | { readonly mistake: string } {
  let ack = false
  let positions = false
  let from: number | undefined
  let window = DEFAULT_WINDOW
  for (const option of options) {
    // A blank at the end of the line.
    if (option === '') continue
    const [key, value] = option.includes('=') ? cut(option, '=') : [option, undefined]
    const number = value === undefined ? 0 : numberOf(value)
    if (key === 'ack' && value === undefined) ack = true
    else if (key === 'positions' && value === undefined) positions = true
    else if (key === 'from' && number > 0) from = number
    else if (key === 'window' && number > 0) window = number
    else return { mistake: `unknown option '${option}'` }
  }
  if (from !== undefined && !ack) return { mistake: 'from= has a meaning only with ack' }
  return { ack, positions, from, window }
}

/** The decimal number 1 to 2^53-1 that `text` is, or 0. */
export function numberOf(text: string): number {
  if (!/^[1-9][0-9]{0,15}$/.test(text)) return 0
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : 0
}

export function isRecordLine(bytes: Buffer, start: number, end: number): boolean {
  if (end - start < RECORD_VERB.length || bytes[start] !== RECORD_VERB[0]) return false
  for (let index = 1; index < RECORD_VERB.length; index++) {
    if (bytes[start + index] !== RECORD_VERB[index]) return false
  }
  return true
}

/** The seq, or n, of a RECORD line that begins at `start`; 0 if there is none. */
export function recordNumber(bytes: Buffer, start: number, end: number): number {
  const at = start + RECORD_VERB.length
  return numberIn(bytes, at, numberEnd(bytes, at, end))
}

export function lostLine({ count, first, last, reason }: Lost): string {
  return `LOST ${count} ${first} ${last} ${reason}\n`
}

/** HELLO; a key whose value is '' is left out. */
export function helloLine(keys: Readonly<Record<string, string | number>>): string {
  const pairs = Object.entries(keys).filter(([, value]) => value !== '')
  return `HELLO ${LINE_VERSION}${pairs.map(([key, value]) => ` ${key}=${value}`).join('')}\n`
}

export function okLine(tag: string, result: string): string {
  return result === '' ? `OK ${tag}\n` : `OK ${tag} ${result}\n`
}

export function errLine(tag: string, code: ErrorCode, text: string): string {
  return `ERR ${tag} ${code} ${text}\n`
}

/** Splits at the first `at`. */
function cut(text: string, at = ' '): [before: string, behind: string] {
  const index = text.indexOf(at)
  return index === -1 ? [text, ''] : [text.slice(0, index), text.slice(index + 1)]
}

function isSilent(bytes: Buffer, start: number, end: number): boolean {
  return start === end || bytes[start] === HASH
}

function parted(bytes: Buffer, start: number, end: number): { verb: string; rest: string; restAt: number } {
  const blank = bytes.subarray(start, end).indexOf(BLANK)
  const verbEnd = blank === -1 ? end : start + blank
  const restAt = Math.min(verbEnd + 1, end)
  // A verb that is longer than any is told apart by its beginning as well.
  const verb = bytes.toString('latin1', start, Math.min(verbEnd, start + MAX_DIGITS))
  return { verb, rest: verb === 'COMMAND' ? '' : bytes.toString('utf8', restAt, end), restAt }
}

function readHello(rest: string): DispatcherLine | undefined {
  const [word = '', ...pairs] = rest.split(' ')
  const version = numberOf(word)
  if (version === 0) return undefined
  return { verb: 'HELLO', version, keys: new Map(pairs.map((pair) => cut(pair, '='))) }
}

function readLost(rest: string): DispatcherLine | undefined {
  const [count = '', first = '', last = '', reason = ''] = rest.split(' ')
  const lost = { count: count === '0' ? 0 : numberOf(count), first: numberOf(first), last: numberOf(last), reason }
  const isWhole = (count === '0' || lost.count > 0) && lost.first > 0 && lost.last >= lost.first && reason !== ''
  return isWhole ? { verb: 'LOST', ...lost } : undefined
}

function wrong(why: string, bytes: Buffer, start: number, end: number): Wrong {
  return { verb: 'wrong', why, text: shown(bytes, start, end) }
}

/** A line as a log may show it. */
function shown(bytes: Buffer, start: number, end: number): string {
  const text = bytes.toString('latin1', start, Math.min(end, start + SHOWN_BYTES))
  const printable = text.replace(/[^\x20-\x7e]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`)
  return end - start > SHOWN_BYTES ? `${printable}…` : printable
}

function numberEnd(bytes: Buffer, at: number, end: number): number {
  let to = at
  // One more than there may be: a number of so many digits is too high, and not one of fewer digits and a rest.
  while (to < end && to - at <= MAX_DIGITS && isDigit(bytes[to])) to++
  return to
}

function numberIn(bytes: Buffer, at: number, to: number): number {
  if (to === at || bytes[at] === ZERO) return 0
  let number = 0
  // The digit alone is added: together with its code the highest numbers would be rounded.
  for (let index = at; index < to; index++) number = number * 10 + ((bytes[index] ?? ZERO) - ZERO)
  return Number.isSafeInteger(number) ? number : 0
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE
}

/** Where the line that begins at `start` ends, behind its LF. */
export function lineEnd(bytes: Buffer, start: number): number {
  return bytes.indexOf(LF, start) + 1
}
