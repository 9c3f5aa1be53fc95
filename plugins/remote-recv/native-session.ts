// One native connection: bytes to messages, how long they may take, and what goes back. It decides nothing about streams.

import { encode } from '../../src/remote/wire/encode.js'
import { MessageReader } from '../../src/remote/wire/message-reader.js'
import type { Ack, ControlMessage, Message } from '../../src/remote/wire/message.js'
import { WireError } from '../../src/remote/wire/wire-error.js'
import type { Session, SessionHost } from './intake.js'
import { TokenBucket } from './token-bucket.js'

/** The first HELLO is due so soon. */
const HELLO_MS = 5000
/** A message that has begun is whole by then, or comes at least this fast. */
const FRAME_MS = 30_000
const FRAME_BYTES_PER_S = 4096
/** Messages other than DATA: a second, and at once. An honest sender needs one now and then, and some dozens at the opening. */
const CONTROL_PER_S = 50
const CONTROL_AT_ONCE = 500

/** Comes back when a lower limit is known to the peer. An idle PING has 0. */
export const RECALL_NONCE = 1

/** Why a connection is given up that has broken no rule of the core's. */
export type Overdue = 'hello-late' | 'frame-slow' | 'silent'

export const OVERDUE_TEXTS: Readonly<Record<Overdue, string>> = {
  'hello-late': 'no HELLO in time',
  'frame-slow': 'a message that has begun does not come to its end',
  silent: 'no answer to PING',
}

export interface NativeEvents {
  /** The longest body of a DATA that may come now. */
  dataLimit(session: NativeSession): number
  arrived(session: NativeSession, message: Message): void
  broken(session: NativeSession, text: string): void
  gone(session: NativeSession, why: string): void
  ended(session: NativeSession, reason: string, retryAfterMs: number): void
}

type State = 'open' | 'over'

export class NativeSession implements Session {
  readonly id: number
  readonly host: SessionHost
  readonly #events: NativeEvents
  readonly #reader = new MessageReader('receiver')
  readonly #control: TokenBucket
  readonly #openedMs: number
  #state: State = 'open'
  #hasGreeted = false
  #heardMs: number
  #pingedMs = 0
  /** When the message that is not whole has begun, and what has come since. */
  #partial: { readonly sinceMs: number; bytes: number } | undefined
  /** The peer does not read: of ACKs only the newest is kept, and nothing more is read of it. */
  #isClogged = false
  #laterAck: Ack | undefined
  /** Behind that. */
  #laterPing: number | undefined

  constructor(id: number, host: SessionHost, events: NativeEvents) {
    this.id = id
    this.host = host
    this.#events = events
    this.#openedMs = host.clock.monotonicMs()
    this.#heardMs = this.#openedMs
    this.#control = new TokenBucket(CONTROL_PER_S, CONTROL_AT_ONCE, this.#openedMs)
  }

  get principal(): string {
    return this.host.peer.principal
  }

  /** When anything came last. */
  get heardMs(): number {
    return this.#heardMs
  }

  data(bytes: Buffer): void {
    if (this.#state === 'over') return
    this.#heardMs = this.host.clock.monotonicMs()
    this.#reader.push(bytes)
    let messages = 0
    try {
      for (;;) {
        this.#reader.dataLimit = this.#events.dataLimit(this)
        const message = this.#reader.next()
        if (message === undefined) break
        messages++
        if (message.type === 'hello') this.#hasGreeted = true
        if (message.type !== 'data' && this.#control.take(1, this.#heardMs) > 0) {
          this.#events.broken(this, 'too many messages that are no DATA')
          return
        }
        this.#events.arrived(this, message)
        if (this.#isOver()) return
      }
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      this.#events.broken(this, error.message)
      return
    }
    if (!this.#reader.isPartial) this.#partial = undefined
    else if (messages > 0 || this.#partial === undefined) this.#partial = { sinceMs: this.#heardMs, bytes: 0 }
    else this.#partial.bytes += bytes.length
  }

  drained(): void {
    if (!this.#isClogged || this.#state === 'over') return
    this.#isClogged = false
    const ack = this.#laterAck
    this.#laterAck = undefined
    const nonce = this.#laterPing
    this.#laterPing = undefined
    if (ack !== undefined) this.send(ack)
    if (nonce !== undefined) this.send({ type: 'ping', nonce })
    if (!this.#isStillClogged()) this.host.link.resume()
  }

  closed(why: string): void {
    if (this.#state === 'over') return
    this.#state = 'over'
    this.#events.gone(this, why)
  }

  end(reason: string, retryAfterMs: number): void {
    if (this.#state === 'open') this.#events.ended(this, reason, retryAfterMs)
  }

  send(message: ControlMessage): void {
    if (this.#state === 'over') return
    if (this.#isClogged && message.type === 'ack') {
      this.#laterAck = message
      return
    }
    if (this.#isClogged && message.type === 'ping') {
      this.#laterPing = Math.max(message.nonce, this.#laterPing ?? 0)
      return
    }
    if (this.host.link.write(encode(message)) || this.#isClogged) return
    this.#isClogged = true
    this.host.link.pause()
  }

  /** What was sent goes out; nothing more is read. */
  finish(): void {
    if (this.#state === 'over') return
    this.#state = 'over'
    this.host.link.end()
  }

  /** To be asked now and then. Says PING to a silent peer. */
  overdue(nowMs: number, pingMs: number): Overdue | undefined {
    if (!this.#hasGreeted && nowMs - this.#openedMs >= HELLO_MS) return 'hello-late'
    const { sinceMs, bytes } = this.#partial ?? { sinceMs: nowMs, bytes: 0 }
    const frameMs = nowMs - sinceMs
    if (frameMs >= FRAME_MS && bytes * 1000 < frameMs * FRAME_BYTES_PER_S) return 'frame-slow'
    const silentMs = nowMs - this.#heardMs
    if (silentMs >= 3 * pingMs) return 'silent'
    if (silentMs >= pingMs && nowMs - this.#pingedMs >= pingMs) this.ping(0, nowMs)
    return undefined
  }

  /** The nonce comes back in a PONG, behind everything that was sent before. */
  ping(nonce: number, nowMs: number): void {
    this.#pingedMs = nowMs
    this.send({ type: 'ping', nonce })
  }

  /** Read anew: what is called meanwhile may have changed it. */
  #isOver(): boolean {
    return this.#state === 'over'
  }

  #isStillClogged(): boolean {
    return this.#isClogged
  }
}
