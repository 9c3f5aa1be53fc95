// One listening socket. A connection is counted as pending until it has proved who it is, which over TLS takes a handshake; in clear text
// there is nothing to prove but the address.

import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type Server as TlsServer, type TLSSocket } from 'node:tls'
import { hostPortText, type HostPort } from '../../src/remote/host-port.js'
import type { Peer } from '../../src/remote/ports.js'
import { handshakeFault } from '../../src/remote/tls/handshake-fault.js'
import { ALPN_NATIVE, serverTls, type Credentials } from '../../src/remote/tls/tls-options.js'
import { addressOf, peerOf } from '../../src/remote/tls/tls-peer.js'
import type { Gate, Protocol } from './gate.js'
import { NodeLink } from './node-link.js'
import type { Voice } from '../../src/remote/voice.js'

/** A port that is in use is tried again. */
const RETRY_MS = 1000
const KEEPALIVE_MS = 30_000
/** Connections that the kernel holds until they are taken. */
const BACKLOG = 1024

export interface ListenerOptions {
  readonly place: HostPort
  readonly protocol: Protocol
  /** Undefined: clear text. */
  readonly credentials: Credentials | undefined
  readonly handshakeTimeoutMs: number
}

interface Pending {
  readonly socket: Socket
  /** It has proved who it is, or is gone; more than once does nothing. */
  readonly settle: () => void
}

export class NodeListener {
  readonly #gate: Gate
  readonly #voice: Pick<Voice, 'log'>
  #options: ListenerOptions
  readonly #server: Server
  #tls: TlsServer | undefined
  /** Those that have not proved who they are. */
  readonly #pending = new Set<Pending>()
  /** The newest of an address and port. One that was reset may still be there when its place is taken, or have no address any more. */
  readonly #byAddress = new Map<string, Pending>()
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(gate: Gate, voice: Pick<Voice, 'log'>, options: ListenerOptions) {
    this.#gate = gate
    this.#voice = voice
    this.#options = options
    this.#server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEPALIVE_MS }, (socket) => {
      this.#arrived(socket)
    })
    if (options.credentials !== undefined) this.#tls = this.#tlsServer(options.credentials)
    this.#server.on('listening', () => {
      voice.log('info', 'listening for senders', { at: hostPortText(options.place), protocol: options.protocol })
    })
    this.#server.on('error', (error) => {
      voice.log('error', 'cannot listen; trying again', { at: hostPortText(options.place), error: error.message })
      this.#timer = setTimeout(() => {
        this.#listen()
      }, RETRY_MS)
    })
    this.#listen()
  }

  /** New credentials are used by those who come from now on. */
  use(options: ListenerOptions): void {
    this.#options = options
    if (options.credentials !== undefined) this.#tls = this.#tlsServer(options.credentials)
  }

  /** Nobody comes in any more; who is in stays. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#server.close()
    for (const { socket } of this.#pending) socket.destroy()
  }

  #listen(): void {
    const { host, port } = this.#options.place
    if (!this.#isClosed) this.#server.listen({ port, backlog: BACKLOG, ...(host === '' ? {} : { host }) })
  }

  #tlsServer(credentials: Credentials): TlsServer {
    const { protocol } = this.#options
    const options = serverTls(() => this.#options.credentials ?? credentials, { native: protocol === 'native' })
    const server = createTlsServer(options, (socket) => {
      this.#secured(socket)
    })
    server.on('tlsClientError', (error, socket) => {
      const { code, text } = handshakeFault(error, socket)
      this.#gate.failed(addressOf(socket), code, text)
    })
    return server
  }

  #arrived(socket: Socket): void {
    const { remoteAddress: host = '' } = socket
    const address = addressOf(socket)
    socket.on('error', () => {
      // ECONNRESET and the like: 'close' follows, and whoever hears the link is told.
    })
    const refused = this.#gate.admission.arrive(host)
    if (refused !== undefined) {
      this.#voice.log('warn', 'a connection was refused', { address, reason: refused })
      socket.destroy()
      return
    }
    const timer = setTimeout(() => {
      this.#gate.failed(address, 'handshake-late', 'it has not proved in time who it is')
      socket.destroy()
    }, this.#options.handshakeTimeoutMs)
    const settle = (): void => {
      clearTimeout(timer)
      if (!this.#pending.delete(pending)) return
      if (this.#byAddress.get(address) === pending) this.#byAddress.delete(address)
      this.#gate.admission.settle(host)
    }
    const pending: Pending = { socket, settle }
    this.#pending.add(pending)
    this.#byAddress.set(address, pending)
    socket.once('close', () => {
      if (this.#pending.has(pending)) this.#gate.admission.failed(host)
      settle()
    })
    if (this.#tls === undefined)
      this.#enter(socket, { principal: hostOf(address), address, certificateEndMs: undefined })
    else this.#tls.emit('connection', socket)
  }

  #secured(socket: TLSSocket): void {
    const peer = peerOf(socket)
    // Who offers no protocol is let through by TLS, and could have been led here by somebody in between.
    const isOurs = this.#options.protocol !== 'native' || socket.alpnProtocol === ALPN_NATIVE
    if (peer !== undefined && isOurs) {
      this.#enter(socket, peer)
      return
    }
    if (peer === undefined) this.#gate.failed(addressOf(socket), 'nobody', 'it has not proved who it is')
    else this.#gate.failed(addressOf(socket), 'alpn', `it does not offer the protocol ${ALPN_NATIVE} (ALPN)`)
    socket.destroy()
  }

  #enter(socket: Socket, peer: Peer): void {
    this.#byAddress.get(addressOf(socket))?.settle()
    const link = new NodeLink(socket)
    const events = this.#gate.enter(this.#options.protocol, link, peer)
    if (events !== undefined) link.hear(events)
  }
}

/** An address as it is written in a configuration file, without the port. */
function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(':'))
}
