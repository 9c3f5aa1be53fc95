// One port can serve every protocol: each shows itself by its first bytes.

import { MAGIC } from './message.js'

/** The most that is needed to tell. */
export const TELLING_BYTES = 4

const NATIVE_MAGIC = Buffer.from('ARP1')
/** A TLS record with a handshake in it. */
const TLS_HANDSHAKE = 0x16

export type SpokenProtocol = 'native' | 'rmw' | 'tls'

/** What a client begins to speak; undefined while its bytes are too few to tell. */
export function protocolOf(first: Buffer): SpokenProtocol | 'unknown' | undefined {
  if (first[0] === TLS_HANDSHAKE) return 'tls'
  if (beginsAs(first, MAGIC)) return first.length >= MAGIC.length ? 'rmw' : undefined
  if (beginsAs(first, NATIVE_MAGIC)) return first.length >= NATIVE_MAGIC.length ? 'native' : undefined
  return 'unknown'
}

function beginsAs(first: Buffer, magic: Buffer): boolean {
  const end = Math.min(first.length, magic.length)
  return first.compare(magic, 0, end, 0, end) === 0
}
