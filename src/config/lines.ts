import { Buffer } from 'node:buffer'

const LF = 0x0a
const CR = 0x0d
const HASH = 0x23
const BYTE_ORDER_MARK = Buffer.of(0xef, 0xbb, 0xbf)

/** The lines that say something, without blanks at either end; and what is wrong with the file as a whole. */
export interface Lines {
  readonly lines: readonly { readonly line: number; readonly content: Buffer }[]
  readonly faults: readonly { readonly line: number; readonly text: string }[]
}

/** Cuts a file into lines at LF, and nothing else: U+2028 and a lone CR stay in their line. */
export function linesOf(bytes: Buffer): Lines {
  const hasMark = bytes.indexOf(BYTE_ORDER_MARK) === 0
  const lines = []
  let dosLine = 0
  let start = hasMark ? BYTE_ORDER_MARK.length : 0
  for (let line = 1; start < bytes.length; line++) {
    const newline = bytes.indexOf(LF, start)
    const end = newline < 0 ? bytes.length : newline
    let content = withoutBlanks(bytes.subarray(start, end))
    start = end + 1
    if (content.length === 0 || content[0] === HASH) continue
    if (content.at(-1) === CR) {
      // Said once: a file from DOS has it on every line.
      if (dosLine === 0) dosLine = line
      content = withoutBlanks(content.subarray(0, -1))
    }
    if (content.length > 0) lines.push({ line, content })
  }
  const faults = []
  if (hasMark) faults.push({ line: 1, text: 'the file starts with a byte order mark; save it as plain UTF-8' })
  if (dosLine > 0)
    faults.push({ line: dosLine, text: "the line ends in CR LF; take the CRs out: sed -i 's/\\r$//' FILE" })
  return { lines, faults }
}

function withoutBlanks(raw: Buffer): Buffer {
  let start = 0
  let end = raw.length
  while (start < end && isBlank(raw[start])) start++
  while (end > start && isBlank(raw[end - 1])) end--
  return raw.subarray(start, end)
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09
}
