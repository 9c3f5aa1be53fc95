import { sequenceOf } from './sent-record.js'

/** A record on its way, as bytes of a MESSAGE; undefined if the other side is never to have it. */
export interface Outgoing {
  readonly seq: number
  readonly frame: Uint8Array | undefined
}

/** `waiting`: for its turn on this connection. `refused`: answered, and not stored. */
type ItemState = 'waiting' | 'sent' | 'refused' | 'settled'

interface Item extends Outgoing {
  readonly sequence: number
  state: ItemState
  /** Its place in the order of sending: a record that was refused is sent again behind younger ones. */
  sentAs: number
}

/** Records that have been read and not been stored by the other side, oldest first: as many as the window has room for. */
export class Unsettled {
  #items: Item[] = []
  #bytes = 0
  #unanswered = 0
  #lastSent = 0
  /** Something was refused and sent again, so that they were not sent in the order in which they stand here. */
  #isShuffled = false

  get size(): number {
    return this.#items.length
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Sent on this connection, without an answer. */
  get unanswered(): number {
    return this.#unanswered
  }

  /** Stands for all that has been sent so far; see `settleSent`. */
  get lastSent(): number {
    return this.#lastSent
  }

  add(records: readonly Outgoing[]): void {
    for (const { seq, frame } of records) {
      this.#bytes += frame?.length ?? 0
      const state = frame === undefined ? 'settled' : 'waiting'
      this.#items.push({ seq, frame, sequence: sequenceOf(seq), state, sentAs: 0 })
    }
  }

  /** Frames of those whose turn it is, until so many are unanswered. */
  take(limit: number): Uint8Array[] {
    const frames: Uint8Array[] = []
    if (this.#unanswered >= limit) return frames
    for (const item of this.#items) {
      if (item.state !== 'waiting' || item.frame === undefined) continue
      item.state = 'sent'
      item.sentAs = ++this.#lastSent
      frames.push(item.frame)
      if (++this.#unanswered >= limit) break
    }
    return frames
  }

  /** Stored, with all that was sent before it; false if none such is unanswered. */
  settle(sequence: number): boolean {
    const item = this.#find(sequence)
    if (item !== undefined) this.settleSent(item.sentAs)
    return item !== undefined
  }

  /** All that is unanswered and was sent when `lastSent` was that, or before. */
  settleSent(lastSent: number): void {
    for (const item of this.#items) {
      // The rest is younger still.
      if (!this.#isShuffled && (item.state === 'waiting' || item.sentAs > lastSent)) return
      if (item.state !== 'sent' || item.sentAs > lastSent) continue
      item.state = 'settled'
      this.#unanswered--
    }
  }

  /** Not stored, but all that was sent before it is. */
  refuse(sequence: number): boolean {
    const item = this.#find(sequence)
    if (item === undefined) return false
    this.settleSent(item.sentAs - 1)
    item.state = 'refused'
    this.#unanswered--
    return true
  }

  /** What was refused may be tried again. */
  retryRefused(): void {
    for (const item of this.#items) if (item.state === 'refused') item.state = 'waiting'
    this.#isShuffled = true
  }

  /** The connection is gone, and nothing unanswered counts. */
  forgetSent(): void {
    for (const item of this.#items) if (item.state === 'sent') item.state = 'waiting'
    this.#unanswered = 0
    // From here on those that wait go in their order.
    this.#isShuffled = false
  }

  /** Lets go of what is settled with all before it; returns the last seq of that. */
  release(): number | undefined {
    const unsettled = this.#items.findIndex(({ state }) => state !== 'settled')
    const count = unsettled < 0 ? this.#items.length : unsettled
    if (count === 0) return undefined
    const released = this.#items.splice(0, count)
    if (this.#items.length === 0) this.#isShuffled = false
    for (const { frame } of released) this.#bytes -= frame?.length ?? 0
    return released.at(-1)?.seq
  }

  #find(sequence: number): Item | undefined {
    return this.#items.find((item) => item.sequence === sequence && item.state === 'sent')
  }
}
