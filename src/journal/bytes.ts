import { crc32 } from 'node:zlib'

/** Position and seq are counted in numbers; a value above 2^53-1 is not one that we have written. */
export function readCount(bytes: Buffer, at: number): number | undefined {
  const value = bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32
  return Number.isSafeInteger(value) ? value : undefined
}

export function writeCount(bytes: Buffer, value: number, at: number): void {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} is no count`)
  bytes.writeUInt32LE(value % 2 ** 32, at)
  bytes.writeUInt32LE(Math.floor(value / 2 ** 32), at + 4)
}

/** The CRC-32 of pieces one after another, as if they were one. */
export function crcOf(...pieces: readonly Uint8Array[]): number {
  let crc = 0
  for (const piece of pieces) if (piece.length > 0) crc = crc32(piece, crc)
  return crc
}

/** A Buffer on the same bytes. */
export function bufferOn(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}
