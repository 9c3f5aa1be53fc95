import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Peer } from '../ports.js'
import { principalIn } from './subject-names.js'

/** The identity whose key a connection was made with; a connection with a key has no certificate. */
const identities = new WeakMap<TLSSocket, string>()

/** To be told when a key is given out: only who has it completes the handshake. */
export function rememberIdentity(socket: TLSSocket, identity: string): void {
  identities.set(socket, identity)
}

/**
 * Who is at the other end of a connection that is made; undefined if it proves nobody, and then it has to be closed. A client that uses
 * a key says with which identity: whoever answers to it has the same key.
 */
export function peerOf(socket: TLSSocket, ownIdentity?: string): Peer | undefined {
  const address = addressOf(socket)
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) {
    const identity = identities.get(socket) ?? ownIdentity
    return identity === undefined ? undefined : { principal: identity, address, certificateEndMs: undefined }
  }
  // With a key nobody needs a certificate: whoever shows one has not shown that it has the key.
  if (identities.has(socket) || ownIdentity !== undefined || !socket.authorized) return undefined
  const principal = principalIn(certificate)
  return principal === undefined ? undefined : { principal, address, certificateEndMs: Date.parse(certificate.validTo) }
}

/** As it is written in a configuration file; an IPv4 address as one, however the socket was opened. */
export function addressOf({
  remoteAddress = '',
  remotePort = 0,
}: Pick<Socket, 'remoteAddress' | 'remotePort'>): string {
  const host = remoteAddress.replace(/^::ffff:(?=\d+\.)/i, '')
  return host.includes(':') ? `[${host}]:${remotePort}` : `${host}:${remotePort}`
}
