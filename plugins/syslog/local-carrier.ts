// /dev/log is a datagram socket nearly everywhere, and a stream in some places; what it is only shows when somebody connects.

import { connect } from 'node:net'
import { errorCode } from '../../src/config/error-code.js'
import type { MakeSocket } from '../../src/unix-datagram.js'
import type { Carrier, CarrierEvents } from './carrier.js'
import type { Entry } from './format.js'
import { LoggerCarrier } from './logger-carrier.js'
import type { Messages } from './messages.js'
import { StreamCarrier } from './stream-carrier.js'
import { DatagramCarrier } from './unix-datagram.js'

/** What a stream socket's connect says of a datagram socket. */
const OTHER_KIND = 'EPROTOTYPE'

export interface LocalOptions {
  readonly path: string
  readonly messages: Messages
  readonly connectTimeoutMs: number
  /** Undefined: without the package, logger(1) sends. */
  readonly makeSocket: MakeSocket | undefined
  readonly logger?: string
}

export class LocalCarrier implements Carrier {
  readonly #options: LocalOptions
  readonly #events: CarrierEvents
  #carrier: Carrier

  constructor(options: LocalOptions, events: CarrierEvents) {
    this.#options = options
    this.#events = events
    this.#carrier = options.makeSocket === undefined ? this.#stream() : this.#datagram(options.makeSocket)
  }

  send(entries: readonly Entry[]): boolean {
    return this.#carrier.send(entries)
  }

  confirm(): void {
    this.#carrier.confirm()
  }

  destroy(): void {
    this.#carrier.destroy()
  }

  #datagram(makeSocket: MakeSocket): Carrier {
    const { path, messages } = this.#options
    const onStream = (): void => {
      this.#carrier = this.#stream()
    }
    const format = messages.format('local')
    return new DatagramCarrier(
      { makeSocket, path, format, maxBytes: messages.maxBytes('local'), onStream },
      this.#events,
    )
  }

  #stream(): Carrier {
    const { path, messages, connectTimeoutMs } = this.#options
    const socket = connect(path)
    let isOther = false
    const wordsOf = (error: Error): string => {
      isOther = errorCode(error) === OTHER_KIND
      return error.message
    }
    const events: CarrierEvents = {
      ...this.#events,
      closed: (end) => {
        if (isOther && this.#options.makeSocket === undefined) this.#carrier = this.#logger()
        else this.#events.closed(end)
      },
    }
    const format = messages.format('local')
    return new StreamCarrier(
      { socket, readyEvent: 'connect', framing: 'nul', format, connectTimeoutMs, wordsOf },
      events,
    )
  }

  #logger(): Carrier {
    const { path, messages, logger } = this.#options
    const { tag, withPid } = messages
    this.#events.told('unix-dgram cannot be used here: logger(1) sends, with a head and a time of its own')
    const options = { path, tag, withPid, format: messages.format('logger'), maxBytes: messages.maxBytes('local') }
    return new LoggerCarrier(logger === undefined ? options : { ...options, program: logger }, this.#events)
  }
}
