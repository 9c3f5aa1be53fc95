// Wire bytes, built without the code under test.
import { endianness } from 'node:os'

export interface WireRecord {
  readonly version: 0 | 1
  readonly type: number
  readonly payload: Buffer
}

export interface HeaderWords {
  readonly version: number
  readonly headerBytes: number
  readonly type: number
  readonly size: number
}

export const HEADER = 16
export const LONGEST_PAYLOAD = 8970
export const PADDED_FRAME = 8986

const writeWord = endianness() === 'LE' ? Buffer.prototype.writeUInt32LE : Buffer.prototype.writeUInt32BE
const readWord = endianness() === 'LE' ? Buffer.prototype.readUInt32LE : Buffer.prototype.readUInt32BE

/** A header; each word can be made wrong. */
export function header(words: Partial<HeaderWords> = {}): Buffer {
  const { version = 0, headerBytes = HEADER, type = 1300, size = 0 } = words
  const bytes = Buffer.alloc(HEADER)
  for (const [index, word] of [version, headerBytes, type, size].entries()) writeWord.call(bytes, word, index * 4)
  return bytes
}

/** A version 0 record: bare kernel text. */
export function kernelRecord(serial: number, type = 1300, fields = 'arch=c000003e syscall=59 success=yes'): WireRecord {
  return { version: 0, type, payload: Buffer.from(`audit(1795288153.101:${serial}): ${fields}`) }
}

/** A version 1 record: a whole line without its end. */
export function wholeRecord(serial: number, type = 1300, name = 'SYSCALL'): WireRecord {
  return {
    version: 1,
    type,
    payload: Buffer.from(`node=n1 type=${name} msg=audit(1795288153.101:${serial}): arch=c000003e`),
  }
}

export function exactFrame({ version, type, payload }: WireRecord): Buffer {
  return Buffer.concat([header({ version, type, size: payload.length }), payload])
}

/** A frame that takes 8986 bytes whatever its record: the rest repeats `padding`. */
export function paddedFrame(record: WireRecord, padding: Buffer | string = '\0'): Buffer {
  return Buffer.concat([exactFrame(record), Buffer.alloc(LONGEST_PAYLOAD - record.payload.length, padding)])
}

export function exactStream(records: readonly WireRecord[]): Buffer {
  return Buffer.concat(records.map(exactFrame))
}

export function paddedStream(records: readonly WireRecord[], padding?: Buffer | string): Buffer {
  return Buffer.concat(records.map((record) => paddedFrame(record, padding)))
}

export interface PlacedRecord extends WireRecord {
  readonly offset: number
  /** Where the next frame begins. */
  readonly next: number
}

/** The records of an undamaged stream, walked from header to header. */
export function recordsOf(stream: Buffer, framing: 'exact' | 'padded'): PlacedRecord[] {
  const records: PlacedRecord[] = []
  for (let offset = 0; offset < stream.length;) {
    const word = (at: number): number => readWord.call(stream, offset + at)
    const payload = stream.subarray(offset + HEADER, offset + HEADER + word(12))
    const next = offset + (framing === 'exact' ? HEADER + payload.length : PADDED_FRAME)
    records.push({ version: word(0) === 0 ? 0 : 1, type: word(8), payload, offset, next })
    offset = next
  }
  return records
}
