// The address in a SOCKADDR record: bytes in the kernel's form, of the machine that the record comes from.

import { SocketAddress } from 'node:net'

const UNIX = 1
const INET = 2
const INET6 = 10
const PORT_AT = 2
const INET_AT = 4
const INET6_AT = 8

/** `192.0.2.1:443`, `[2001:db8::1]:443`, a path, `@name`; undefined for other families, and for what is too short. */
export function addressIn(saddr: Buffer): string | undefined {
  if (saddr.length <= PORT_AT) return undefined
  // A machine of the other byte order has the family's byte in the other place.
  switch (saddr.readUInt16LE(0) & 0xff || saddr.readUInt16BE(0)) {
    case UNIX:
      return pathIn(saddr.subarray(PORT_AT))
    case INET:
      return saddr.length < INET_AT + 4
        ? undefined
        : `${saddr.subarray(INET_AT, INET_AT + 4).join('.')}:${portIn(saddr)}`
    case INET6:
      return saddr.length < INET6_AT + 16 ? undefined : `[${inet6(saddr)}]:${portIn(saddr)}`
    default:
      return undefined
  }
}

function portIn(saddr: Buffer): number {
  return saddr.readUInt16BE(PORT_AT)
}

function inet6(saddr: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) => saddr.readUInt16BE(INET6_AT + 2 * index).toString(16))
  return new SocketAddress({ family: 'ipv6', address: groups.join(':') }).address
}

/** An abstract name begins with NUL; a path ends with the first. */
function pathIn(name: Buffer): string | undefined {
  const text = name.toString('utf8')
  const isAbstract = text.startsWith('\0')
  const [path = ''] = (isAbstract ? text.slice(1) : text).split('\0')
  if (path === '') return undefined
  return isAbstract ? `@${path}` : path
}
