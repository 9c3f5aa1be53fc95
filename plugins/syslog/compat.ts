// Byte for byte what audisp-syslog 3.0.9 sends, observed beside it: the time is that of sending, the line end stands in the message,
// and what it cannot read at once goes in pieces.

import type { SyslogConfig } from './config.js'
import type { Entry, Format } from './format.js'
import { priorityOf, USER_FACILITY } from './priority.js'
import { SEPARATOR } from './separator.js'
import { oldTime } from './timestamp.js'

const IDENT = 'audisp-syslog'
/** As soon as another facility than the usual is asked for. */
const OTHER_IDENT = 'audispd'
/** It reads at most so much of a line at once, and takes the rest for another. */
const READ_BYTES = 8969
const INFO = 6
const BLANK = 0x20
const LF = Buffer.from('\n')
/** A facility's number in what it says of itself is as syslog(3) has it. */
const FACILITY_SHIFT = 8

export interface CompatWorld {
  nowMs(): number
  /** A record with its numbers turned into names, as audisp-syslog's `interpret` writes it; undefined for what it leaves out. */
  interpret(line: Buffer): Buffer | undefined
}

/** What audisp-syslog says when it starts. */
export function startNotice({ facility, severity }: SyslogConfig): Entry {
  const text = `syslog plugin initialized with facility ${facility * FACILITY_SHIFT} and priority ${severity}`
  return { line: Buffer.from(text), seq: 0, kind: 'notice' }
}

/** `isLogger`: the head is made by logger(1), which takes a line end for the end of the message. */
export function compatFormat(config: SyslogConfig, isLogger: boolean, world: CompatWorld): Format {
  const ident = compatIdent(config)
  const priority = priorityOf(config.facility, config.severity)
  const message = (of: number, name: string, text: Buffer): Buffer => {
    const head = isLogger ? `<${of}>` : `<${of}>${oldTime(world.nowMs())} ${name}: `
    return Buffer.concat([Buffer.from(head), text])
  }
  return ({ line, kind }) => {
    if (kind === 'notice') return [message(priorityOf(USER_FACILITY, INFO), IDENT, line)]
    return piecesOf(Buffer.concat([line, LF])).flatMap((piece) => {
      const text = config.interpret ? world.interpret(piece) : plainText(piece)
      if (text === undefined) return []
      return [message(priority, ident, isLogger && text.at(-1) === LF[0] ? text.subarray(0, -1) : text)]
    })
  }
}

/** The name that the messages stand under. */
export function compatIdent({ facility }: SyslogConfig): string {
  return facility === USER_FACILITY ? IDENT : OTHER_IDENT
}

function piecesOf(line: Buffer): Buffer[] {
  const count = Math.ceil(line.length / READ_BYTES)
  return Array.from({ length: count }, (_, index) => line.subarray(index * READ_BYTES, (index + 1) * READ_BYTES))
}

/** A text of C ends at a NUL; of the separators the first becomes a blank. */
function plainText(piece: Buffer): Buffer {
  const nul = piece.indexOf(0)
  const text = Buffer.from(nul < 0 ? piece : piece.subarray(0, nul))
  const at = text.indexOf(SEPARATOR)
  if (at >= 0) text[at] = BLANK
  return text
}
