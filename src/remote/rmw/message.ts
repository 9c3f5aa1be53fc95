// auditd's own remote protocol, "managed": 16 bytes little endian, then the payload.
//
//     0 magic fe 00 00 ff   4 header version, 5 message version: 0   6 type   10 bytes of payload   12 sequence number
//
// A reply carries the sequence number of what it answers. Bits of a type: 0x40000000 reply, 0x20000000 fatal, 0x10000000 warning.

export const HEADER_BYTES = 16
export const MAGIC = Buffer.from('fe0000ff', 'hex')
/** The longest payload that auditd keeps whole: what is longer it cuts, acknowledges, and closes the connection. */
export const MAX_KEPT_BYTES = 8954
/** The longest that audisp-remote can send: a record's text with its LF. */
export const MAX_PAYLOAD_BYTES = 8970

export const RMW = {
  message: 0,
  heartbeat: 1,
  ack: 0x40000000,
  /** The other side stops; it answers nothing, and has the sequence number 0. */
  ending: 0x40000001,
  /** Stored, but there is little room left. */
  diskLow: 0x50000001,
  /** Not stored. */
  diskFull: 0x60000001,
  diskError: 0x60000002,
} as const

const REPLY = 0x40000000
const FATAL = 0x20000000
const WARNING = 0x10000000

export interface RmwMessage {
  readonly type: number
  readonly sequence: number
  /** A view on what was pushed, or a copy. */
  readonly payload: Buffer
}

/** What a reply says of the record that it answers. `unknown`: it is none, or none that says so. */
export type Verdict = 'stored' | 'refused' | 'ending' | 'unknown'

export function verdictOf(type: number): Verdict {
  if (type === RMW.ack) return 'stored'
  if (type === RMW.ending) return 'ending'
  if ((type & REPLY) === 0) return 'unknown'
  if ((type & FATAL) !== 0) return 'refused'
  return (type & WARNING) === 0 ? 'unknown' : 'stored'
}

export function encodeRmw(type: number, sequence: number, payload: Uint8Array = NOTHING): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + payload.length)
  writeHeader(bytes, 0, type, sequence, payload.length)
  bytes.set(payload, HEADER_BYTES)
  return bytes
}

export function writeHeader(bytes: Buffer, at: number, type: number, sequence: number, payloadBytes: number): void {
  if (payloadBytes > MAX_PAYLOAD_BYTES) throw new RangeError(`a payload of ${payloadBytes} bytes is too long`)
  MAGIC.copy(bytes, at)
  bytes.writeUInt16LE(0, at + 4)
  bytes.writeUInt32LE(type, at + 6)
  bytes.writeUInt16LE(payloadBytes, at + 10)
  bytes.writeUInt32LE(sequence, at + 12)
}

const NOTHING = new Uint8Array(0)
