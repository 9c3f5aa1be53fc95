// UDP proves nothing. All that is ever heard is that nobody listens at the other end, and then what was sent last goes again.

import { createSocket, type Socket } from 'node:dgram'
import { isIP } from 'node:net'
import { errorCode } from '../../src/config/error-code.js'
import type { Carrier, CarrierEvents } from './carrier.js'
import type { Entry, Format } from './format.js'
import { canBeLess } from './messages.js'

/** Entries on their way at once. */
const BURST = 64
/** So long after the first datagram it is heard that nobody takes it, if that is heard at all. */
const PROBE_MS = 200
/** The least that every receiver takes (RFC 5426); smaller is not tried. */
const LEAST_BYTES = 480

export interface UdpOptions {
  readonly host: string
  readonly port: number
  readonly format: Format
  readonly maxBytes: number
  readonly connectTimeoutMs: number
}

export class UdpCarrier implements Carrier {
  readonly #options: UdpOptions
  readonly #events: CarrierEvents
  readonly #socket: Socket
  #maxBytes: number
  #hasProbed = false
  #isGone = false
  #timer: NodeJS.Timeout | undefined

  constructor(options: UdpOptions, events: CarrierEvents) {
    this.#options = options
    this.#events = events
    this.#maxBytes = options.maxBytes
    this.#socket = createSocket({ type: isIP(options.host) === 6 ? 'udp6' : 'udp4' })
    this.#socket.on('error', (error) => {
      this.#break(error.message)
    })
    this.#timer = setTimeout(() => {
      this.#break(`no address after ${options.connectTimeoutMs} ms`)
    }, options.connectTimeoutMs)
    this.#socket.connect(options.port, options.host, () => {
      clearTimeout(this.#timer)
      if (!this.#isGone) events.opened({ confirms: false, burst: BURST })
    })
  }

  send(entries: readonly Entry[]): boolean {
    void this.#sendAll(entries)
    return false
  }

  confirm(): void {
    if (this.#leave()) this.#events.closed({ kind: 'proved' })
  }

  destroy(): void {
    this.#leave()
  }

  async #sendAll(entries: readonly Entry[]): Promise<void> {
    // The first goes alone, so that no more than it is lost on a server that is not there.
    const [first, ...more] = entries
    if (first === undefined) return
    for (const some of this.#hasProbed ? [entries] : [[first], more]) {
      if (some.length > 0 && !(await this.#sendSome(some))) return
    }
    this.#events.drained()
  }

  async #sendSome(entries: readonly Entry[]): Promise<boolean> {
    for (const entry of entries) {
      const why = await this.#sendEntry(entry)
      if (this.#isGone) return false
      if (why === undefined) continue
      this.#break(why)
      return false
    }
    // What the other end has refused is reported by the next turn where it is near, and some time later where it is not.
    await this.#pause(this.#hasProbed ? 0 : PROBE_MS)
    if (this.#isGone) return false
    this.#hasProbed = true
    this.#events.taken(entries.length)
    this.#events.proven(entries.length)
    return true
  }

  /** Undefined, or why it could not be sent. */
  async #sendEntry(entry: Entry): Promise<string | undefined> {
    for (;;) {
      const errors = await Promise.all(this.#options.format(entry, this.#maxBytes).map((each) => this.#sendOne(each)))
      const error = errors.find((each) => each !== undefined)
      if (error === undefined) return undefined
      if (errorCode(error) !== 'EMSGSIZE') return error.message
      if (!canBeLess(this.#maxBytes, LEAST_BYTES)) {
        this.#events.lost(1, error.message)
        return undefined
      }
      // A bound of the way there that nobody told us: the record goes again in more parts.
      this.#maxBytes = Math.max(LEAST_BYTES, Math.floor(this.#maxBytes / 2))
      this.#events.told(`datagrams of more than ${this.#maxBytes} bytes cannot be sent; longer records go in parts`)
    }
  }

  #sendOne(message: Buffer): Promise<Error | undefined> {
    return new Promise((done) => {
      if (this.#isGone) done(undefined)
      else this.#socket.send(message, (error) => done(error ?? undefined))
    })
  }

  #pause(ms: number): Promise<void> {
    return new Promise((done) => {
      this.#timer = setTimeout(done, ms)
    })
  }

  #break(why: string): void {
    if (this.#leave()) this.#events.closed({ kind: 'broken', why })
  }

  #leave(): boolean {
    if (this.#isGone) return false
    this.#isGone = true
    clearTimeout(this.#timer)
    this.#socket.close()
    return true
  }
}
