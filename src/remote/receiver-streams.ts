import type { SessionId } from './receiver-input.js'
import type { Point, Stream, Take } from './receiver-state.js'

type Of = Pick<Stream, 'principal' | 'stream'>

/** The streams of all principals, and in which order what was taken of them waits for its commit. */
export class StreamBook {
  readonly #principals = new Map<string, Map<string, Stream>>()
  #takes: Take[]
  #ticket: number
  #heard: number

  constructor(streams: readonly Stream[], takes: readonly Take[], ticket: number, heard: number) {
    for (const stream of streams) this.#put(stream)
    this.#takes = [...takes]
    this.#ticket = ticket
    this.#heard = heard
  }

  get ticket(): number {
    return this.#ticket
  }

  get heard(): number {
    return this.#heard
  }

  get takes(): readonly Take[] {
    return this.#takes
  }

  *[Symbol.iterator](): Iterator<Stream> {
    for (const streams of this.#principals.values()) yield* streams.values()
  }

  get({ principal, stream }: Of): Stream | undefined {
    return this.#principals.get(principal)?.get(stream)
  }

  of(principal: string): readonly Stream[] {
    return [...(this.#principals.get(principal)?.values() ?? [])]
  }

  /** A HELLO gives the stream to a session; whoever had it has it no more. */
  give(stream: Omit<Stream, 'heard' | 'owner'>, owner: SessionId): Stream {
    const given: Stream = { ...stream, owner, heard: this.#heard++ }
    this.#put(given)
    return given
  }

  /** The session is gone, or has turned to another stream. One of which the journal has nothing is not remembered. */
  release(of: Of, owner: SessionId): void {
    const stream = this.get(of)
    if (stream?.owner !== owner) return
    if (stream.origin.kind === 'stored') this.#put({ ...stream, owner: undefined })
    else this.forget(of)
  }

  /** It goes into the journal now. */
  take(stream: Stream, point: Point): number {
    const ticket = ++this.#ticket
    this.#put({ ...stream, taken: point, origin: { kind: 'stored' } })
    this.#takes.push({ ticket, principal: stream.principal, stream: stream.stream, point })
    return ticket
  }

  /** Streams of which more is durable now. */
  commit(ticket: number): readonly Stream[] {
    const end = this.#takes.findIndex((take) => take.ticket > ticket)
    const done = this.#takes.splice(0, end < 0 ? this.#takes.length : end)
    const changed = new Map<Stream, Point>()
    for (const take of done) {
      const found = this.get(take)
      if (found !== undefined) changed.set(found, take.point)
    }
    return Array.from(changed, ([stream, point]) => {
      const durable: Stream = { ...stream, durable: point }
      this.#put(durable)
      return durable
    })
  }

  /**
   * Of a principal's streams, the one to be forgotten first: nobody sends it, all of it is durable, and it was heard of least recently.
   * A closed one that a sender still names is heard of at each handshake, so the ones that are nobody's any more go before it.
   */
  leastHeard(principal: string): Stream | undefined {
    const idle = this.of(principal).filter(
      ({ owner, durable, taken }) => owner === undefined && durable.seq === taken.seq,
    )
    return idle.toSorted((a, b) => a.heard - b.heard)[0]
  }

  forget({ principal, stream }: Of): void {
    const streams = this.#principals.get(principal)
    streams?.delete(stream)
    if (streams?.size === 0) this.#principals.delete(principal)
  }

  #put(stream: Stream): void {
    const streams = this.#principals.get(stream.principal)
    if (streams === undefined) this.#principals.set(stream.principal, new Map([[stream.stream, stream]]))
    else streams.set(stream.stream, stream)
  }
}
