// The frame around each message, little endian:
//
//     0 magic ARP1   4 type   5 flags   6 zero   8 bytes of the body   12 CRC-32 of 0-11
//
// The header has a CRC because a wrong length would swallow what follows. The body has none of its own: TLS and TCP carry it, and a
// block has its sums inside.

import { crcOf } from '../../journal/bytes.js'
import type { Message } from './message.js'
import { WireError } from './wire-error.js'

export const FRAME_BYTES = 16
/** Whoever does not know the type may pass the frame by. */
const IGNORABLE = 0x80
const MAGIC = 0x31505241
const CRC_AT = 12

const TYPES = {
  hello: 1,
  welcome: 2,
  probe: 3,
  probed: 4,
  start: 5,
  skip: 6,
  data: 7,
  ack: 8,
  ping: 9,
  pong: 10,
  status: 11,
  error: 12,
  bye: 13,
} as const

export type MessageType = Message['type']

export interface FrameHeader {
  /** Undefined: not known, and may be passed by. */
  readonly type: MessageType | undefined
  readonly bodyBytes: number
}

const NAMES: ReadonlyMap<number, MessageType> = new Map(
  Object.entries(TYPES).flatMap(([name, type]) => (isType(name) ? [[type, name] as const] : [])),
)

export function frameHeader(type: MessageType, bodyBytes: number): Buffer {
  return writeFrameHeader(Buffer.allocUnsafe(FRAME_BYTES), type, bodyBytes)
}

/** At the front of a buffer with room for the body too, which it returns. */
export function writeFrameHeader(bytes: Buffer, type: MessageType, bodyBytes: number): Buffer {
  bytes.writeUInt32LE(MAGIC, 0)
  bytes.writeUInt32LE(TYPES[type], 4)
  bytes.writeUInt32LE(bodyBytes, 8)
  bytes.writeUInt32LE(crcOf(bytes.subarray(0, CRC_AT)), CRC_AT)
  return bytes
}

/** What the 16 bytes at `at` say. Throws WireError. */
export function readFrameHeader(bytes: Buffer, at: number): FrameHeader {
  if (bytes.readUInt32LE(at) !== MAGIC) throw new WireError('bad-magic', 'a frame does not begin with ARP1')
  if (crcOf(bytes.subarray(at, at + CRC_AT)) !== bytes.readUInt32LE(at + CRC_AT))
    throw new WireError('bad-header', 'the CRC of a frame header is wrong')
  const flags = bytes.readUInt8(at + 5)
  if ((flags & ~IGNORABLE) !== 0 || bytes.readUInt16LE(at + 6) !== 0)
    throw new WireError('bad-header', 'a frame header has bits that mean nothing in this version')
  const number = bytes.readUInt8(at + 4)
  const type = NAMES.get(number)
  if (type === undefined && (flags & IGNORABLE) === 0)
    throw new WireError('unknown-type', `a frame has type ${number}, which is not known`)
  return { type, bodyBytes: bytes.readUInt32LE(at + 8) }
}

function isType(name: string): name is MessageType {
  return name in TYPES
}
