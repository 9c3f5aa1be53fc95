// Datagrams to a socket of this machine. Where unix-dgram cannot be used there is logger(1).

import { readFileSync } from 'node:fs'
import { errorCode } from '../../src/config/error-code.js'
import type { MakeSocket, UnixDatagramSocket } from '../../src/unix-datagram.js'
import type { Carrier, CarrierEvents } from './carrier.js'
import type { Entry, Format } from './format.js'
import { Lag } from './lag.js'
import { canBeLess } from './messages.js'

/** System errors come by number. */
const EMSGSIZE = -90
const EPROTOTYPE = -91
const WORDS: Readonly<Record<number, string>> = {
  [-2]: 'no such file',
  [-13]: 'permission denied',
  [EMSGSIZE]: 'longer than a datagram can be',
  [-107]: 'nobody listens there any more',
  [-111]: 'nobody listens there',
}
/** Receivers take this much in any case. */
const LEAST_BYTES = 1024
const QUEUE_LENGTH_FILE = '/proc/sys/net/unix/max_dgram_qlen'
const USUAL_QUEUE_LENGTH = 512
/** The kernel takes one more than its bound, and one may have been read and not stored. */
const BEYOND_QUEUE = 2
const BURST = 256

export interface DatagramOptions {
  readonly makeSocket: MakeSocket
  readonly path: string
  readonly format: Format
  readonly maxBytes: number
  /** It is a stream socket: another carrier is for that. */
  readonly onStream: () => void
}

/**
 * What the kernel has taken lies in the server's queue until it is read, and goes with the server. So as many entries as the queue holds
 * datagrams stay unproven.
 */
export class DatagramCarrier implements Carrier {
  readonly #options: DatagramOptions
  readonly #events: CarrierEvents
  readonly #socket: UnixDatagramSocket
  readonly #lag = new Lag(queueLength())
  #maxBytes: number
  #full: { readonly entry: Entry; readonly messages: readonly Buffer[]; readonly rest: readonly Entry[] } | undefined
  #isGone = false

  constructor(options: DatagramOptions, events: CarrierEvents) {
    this.#options = options
    this.#events = events
    this.#maxBytes = options.maxBytes
    this.#socket = options.makeSocket()
    this.#socket.on('writable', () => {
      this.#goOn()
    })
    this.#socket.on('error', (error) => {
      const code = numberOf(error)
      if (!this.#leave()) return
      if (code === EPROTOTYPE) options.onStream()
      else events.closed({ kind: 'broken', why: wordsOf(code) })
    })
    this.#socket.on('connect', () => {
      events.opened({ confirms: false, burst: BURST })
    })
    // Everybody has to be told of it by an event, as with sockets that take their time.
    setImmediate(() => {
      if (!this.#isGone) this.#socket.connect(options.path)
    })
  }

  send(entries: readonly Entry[]): boolean {
    for (const [index, entry] of entries.entries()) {
      if (!this.#sendEntry(entry, this.#options.format(entry, this.#maxBytes), entries.slice(index + 1))) return false
    }
    return true
  }

  confirm(): void {
    if (this.#leave()) this.#events.closed({ kind: 'proved' })
  }

  destroy(): void {
    this.#leave()
  }

  /** False: no more for now. */
  #sendEntry(entry: Entry, messages: readonly Buffer[], rest: readonly Entry[]): boolean {
    for (const [index, message] of messages.entries()) {
      const code = this.#sendOne(message)
      if (code === 0) continue
      if (code > 0) {
        this.#full = { entry, messages: messages.slice(index), rest }
        return false
      }
      if (code === EMSGSIZE && !canBeLess(this.#maxBytes, LEAST_BYTES)) {
        this.#events.lost(1, wordsOf(code))
        break
      }
      if (code === EMSGSIZE) {
        this.#maxBytes = Math.max(LEAST_BYTES, Math.floor(this.#maxBytes / 2))
        this.#events.told(`datagrams of more than ${this.#maxBytes} bytes are not taken; longer records go in parts`)
        return this.#sendEntry(entry, this.#options.format(entry, this.#maxBytes), rest)
      }
      if (this.#leave()) this.#events.closed({ kind: 'broken', why: wordsOf(code) })
      return false
    }
    this.#events.taken(1)
    this.#events.proven(this.#lag.add(messages.length))
    return !this.#isGone
  }

  /** 0, or 1 when the queue is full, or the number of an error. */
  #sendOne(message: Buffer): number {
    let code = 0
    this.#socket.send(message, (error) => {
      code = error === undefined ? 0 : numberOf(error)
    })
    return code
  }

  #goOn(): void {
    const full = this.#full
    if (full === undefined || this.#isGone) return
    this.#full = undefined
    if (this.#sendEntry(full.entry, full.messages, full.rest) && this.send(full.rest)) this.#events.drained()
  }

  #leave(): boolean {
    if (this.#isGone) return false
    this.#isGone = true
    this.#socket.close()
    return true
  }
}

function numberOf(error: Error): number {
  const code: unknown = 'code' in error ? error.code : undefined
  if (typeof code === 'number') return code
  throw new Error(`unix-dgram says ${errorCode(error)} where a number belongs`, { cause: error })
}

function wordsOf(code: number): string {
  return WORDS[code] ?? `error ${-code}`
}

/** What a socket that is made now would hold; a server may have been started under another bound, which is rare. */
function queueLength(): number {
  try {
    return Number(readFileSync(QUEUE_LENGTH_FILE, 'utf8')) + BEYOND_QUEUE
  } catch {
    // ENOENT: no /proc here.
    return USUAL_QUEUE_LENGTH
  }
}
