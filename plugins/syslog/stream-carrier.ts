// TCP, TLS, and a stream socket of this machine. Syslog over a stream has no acknowledgement: a message that the kernel has taken may
// lie unread in either kernel when the server dies. But a server that closes in reply to our close has read to the end, for with bytes
// left unread its kernel would have reset the connection; so closing in order is the proof, and until then everything can be sent again.

import type { Socket } from 'node:net'
import type { Carrier, CarrierEvents } from './carrier.js'
import type { Entry, Format } from './format.js'

/** After this long a server that was asked to close does not mean to. */
const ANSWER_MS = 10_000
const KEEPALIVE_MS = 30_000
/** Several writes of this much make up for the way there and back. */
const HIGH_WATER_BYTES = 256 * 1024
const NUL = Buffer.from([0])
const LF = Buffer.from('\n')

/** What shows where a message ends: its length before it, or a byte behind it; syslog(3) has NUL on a stream socket of this machine. */
export type Framing = 'octet-count' | 'lf' | 'nul'

export interface StreamOptions {
  readonly socket: Socket
  /** The event of the socket that says that it can be written. */
  readonly readyEvent: 'connect' | 'secureConnect'
  readonly framing: Framing
  readonly format: Format
  readonly connectTimeoutMs: number
  /** An error of the socket's in words. */
  readonly wordsOf: (error: Error) => string
}

type Phase = 'opening' | 'open' | 'confirming' | 'gone'

export class StreamCarrier implements Carrier {
  readonly #options: StreamOptions
  readonly #events: CarrierEvents
  #phase: Phase = 'opening'
  #why = 'the server closed the connection'
  #hasFailed = false
  #timer: NodeJS.Timeout
  /** Writes that the kernel has not taken yet. */
  #writes = 0
  /** Entries without a message; they are taken when all before them is. */
  #silent = 0

  constructor(options: StreamOptions, events: CarrierEvents) {
    const { socket, readyEvent, connectTimeoutMs, wordsOf } = options
    this.#options = options
    this.#events = events
    this.#timer = setTimeout(() => {
      this.#break(`no connection after ${connectTimeoutMs} ms`)
    }, connectTimeoutMs)
    socket.setNoDelay(true)
    socket.setKeepAlive(true, KEEPALIVE_MS)
    socket.once(readyEvent, () => {
      clearTimeout(this.#timer)
      if (this.#phase !== 'opening') return
      this.#phase = 'open'
      events.opened({ confirms: true, burst: Infinity })
    })
    socket.on('drain', () => {
      if (this.#phase === 'open') events.drained()
    })
    socket.on('end', () => {
      // Whatever is written from now on is read by nobody.
      if (this.#phase === 'open') this.#break(this.#why)
    })
    socket.on('error', (error) => {
      this.#hasFailed = true
      this.#why = wordsOf(error)
    })
    socket.on('close', () => {
      this.#closed()
    })
    // A server has nothing to say; what it says all the same must not hide its end.
    socket.resume()
  }

  send(entries: readonly Entry[]): boolean {
    const { socket, format, framing } = this.#options
    const chunks: Buffer[] = []
    for (const entry of entries) for (const message of format(entry, Infinity)) addFrame(chunks, message, framing)
    if (chunks.length === 0) {
      this.#silent += entries.length
      if (this.#writes === 0) this.#taken(0)
      return true
    }
    this.#writes++
    socket.write(Buffer.concat(chunks), (error) => {
      this.#writes--
      if (this.#phase !== 'gone' && (error === null || error === undefined)) this.#taken(entries.length)
    })
    return socket.writableLength < HIGH_WATER_BYTES
  }

  confirm(): void {
    if (this.#phase !== 'open') return
    this.#phase = 'confirming'
    this.#timer = setTimeout(() => {
      if (this.#leave()) this.#events.closed({ kind: 'unanswered' })
    }, ANSWER_MS)
    this.#options.socket.end()
  }

  destroy(): void {
    this.#leave()
  }

  #taken(count: number): void {
    const silent = this.#writes === 0 ? this.#silent : 0
    this.#silent -= silent
    this.#events.taken(count + silent)
  }

  #closed(): void {
    const isProved = this.#phase === 'confirming' && !this.#hasFailed
    if (this.#leave()) this.#events.closed(isProved ? { kind: 'proved' } : { kind: 'broken', why: this.#why })
  }

  #break(why: string): void {
    if (this.#leave()) this.#events.closed({ kind: 'broken', why })
  }

  /** False: that has been done. */
  #leave(): boolean {
    if (this.#phase === 'gone') return false
    this.#phase = 'gone'
    clearTimeout(this.#timer)
    this.#options.socket.destroy()
    return true
  }
}

function addFrame(chunks: Buffer[], message: Buffer, framing: Framing): void {
  switch (framing) {
    case 'octet-count':
      chunks.push(Buffer.from(`${message.length} `), message)
      break
    case 'lf':
      chunks.push(message, LF)
      break
    case 'nul':
      chunks.push(message, NUL)
      break
    default:
      framing satisfies never
  }
}
