import type { ControlMessage, Data, Message } from '../../src/remote/wire/message.js'
import { FairQueue } from './fair-queue.js'

/** Messages of one session that are no DATA: an honest sender has one or two behind its blocks. */
const MAX_CONTROL = 64
/** What a SKIP costs in its turn: about as much as the line that it leaves in the journal. */
const SKIP_BYTES = 1024

/** Blocks that wait for room in the journal, by turns of their sessions, and what has come behind them. Credit bounds the blocks. */
export class Waiting {
  readonly #queue = new FairQueue<Message>()
  /** By session. */
  readonly #control = new Map<number, number>()

  open(session: number, weight: number): void {
    this.#queue.open(session, weight)
    this.#control.set(session, 0)
  }

  /** Returns the bytes of its blocks, which are not taken any more. */
  close(session: number): number {
    this.#control.delete(session)
    const messages = this.#queue.close(session)
    return messages.reduce((sum, message) => sum + (message.type === 'data' ? bodyBytes(message) : 0), 0)
  }

  addBlock(session: number, data: Data): void {
    this.#queue.push(session, bodyBytes(data), data)
  }

  /** False: there are too many. */
  addControl(session: number, message: ControlMessage): boolean {
    const count = this.#control.get(session) ?? MAX_CONTROL
    if (count >= MAX_CONTROL) return false
    this.#control.set(session, count + 1)
    this.#queue.push(session, message.type === 'skip' ? SKIP_BYTES : 0, message)
    return true
  }

  isEmpty(session: number): boolean {
    return this.#queue.isEmpty(session)
  }

  get hasMessages(): boolean {
    return this.#queue.hasItems
  }

  next(): { readonly session: number; readonly message: Message } | undefined {
    const next = this.#queue.next()
    if (next === undefined) return undefined
    const { lane: session, item: message } = next
    if (message.type !== 'data') this.#control.set(session, (this.#control.get(session) ?? 1) - 1)
    return { session, message }
  }
}

export function bodyBytes({ head, lines }: Data): number {
  return head.length + lines.length
}
