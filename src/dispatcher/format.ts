import { HEADER_BYTES, LITTLE_ENDIAN, writeHeader } from '../protocol/frame.js'
import { lineEnd } from '../protocol/line.js'
import { lineType } from '../protocol/record.js'

/** How one kind of plugin wants its records on its stdin, as far as a queue must know it. */
export interface Format {
  readonly name: 'string' | 'binary' | 'protocol'
  /** End offset of the record that begins at `start`. */
  endOfRecord(bytes: Buffer, start: number): number
  /** One line, LF included, as this format writes it; `seq` is its number. */
  encode(line: Buffer, seq: number): Buffer
}

const SIZE_OFFSET = 12
const TEXT_VERSION = 1

export const STRING: Format = {
  name: 'string',
  endOfRecord: lineEnd,
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

export const PROTOCOL: Format = {
  name: 'protocol',
  endOfRecord: lineEnd,
  encode: (line, seq) => Buffer.concat([Buffer.from(`RECORD ${seq} `), line]),
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

/** What a drop-in's `format` means. */
export function formatOf(name: Format['name']): Format {
  switch (name) {
    case 'string':
      return STRING
    case 'binary':
      return BINARY
    case 'protocol':
      return PROTOCOL
    default:
      return name satisfies never
  }
}

function readSize(bytes: Buffer, at: number): number {
  return LITTLE_ENDIAN ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at)
}
