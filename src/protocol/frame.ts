// The frame that auditd wraps around a record: four words in the host's byte order (version, header length, record
// type, payload size), then the payload. Both ends are programs of one machine, so the order is never converted.
import { endianness } from 'node:os'
import { ProtocolError } from './protocol-error.js'

export const HEADER_BYTES = 16
/** The longest payload that any release of auditd sends. */
export const MAX_PAYLOAD_BYTES = 8970
/** What auditd 3.0 to 4.1.0 and audispd 2.x write to a binary plugin for every record, whatever its size. */
export const PADDED_FRAME_BYTES = HEADER_BYTES + MAX_PAYLOAD_BYTES
/** The type of a record whose name auditd does not know or could not read. */
export const UNKNOWN_TYPE = 0xffffffff
export const LITTLE_ENDIAN = endianness() === 'LE'

const BEGINNINGS = [Uint32Array.of(0, HEADER_BYTES), Uint32Array.of(1, HEADER_BYTES)].map(({ buffer }) =>
  Buffer.from(buffer),
)

export type HeaderFault = 'unknown-version' | 'bad-header-length' | 'oversize'

/** Writes a header of 16 bytes at `at`. */
export function writeHeader(target: Buffer, at: number, version: 0 | 1, type: number, size: number): void {
  if (size > MAX_PAYLOAD_BYTES) throw new ProtocolError('frame-too-long', `a frame cannot hold ${size} bytes`)
  writeWord(target, at, version)
  writeWord(target, at + 4, HEADER_BYTES)
  writeWord(target, at + 8, type)
  writeWord(target, at + 12, size)
}

/** Why the 16 bytes at `at` cannot be a header, if they cannot. The version goes first: another one may mean other fields. */
export function headerFault(view: DataView, at: number): HeaderFault | undefined {
  if (view.getUint32(at, LITTLE_ENDIAN) > 1) return 'unknown-version'
  if (view.getUint32(at + 4, LITTLE_ENDIAN) !== HEADER_BYTES) return 'bad-header-length'
  if (payloadSize(view, at) > MAX_PAYLOAD_BYTES) return 'oversize'
  return undefined
}

/** The size that the header at `at` gives. */
export function payloadSize(view: DataView, at: number): number {
  return view.getUint32(at + 12, LITTLE_ENDIAN)
}

/** Whether the bytes from `at` on, too few for a header, can be the first ones of it. */
export function mayBeginHeader(bytes: Buffer, at: number): boolean {
  const there = bytes.subarray(at, at + HEADER_BYTES / 2)
  return BEGINNINGS.some((begin) => begin.subarray(0, there.length).equals(there))
}

/** A view of the same bytes: DataView reads a word in one native call, also without a compiler. */
export function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}

function writeWord(target: Buffer, at: number, word: number): void {
  if (LITTLE_ENDIAN) target.writeUInt32LE(word, at)
  else target.writeUInt32BE(word, at)
}
