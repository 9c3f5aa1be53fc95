// Connections of the system's: TCP, and TLS over it. Whatever goes wrong is told by `closed`, with the reason in words: a name that is
// not known, a port that is shut and a certificate that is for another machine are all reasons to try again later.

import { connect, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import type { ClientChannel } from '../../src/remote/channel.js'
import type { Link, LinkEvents, Peer } from '../../src/remote/ports.js'
import { handshakeFault } from '../../src/remote/tls/handshake-fault.js'
import { addressOf, peerOf } from '../../src/remote/tls/tls-peer.js'
import { ALPN_NATIVE, clientTls, type Credentials } from '../../src/remote/tls/tls-options.js'
import type { Server } from './uplink.js'

/** A vanished machine is noticed by the protocol's own PING; this keeps firewalls from forgetting the connection. */
const KEEPALIVE_MS = 30_000
/** What was said last has so long to get away before the connection is closed all the same. */
const LINGER_MS = 3000
/** What a link that can rest reads at once: some thousands of answers. */
const READ_BYTES = 64 * 1024

export interface DialOptions {
  readonly protocol: 'native' | 'managed'
  readonly channel: ClientChannel
  /** Of the channel; undefined without TLS. */
  readonly credentials: Credentials | undefined
  /** 0 is any. */
  readonly localPort: number
  readonly connectTimeoutMs: number
}

export function nodeDial(options: DialOptions): (server: Server, events: LinkEvents) => Link {
  return (server, events) => new NodeLink(server, options, events)
}

class NodeLink implements Link {
  readonly #socket: Socket
  readonly #events: LinkEvents
  #why = 'the other end closed it'
  #linger: NodeJS.Timeout | undefined

  constructor(server: Server, options: DialOptions, events: LinkEvents) {
    this.#events = events
    const { channel, credentials, localPort, connectTimeoutMs } = options
    const local = localPort === 0 ? {} : { localPort }
    if (channel.kind === 'tcp' || credentials === undefined) {
      const reading = options.protocol === 'managed' ? { onread: this.#ownReading() } : {}
      this.#socket = connect({ ...server, ...local, ...reading }, () => {
        this.#connected(peerByAddress(this.#socket))
      })
    } else {
      const isNative = options.protocol === 'native'
      const serverName = channel.kind === 'tls' ? channel.serverName : ''
      const tls = connectTls({ ...clientTls(credentials, server, { native: isNative, serverName }), ...local }, () => {
        this.#secured(tls, isNative, channel.kind === 'tls-psk' ? channel.identity : undefined)
      })
      this.#socket = tls
    }
    const timer = setTimeout(() => {
      this.#fail(`no connection after ${connectTimeoutMs} ms`)
    }, connectTimeoutMs)
    this.#socket.setNoDelay(true)
    this.#socket.setKeepAlive(true, KEEPALIVE_MS)
    this.#socket.once(channel.kind === 'tcp' ? 'connect' : 'secureConnect', () => {
      clearTimeout(timer)
    })
    this.#socket.on('error', (error) => {
      this.#why = wordsOf(error)
    })
    this.#socket.on('close', () => {
      clearTimeout(timer)
      clearTimeout(this.#linger)
      events.closed(this.#why)
    })
  }

  write(chunks: readonly Uint8Array[]): boolean {
    this.#socket.cork()
    let hasRoom = true
    for (const chunk of chunks) hasRoom = this.#socket.write(chunk)
    this.#socket.uncork()
    return hasRoom
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  end(): void {
    this.#socket.end()
    this.#linger ??= setTimeout(() => {
      this.#socket.destroy()
    }, LINGER_MS)
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** Without a stream in between, which would go on reading up to its mark while it is paused. */
  #ownReading(): { readonly buffer: Buffer; readonly callback: (length: number, buffer: Uint8Array) => boolean } {
    return {
      buffer: Buffer.allocUnsafeSlow(READ_BYTES),
      callback: (length, buffer) => {
        this.#events.data(Buffer.from(buffer.subarray(0, length)))
        return true
      },
    }
  }

  #secured(socket: TLSSocket, isNative: boolean, identity: string | undefined): void {
    const peer = peerOf(socket, identity)
    if (peer === undefined) this.#fail('the other end does not prove who it is')
    else if (isNative && socket.alpnProtocol !== ALPN_NATIVE) this.#fail(`the other end does not speak ${ALPN_NATIVE}`)
    else this.#connected(peer)
  }

  #connected(peer: Peer): void {
    this.#socket.on('data', (bytes: Buffer) => {
      this.#events.data(bytes)
    })
    this.#socket.on('drain', () => {
      this.#events.drained()
    })
    this.#events.connected(peer)
  }

  #fail(why: string): void {
    this.#why = why
    this.#socket.destroy()
  }
}

/** Clear text proves nothing: where it came from is all there is. */
function peerByAddress(socket: Socket): Peer {
  const address = addressOf(socket)
  return { principal: address, address, certificateEndMs: undefined }
}

/** Several addresses of a name that all failed come as one error, with nothing in its own message. */
function wordsOf(error: Error): string {
  const { code, text } = handshakeFault(error)
  // That one may come at any time, and is no handshake's fault then.
  if (!(error instanceof AggregateError)) return code === 'ECONNRESET' ? error.message : text
  return error.errors.map((each) => (each instanceof Error ? each.message : String(each))).join('; ')
}
