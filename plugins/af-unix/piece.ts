// What all clients are given: records in one buffer, as they go onto the wire. It is made once and shared; nobody changes it.

import { HEADER_BYTES, LITTLE_ENDIAN, MAX_PAYLOAD_BYTES, writeHeader } from '../../src/protocol/frame.js'
import { lineType } from '../../src/protocol/record.js'
import type { RecordBatch } from '../../src/sdk/index.js'
import type { ClientFormat } from './config.js'

/** A client that falls behind holds on to whole pieces, so they are small. */
const PIECE_BYTES = 64 * 1024
const LF = 0x0a
const SIZE_OFFSET = 12
/** The payload is a whole record, not the kernel's bare text. */
const TEXT_VERSION = 1

/** Whole records, one after the other. */
export interface Piece {
  readonly bytes: Buffer
  readonly count: number
}

export interface Pieces {
  readonly pieces: readonly Piece[]
  /** Records that no frame has room for. */
  readonly tooLong: number
}

/** The records of a batch in a copy of their own. */
export function piecesOf(batch: RecordBatch, format: ClientFormat): Pieces {
  const lines = [...batch.lines(PIECE_BYTES)]
  switch (format) {
    case 'string':
      return { pieces: lines, tooLong: 0 }
    case 'binary': {
      const pieces = lines.map(({ bytes, count }) => frames(bytes, count))
      const tooLong = lines.reduce((sum, { count }, at) => sum + count - (pieces[at]?.count ?? 0), 0)
      return { pieces: pieces.filter(({ count }) => count > 0), tooLong }
    }
    default:
      return format satisfies never
  }
}

/**
 * The first records of a piece, at most so many and so long together, in a copy: who takes only a part is not to hold on to
 * the whole.
 */
export function firstOf(piece: Piece, format: ClientFormat, maxRecords: number, maxBytes: number): Piece {
  let [end, count] = [0, 0]
  while (count < maxRecords && end < piece.bytes.length) {
    const next = endOfRecord(piece.bytes, end, format)
    if (next > maxBytes) break
    end = next
    count++
  }
  return { bytes: Buffer.from(piece.bytes.subarray(0, end)), count }
}

/** Each line as a frame: its header, and the record without its LF. */
function frames(lines: Buffer, lineCount: number): Piece {
  const bytes = Buffer.allocUnsafeSlow(lines.length + lineCount * (HEADER_BYTES - 1))
  let [filled, count] = [0, 0]
  for (let at = 0; at < lines.length;) {
    const end = lines.indexOf(LF, at)
    const size = end - at
    if (size <= MAX_PAYLOAD_BYTES) {
      writeHeader(bytes, filled, TEXT_VERSION, lineType(lines, at, end), size)
      filled += HEADER_BYTES + lines.copy(bytes, filled + HEADER_BYTES, at, end)
      count++
    }
    at = end + 1
  }
  return { bytes: bytes.subarray(0, filled), count }
}

function endOfRecord(bytes: Buffer, start: number, format: ClientFormat): number {
  switch (format) {
    case 'string':
      return bytes.indexOf(LF, start) + 1
    case 'binary': {
      const at = start + SIZE_OFFSET
      return start + HEADER_BYTES + (LITTLE_ENDIAN ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at))
    }
    default:
      return format satisfies never
  }
}
