import { HEADER_BYTES, LITTLE_ENDIAN, writeHeader } from '../protocol/frame.js'
import { lineType } from '../protocol/record.js'

/** How one kind of plugin wants its records on its stdin, as far as a queue must know it. */
export interface Format {
  readonly name: 'string' | 'binary'
  /** End offset of the record that begins at `start`. */
  endOfRecord(bytes: Buffer, start: number): number
  /** One line, LF included, as this format writes it. */
  encode(line: Buffer): Buffer
}

const LF = 0x0a
const SIZE_OFFSET = 12
const TEXT_VERSION = 1

export const STRING: Format = {
  name: 'string',
  endOfRecord: (bytes, start) => bytes.indexOf(LF, start) + 1,
  encode: (line) => line,
}

export const BINARY: Format = {
  name: 'binary',
  endOfRecord: (bytes, start) => start + HEADER_BYTES + readSize(bytes, start + SIZE_OFFSET),
  encode: (line) => {
    const size = line.length - 1
    const frame = Buffer.alloc(HEADER_BYTES + size)
    writeHeader(frame, 0, TEXT_VERSION, lineType(line, 0, size), size)
    line.copy(frame, HEADER_BYTES, 0, size)
    return frame
  },
}

/** The whole records that lie in [start, limit): where the last of them ends, and how many there are. */
export function wholeRecords(
  format: Format,
  bytes: Buffer,
  start: number,
  limit: number,
): { readonly end: number; readonly records: number } {
  let end = start
  let records = 0
  while (end < limit) {
    const next = format.endOfRecord(bytes, end)
    if (next > limit) break
    end = next
    records++
  }
  return { end, records }
}

/** What a drop-in's `format` means; `protocol` is refused before it gets here. */
export function formatOf(name: 'string' | 'binary' | 'protocol'): Format {
  return name === 'binary' ? BINARY : STRING
}

function readSize(bytes: Buffer, at: number): number {
  return LITTLE_ENDIAN ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at)
}
