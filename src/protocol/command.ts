// What stands behind the verb of a `COMMAND <tag> <name> [argument …]` line. The arguments are decoded here and judged by
// whoever runs the command; what was sent is kept as it came, because that is what a record tells about it.

import type { ErrorCode } from './line.js'

const BLANK = 0x20
const PERCENT = 0x25
const ESCAPE_BYTES = 3
const TAG = /^[A-Za-z0-9._-]{1,32}$/
/** So much is read of a tag that is too long. */
const MAX_TAG_BYTES = 64

interface Named {
  readonly tag: string
  /** One character a byte; '' where there is none. */
  readonly name: string
  /** What stands behind the name, as it came. */
  readonly sent: Buffer
}

/** A command that can be run, if its name is one. */
export interface Command extends Named {
  readonly kind: 'command'
  /** `%XX` is decoded: any bytes. */
  readonly args: readonly Buffer[]
}

/** What is wrong is the plugin's fault, and `ERR <tag> <code> <text>` tells it so. */
export interface CommandMistake extends Named {
  readonly kind: 'mistake'
  readonly code: ErrorCode
  readonly text: string
}

/** There is no tag to answer with. */
export interface TaglessCommand {
  readonly kind: 'tagless'
  readonly text: string
}

/** Reads bytes[start, end), what follows `COMMAND ` without the LF. Keeps nothing of `bytes`. */
export function readCommand(bytes: Buffer, start: number, end: number): Command | CommandMistake | TaglessCommand {
  const tagEnd = wordEnd(bytes, start, end)
  const tag = bytes.toString('latin1', start, Math.min(tagEnd, start + MAX_TAG_BYTES))
  if (!TAG.test(tag)) return { kind: 'tagless', text: 'a COMMAND has a tag of 1 to 32 of A-Za-z0-9._-' }
  const nameAt = Math.min(tagEnd + 1, end)
  const nameEnd = wordEnd(bytes, nameAt, end)
  const name = bytes.toString('latin1', nameAt, nameEnd)
  const sent = Buffer.from(bytes.subarray(Math.min(nameEnd + 1, end), end))
  const args = nameEnd < end ? decodeAll(sent) : []
  if (args !== undefined) return { kind: 'command', tag, name, sent, args }
  const text = 'a % in an argument is followed by two hex digits; a % itself is %25'
  return { kind: 'mistake', tag, name, sent, code: 'bad-arguments', text }
}

/** Where the word that begins at `start` ends. */
export function wordEnd(bytes: Buffer, start: number, end: number): number {
  const blank = bytes.indexOf(BLANK, start)
  return blank === -1 || blank > end ? end : blank
}

/** Undefined where one of the arguments cannot be decoded. */
function decodeAll(sent: Buffer): readonly Buffer[] | undefined {
  const args: Buffer[] = []
  for (let at = 0; at <= sent.length;) {
    const end = wordEnd(sent, at, sent.length)
    const arg = decoded(sent.subarray(at, end))
    if (arg === undefined) return undefined
    args.push(arg)
    at = end + 1
  }
  return args
}

function decoded(word: Buffer): Buffer | undefined {
  if (!word.includes(PERCENT)) return word
  const bytes = Buffer.alloc(word.length)
  let length = 0
  for (let at = 0; at < word.length; length++) {
    const byte = word[at] === PERCENT ? escapedByte(word, at) : word[at]
    if (byte === undefined) return undefined
    at += word[at] === PERCENT ? ESCAPE_BYTES : 1
    bytes[length] = byte
  }
  return bytes.subarray(0, length)
}

function escapedByte(word: Buffer, at: number): number | undefined {
  const digits = word.toString('latin1', at + 1, at + ESCAPE_BYTES)
  return /^[0-9A-Fa-f]{2}$/.test(digits) ? Number.parseInt(digits, 16) : undefined
}
