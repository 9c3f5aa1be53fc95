import type { ReceiverAlarm, ReceiverEffect, SessionId } from './receiver-input.js'
import type { ReceiverSnapshot, Session, Stream } from './receiver-state.js'
import { StreamBook } from './receiver-streams.js'
import { ackChain, type ControlMessage, type ErrorAction, type ErrorCode, type PeerState } from './wire/message.js'

/** The connections and streams at hand, and what is to be done about them. */
export class ReceiverDesk {
  readonly streams: StreamBook
  readonly #sessions: Map<SessionId, Session>
  #peer: PeerState
  #effects: ReceiverEffect[] = []

  constructor({ streams, takes, ticket, heard, sessions, peer }: ReceiverSnapshot) {
    this.streams = new StreamBook(streams, takes, ticket, heard)
    this.#sessions = new Map(sessions.map((session) => [session.id, session]))
    this.#peer = peer
  }

  snapshot(): ReceiverSnapshot {
    const { takes, ticket, heard } = this.streams
    return {
      streams: [...this.streams],
      sessions: [...this.#sessions.values()],
      takes: [...takes],
      ticket,
      heard,
      peer: this.#peer,
    }
  }

  /** All that has come up since the last time. */
  takeEffects(): readonly ReceiverEffect[] {
    const effects = this.#effects
    this.#effects = []
    return effects
  }

  get sessions(): readonly Session[] {
    return [...this.#sessions.values()]
  }

  session(id: SessionId | undefined): Session | undefined {
    return id === undefined ? undefined : this.#sessions.get(id)
  }

  streamOf({ principal, step }: Session): Stream | undefined {
    return step.kind === 'opened' ? undefined : this.streams.get({ principal, stream: step.stream })
  }

  put(session: Session): void {
    this.#sessions.set(session.id, session)
  }

  do(effect: ReceiverEffect): void {
    this.#effects.push(effect)
  }

  alarm(alarm: ReceiverAlarm): void {
    this.do({ kind: 'alarm', alarm })
  }

  send({ id }: Session, message: ControlMessage): void {
    this.do({ kind: 'send', session: id, message })
  }

  /** What is durable, and the credit that there is now. */
  ack(session: Session, { durable }: Stream): void {
    const { credit } = session
    this.put({ ...session, toldCredit: credit })
    this.send(session, { type: 'ack', seq: durable.seq, chain: ackChain(durable.chain), credit, state: this.#peer })
  }

  setPeer(peer: PeerState): void {
    this.#peer = peer
    for (const session of this.#sessions.values())
      if (session.step.kind !== 'opened') this.send(session, { type: 'status', state: peer })
  }

  /** After a WELCOME, as nothing has told it to this session yet. */
  tellTrouble(session: Session): void {
    if (this.#peer !== 'ok') this.send(session, { type: 'status', state: this.#peer })
  }

  fail(session: Session, code: ErrorCode, text: string, retryAfterMs = 0): void {
    const action = actionOf(code, retryAfterMs)
    this.close(session, code, { type: 'error', code, text, retryAfterMs, action })
  }

  close(session: Session, error: ErrorCode | undefined, last?: ControlMessage): void {
    if (last !== undefined) this.send(session, last)
    this.do({ kind: 'close', session: session.id, error })
    this.drop(session)
  }

  drop(session: Session): void {
    this.letGo(session)
    this.#sessions.delete(session.id)
  }

  /** The session's stream is nobody's, until the next HELLO. */
  letGo({ principal, step, id }: Session): void {
    if (step.kind !== 'opened') this.streams.release({ principal, stream: step.stream }, id)
  }
}

/** What a sender should do about an ERROR. */
function actionOf(code: ErrorCode, retryAfterMs: number): ErrorAction {
  switch (code) {
    case 'superseded':
      return 'superseded'
    case 'version':
      return 'upgrade'
    case 'refused':
      return retryAfterMs > 0 ? 'retry' : 'operator'
    case 'streams':
    case 'wrong-node':
      return 'operator'
    case 'protocol':
    case 'out-of-order':
    case 'bad-block':
    case 'credit':
    case 'disk':
      return 'retry'
  }
  return code satisfies never
}
