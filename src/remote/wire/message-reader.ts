// Bytes in, messages out, for one connection. What has come of a message that is not whole is all that is held: its buffer grows with
// what arrives, never with what the header claims, and a length beyond what the type may have is refused before anything is held.

import { decodeBody, MAX_CONTROL_BYTES, MAX_DATA_BYTES } from './body.js'
import { FRAME_BYTES, readFrameHeader, type MessageType } from './frame.js'
import type { Message } from './message.js'
import { WireError } from './wire-error.js'

/** A type that is not known may be as long as this, and nothing of it is held. */
export const MAX_IGNORED_BYTES = 64 * 1024
const FIRST_HOLD_BYTES = 4096

/** What each end may be sent. */
const EXPECTED: Readonly<Record<'sender' | 'receiver', ReadonlySet<MessageType>>> = {
  sender: new Set(['welcome', 'probed', 'ack', 'ping', 'pong', 'status', 'error', 'bye']),
  receiver: new Set(['hello', 'probe', 'start', 'skip', 'data', 'ping', 'pong', 'error', 'bye']),
}

type State =
  | { readonly kind: 'header' }
  | { readonly kind: 'body'; readonly type: MessageType; readonly bodyBytes: number }
  | { readonly kind: 'ignored'; readonly left: number }
  | { readonly kind: 'broken'; readonly error: WireError }

export class MessageReader {
  readonly #expected: ReadonlySet<MessageType>
  /** The longest body of a DATA that is read from now on: a receiver gives what there is credit for. 0: none is. */
  dataLimit: number
  #state: State = { kind: 'header' }
  /** What has come and is not looked at yet. */
  #chunk: Buffer = Buffer.alloc(0)
  #at = 0
  /** The beginning of a header or body of which the rest is still to come, in the first `#filled` bytes. */
  #hold: Buffer = Buffer.alloc(0)
  #filled = 0

  /** `side` is who reads. */
  constructor(side: 'sender' | 'receiver', dataLimit = 0) {
    this.#expected = EXPECTED[side]
    this.dataLimit = dataLimit
  }

  /** The bytes are kept, not copied, and messages point into them. `next` is called until it has no more before the next push. */
  push(bytes: Buffer): void {
    this.#chunk = this.#at < this.#chunk.length ? Buffer.concat([this.#chunk.subarray(this.#at), bytes]) : bytes
    this.#at = 0
  }

  /** The next message; undefined when more bytes are needed. Throws WireError, and from then on always the same one. */
  next(): Message | undefined {
    try {
      for (;;) {
        const state = this.#state
        switch (state.kind) {
          case 'header': {
            const header = this.#gather(FRAME_BYTES)
            if (header === undefined) return undefined
            this.#state = this.#enter(header)
            break
          }
          case 'body': {
            const body = this.#gather(state.bodyBytes)
            if (body === undefined) return undefined
            this.#state = { kind: 'header' }
            return decodeBody(state.type, body)
          }
          case 'ignored': {
            const passed = Math.min(state.left, this.#chunk.length - this.#at)
            this.#at += passed
            this.#state = passed === state.left ? { kind: 'header' } : { kind: 'ignored', left: state.left - passed }
            if (passed < state.left) return undefined
            break
          }
          case 'broken':
            throw state.error
        }
      }
    } catch (error) {
      if (error instanceof WireError) this.#state = { kind: 'broken', error }
      throw error
    }
  }

  /** Whether a message has begun and is not whole: whoever sends it has to go on. */
  get isPartial(): boolean {
    return this.#state.kind !== 'header' || this.#filled > 0
  }

  /** Memory held for a message that is not whole. */
  get heldBytes(): number {
    return this.#hold.length
  }

  /** So many bytes, in place if they have come in one piece; undefined, and kept, if they are not all there. */
  #gather(count: number): Buffer | undefined {
    const there = this.#chunk.length - this.#at
    if (this.#filled === 0 && there >= count) {
      this.#at += count
      return this.#chunk.subarray(this.#at - count, this.#at)
    }
    const taken = Math.min(count - this.#filled, there)
    this.#makeRoom(this.#filled + taken, count)
    this.#chunk.copy(this.#hold, this.#filled, this.#at, this.#at + taken)
    this.#at += taken
    this.#filled += taken
    if (this.#at === this.#chunk.length) {
      // Else the last chunk would be held for nothing.
      this.#chunk = Buffer.alloc(0)
      this.#at = 0
    }
    if (this.#filled < count) return undefined
    const whole = this.#hold.subarray(0, count)
    this.#hold = Buffer.alloc(0)
    this.#filled = 0
    return whole
  }

  /** Twice as much each time, so that a body in a thousand pieces is not copied a thousand times. */
  #makeRoom(needed: number, most: number): void {
    if (needed <= this.#hold.length) return
    const room = Buffer.allocUnsafeSlow(Math.min(most, Math.max(needed, 2 * this.#hold.length, FIRST_HOLD_BYTES)))
    this.#hold.copy(room, 0, 0, this.#filled)
    this.#hold = room
  }

  #enter(bytes: Buffer): State {
    const { type, bodyBytes } = readFrameHeader(bytes, 0)
    if (type === undefined) {
      if (bodyBytes > MAX_IGNORED_BYTES) throw tooLong(bodyBytes)
      return { kind: 'ignored', left: bodyBytes }
    }
    if (!this.#expected.has(type)) throw new WireError('out-of-place', `a ${type} is not for this end`)
    if (bodyBytes > (type === 'data' ? Math.min(this.dataLimit, MAX_DATA_BYTES) : MAX_CONTROL_BYTES))
      throw tooLong(bodyBytes)
    return { kind: 'body', type, bodyBytes }
  }
}

function tooLong(bodyBytes: number): WireError {
  return new WireError('too-long', `a frame claims a body of ${bodyBytes} bytes`)
}
