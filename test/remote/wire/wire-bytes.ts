// Bytes of the wire, built without the code under test: from docs/protocol/remote-native.md alone.

const TYPES: Readonly<Record<string, number>> = {
  HELLO: 1,
  WELCOME: 2,
  PROBE: 3,
  PROBED: 4,
  START: 5,
  SKIP: 6,
  DATA: 7,
  ACK: 8,
  PING: 9,
  PONG: 10,
  STATUS: 11,
  ERROR: 12,
  BYE: 13,
}

export interface FrameWords {
  readonly magic?: string
  readonly type: string | number
  readonly flags?: number
  readonly reserved?: number
  readonly length?: number
  readonly crc?: number
}

/** A frame; each word of its header can be made wrong. */
export function frame(words: FrameWords, body: Buffer | string = ''): Buffer {
  const bytes = Buffer.from(body)
  const header = Buffer.alloc(16)
  header.write(words.magic ?? 'ARP1', 0, 'latin1')
  header[4] = typeof words.type === 'number' ? words.type : (TYPES[words.type] ?? 0)
  header[5] = words.flags ?? 0
  header.writeUInt16LE(words.reserved ?? 0, 6)
  header.writeUInt32LE(words.length ?? bytes.length, 8)
  header.writeUInt32LE(words.crc ?? crc32(header.subarray(0, 12)), 12)
  return Buffer.concat([header, bytes])
}

export function jsonFrame(type: string, body: object): Buffer {
  return frame({ type }, JSON.stringify(body))
}

export function ackFrame(seq: number, chain: string, credit: number, state: number): Buffer {
  const body = Buffer.alloc(36)
  body.writeBigUInt64LE(BigInt(seq), 0)
  body.write(chain, 8, 16, 'hex')
  body.writeBigUInt64LE(BigInt(credit), 24)
  body[32] = state
  return frame({ type: 'ACK' }, body)
}

export function nonceFrame(type: 'PING' | 'PONG', nonce: number): Buffer {
  const body = Buffer.alloc(8)
  body.writeBigUInt64LE(BigInt(nonce))
  return frame({ type }, body)
}

/** CRC-32 as ISO 3309 and zlib have it, bit by bit. */
export function crc32(bytes: Buffer): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  return (crc ^ 0xffffffff) >>> 0
}
