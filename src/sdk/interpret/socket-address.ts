// Addresses of sockets as the kernel has them, which are structures in the byte order of the machine: little-endian here, as
// libauparse reads them on x86 and ARM.

import { namesIn } from '../name-table.js'
import { FAMILIES } from '../tables/auparse-names.js'
import { decodedBytes, upToNul } from './encoded-text.js'
import { ipv6Text } from './ipv6-text.js'

/** The largest address, and more than any structure here. */
const ADDRESS_BYTES = 256
const LOCAL_BYTES = 4
const INET_BYTES = 16
const INET6_BYTES = 28
const NETLINK_BYTES = 12
const LOCAL_PATH_CHARS = 108
const X25_CHARS = 15
const AX25_CHARS = 7

/** `{ saddr_fam=inet laddr=127.0.0.1 lport=53 }` and so on. */
export function socketAddress(value: string): string {
  const decoded = decodedBytes(value)
  if (decoded === undefined) return `malformed-host(${value})`
  const bytes = Buffer.alloc(Math.max(ADDRESS_BYTES, decoded.length + 1))
  decoded.copy(bytes)
  const family = bytes.readUInt16LE(0)
  const name = namesIn(FAMILIES).get(family)
  if (name === undefined) return `unknown-family(${family})`
  // What a C string does with a zero in the middle.
  return upToNul(`{ saddr_fam=${name} ${partsOf(name, bytes, Math.floor(value.length / 2))} }`)
}

function partsOf(family: string, bytes: Buffer, size: number): string {
  switch (family) {
    case 'local':
      if (size < LOCAL_BYTES) return 'sockaddr len too short'
      return `path=${upToNul(bytes.toString('latin1', bytes[2] === 0 ? 3 : 2)).slice(0, LOCAL_PATH_CHARS)}`
    case 'inet':
      if (size < INET_BYTES) return 'sockaddr len too short'
      return `laddr=${bytes.subarray(4, 8).join('.')} lport=${bytes.readUInt16BE(2)}`
    case 'inet6':
      if (size < INET6_BYTES) return 'sockaddr6 len too short'
      return `laddr=${ipv6Text(bytes.subarray(8, 24), bytes.readUInt32LE(24))} lport=${bytes.readUInt16BE(2)}`
    case 'netlink':
      if (size < NETLINK_BYTES) return 'len too short'
      return `nlnk-fam=${bytes.readUInt16LE(0)} nlnk-pid=${bytes.readUInt32LE(4)}`
    case 'ax25':
      return `call=${bytes.toString('latin1', 2, 2 + AX25_CHARS)}`
    case 'atmpvc':
      return `int=${bytes.readInt16LE(4)}`
    case 'x25':
      return `laddr=${upToNul(bytes.toString('latin1', 2)).slice(0, X25_CHARS)}`
    default:
      return '(unsupported)'
  }
}
