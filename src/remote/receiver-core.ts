// The receiver's side of the protocol, for all connections: inputs in, effects out, without a clock, a disk or a network of its own.
//
//     HELLO -> (all that was taken of the stream is durable) -> WELCOME -> PROBE ... -> START -> DATA and SKIP, ACK after each commit
//
// Three rules carry it. A stream belongs to the connection that said HELLO last, and whatever an older one has still underway is refused.
// WELCOME waits until nothing of the stream is undecided, so that no later ACK can be about something that the sender has not sent. And
// what is taken follows, by seq and by chain, what was taken before.

import { onBye, onData, onDurable, onGrant, onSkip, onStart } from './receiver-data.js'
import { ReceiverDesk } from './receiver-desk.js'
import { onHello, onLookedUp, onProbe } from './receiver-handshake.js'
import type { ReceiverEffect, ReceiverInput, ReceiverOptions } from './receiver-input.js'
import type { ReceiverSnapshot, Session } from './receiver-state.js'
import type { ControlMessage } from './wire/message.js'

export { initialReceiver, type ReceiverSnapshot } from './receiver-state.js'

type SessionInput = Extract<ReceiverInput, { readonly session: number }>

export class ReceiverCore {
  readonly #options: ReceiverOptions
  readonly #desk: ReceiverDesk

  constructor(options: ReceiverOptions, snapshot: ReceiverSnapshot) {
    this.#options = options
    this.#desk = new ReceiverDesk(snapshot)
  }

  /** All that it knows, for a core that goes on from here. */
  snapshot(): ReceiverSnapshot {
    return this.#desk.snapshot()
  }

  /** What is to be done, in this order. Never throws, whatever the input: what does not fit is passed by or refused. */
  on(input: ReceiverInput): readonly ReceiverEffect[] {
    this.#take(input)
    return this.#desk.takeEffects()
  }

  #take(input: ReceiverInput): void {
    switch (input.kind) {
      case 'committed': {
        for (const stream of this.#desk.streams.commit(input.ticket)) onDurable(this.#desk, this.#options, stream)
        return undefined
      }
      case 'status':
        return this.#desk.setPeer(input.state)
      case 'stop': {
        const bye: ControlMessage = { type: 'bye', reason: 'the receiver is being stopped' }
        for (const session of this.#desk.sessions) this.#desk.close(session, undefined, bye)
        return undefined
      }
      case 'opened': {
        const { session: id, principal, address, credit } = input
        if (this.#desk.session(id) !== undefined) return undefined
        const step = { kind: 'opened' } as const
        return this.#desk.put({ id, principal, address, instance: '', credit, used: 0, toldCredit: 0, probes: 0, step })
      }
      case 'message':
      case 'data':
      case 'looked-up':
      case 'grant':
      case 'expel':
      case 'closed': {
        const session = this.#desk.session(input.session)
        return session === undefined ? undefined : this.#takeOf(session, input)
      }
    }
    return input satisfies never
  }

  #takeOf(session: Session, input: Exclude<SessionInput, { kind: 'opened' }>): void {
    switch (input.kind) {
      case 'message':
        return this.#onMessage(session, input.message)
      case 'data':
        return onData(this.#desk, session, input.block)
      case 'looked-up':
        return onLookedUp(this.#desk, session, input.chains)
      case 'grant':
        return onGrant(this.#desk, { ...session, credit: Math.max(session.credit, input.limit) })
      case 'expel':
        return this.#desk.fail(session, input.code, input.text, input.retryAfterMs)
      case 'closed':
        return this.#desk.drop(session)
    }
    return input satisfies never
  }

  #onMessage(session: Session, message: ControlMessage): void {
    const desk = this.#desk
    const { step } = session
    switch (message.type) {
      case 'hello':
        if (step.kind === 'opened' || step.kind === 'welcomed' || step.kind === 'streaming')
          return onHello(desk, this.#options, session, message)
        break
      case 'probe':
        if (step.kind === 'welcomed') return onProbe(desk, session, step.stream, message.seqs)
        break
      case 'start':
        if (step.kind === 'welcomed') return onStart(desk, session, step.stream, message)
        break
      case 'skip':
        if (step.kind === 'streaming') return onSkip(desk, session, step.stream, message)
        break
      case 'ping':
        return desk.send(session, { type: 'pong', nonce: message.nonce })
      case 'pong':
        return undefined
      case 'error':
        return desk.close(session, undefined)
      case 'bye':
        return onBye(desk, session)
      case 'welcome':
      case 'probed':
      case 'ack':
      case 'status':
        break
      default:
        return message satisfies never
    }
    return desk.fail(session, 'protocol', `a ${message.type} has no place here`)
  }
}
