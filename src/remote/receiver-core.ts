// The receiver's side of the protocol, for all connections: inputs in, effects out, without a clock, a disk or a network of its own.
//
//     HELLO -> (all that was taken of the stream is durable) -> WELCOME -> PROBE ... -> START -> DATA and SKIP, ACK after each commit
//
// Three rules carry it. A stream belongs to the connection that said HELLO last, and whatever an older one has still underway is refused.
// WELCOME waits until nothing of the stream is undecided, so that no later ACK can be about something that the sender has not sent. And
// what is taken follows, by seq and by chain, what was taken before.

import type {
  ArrivedBlock,
  ReceiverAlarm,
  ReceiverEffect,
  ReceiverInput,
  ReceiverOptions,
  SessionId,
} from './receiver-input.js'
import type { Point, ReceiverSnapshot, Session, SessionStep, Stream } from './receiver-state.js'
import { StreamBook } from './receiver-streams.js'
import {
  ackChain,
  type ControlMessage,
  type ErrorAction,
  type ErrorCode,
  type Hello,
  type PeerState,
  type Skip,
  type Start,
} from './wire/message.js'

export { initialReceiver, type ReceiverSnapshot } from './receiver-state.js'

/** The versions of the protocol that this receiver speaks, the best one first. */
const VERSIONS: readonly number[] = [1]
/** On one connection. A search needs few, even among more blocks than there are seqs. */
const MAX_PROBES = 256

export class ReceiverCore {
  readonly #options: ReceiverOptions
  readonly #streams: StreamBook
  readonly #sessions: Map<SessionId, Session>
  #peer: PeerState
  #effects: ReceiverEffect[] = []

  constructor(options: ReceiverOptions, snapshot: ReceiverSnapshot) {
    const { streams, takes, ticket, heard } = snapshot
    this.#options = options
    this.#streams = new StreamBook(streams, takes, ticket, heard)
    this.#sessions = new Map(snapshot.sessions.map((session) => [session.id, session]))
    this.#peer = snapshot.peer
  }

  /** All that it knows, for a core that goes on from here. */
  snapshot(): ReceiverSnapshot {
    const { takes, ticket, heard } = this.#streams
    const sessions = [...this.#sessions.values()]
    return { streams: [...this.#streams], sessions, takes: [...takes], ticket, heard, peer: this.#peer }
  }

  /** What is to be done, in this order. Never throws, whatever the input: what does not fit is passed by or refused. */
  on(input: ReceiverInput): readonly ReceiverEffect[] {
    this.#effects = []
    this.#take(input)
    return this.#effects
  }

  #take(input: ReceiverInput): void {
    switch (input.kind) {
      case 'opened': {
        const { session: id, principal, address, credit } = input
        const step: SessionStep = { kind: 'opened' }
        return this.#put({ id, principal, address, instance: '', credit, used: 0, toldCredit: 0, probes: 0, step })
      }
      case 'committed': {
        for (const stream of this.#streams.commit(input.ticket)) this.#onDurable(stream)
        return undefined
      }
      case 'status': {
        this.#peer = input.state
        for (const session of this.#sessions.values()) this.#tellState(session)
        return undefined
      }
      case 'stop': {
        const bye: ControlMessage = { type: 'bye', reason: 'the receiver is being stopped' }
        for (const session of this.#sessions.values()) this.#close(session, undefined, bye)
        return undefined
      }
      case 'message':
      case 'data':
      case 'looked-up':
      case 'grant':
      case 'expel':
      case 'closed': {
        const session = this.#sessions.get(input.session)
        return session === undefined ? undefined : this.#takeOf(session, input)
      }
    }
    return input satisfies never
  }

  #takeOf(session: Session, input: Exclude<ReceiverInput, { kind: 'opened' | 'committed' | 'status' | 'stop' }>): void {
    switch (input.kind) {
      case 'message':
        return this.#onMessage(session, input.message)
      case 'data':
        return this.#onData(session, input.block)
      case 'looked-up':
        return this.#onLookedUp(session, input.chains)
      case 'grant':
        return this.#onGrant({ ...session, credit: Math.max(session.credit, input.limit) })
      case 'expel':
        return this.#fail(session, input.code, input.text, input.retryAfterMs)
      case 'closed':
        return this.#drop(session)
    }
    return input satisfies never
  }

  #onMessage(session: Session, message: ControlMessage): void {
    const { step } = session
    switch (message.type) {
      case 'hello':
        if (step.kind === 'opened' || step.kind === 'welcomed' || step.kind === 'streaming')
          return this.#onHello(session, message)
        break
      case 'probe':
        if (step.kind === 'welcomed') return this.#onProbe(session, step.stream, message.seqs)
        break
      case 'start':
        if (step.kind === 'welcomed') return this.#onStart(session, step.stream, message)
        break
      case 'skip':
        if (step.kind === 'streaming') return this.#onSkip(session, step.stream, message)
        break
      case 'ping':
        return this.#send(session, { type: 'pong', nonce: message.nonce })
      case 'pong':
        return undefined
      case 'error':
        return this.#close(session, undefined)
      case 'bye':
        return this.#onBye(session)
      case 'welcome':
      case 'probed':
      case 'ack':
      case 'status':
        break
      default:
        return message satisfies never
    }
    return this.#fail(session, 'protocol', `a ${message.type} has no place here`)
  }

  #onHello(session: Session, hello: Hello): void {
    const { principal } = session
    const { stream, from, instance, parent } = hello
    if (!VERSIONS.some((version) => hello.versions.includes(version)))
      return this.#fail(session, 'version', `version ${VERSIONS.join(', ')} is spoken here`)
    this.#letGo(session)
    const known = this.#streams.get({ principal, stream })
    if (known === undefined && !this.#hasRoom(principal))
      return this.#fail(session, 'streams', 'too many streams are open')
    const start: Point = { seq: from - 1, chain: hello.before }
    const origin = from === 1 ? ({ kind: 'new' } as const) : ({ kind: 'forked', parent } as const)
    const given = known ?? { principal, stream, durable: start, taken: start, ticket: 0, origin }
    if (known?.owner !== undefined) this.#supersede(known.owner, session, stream, instance)
    this.#streams.give(given, session.id)
    const step: SessionStep = { kind: 'barrier', stream, acked: hello.acked }
    const waiting: Session = { ...session, instance, step }
    this.#put(waiting)
    if (given.taken.seq === given.durable.seq) return this.#welcome(waiting, stream, given.durable, hello.acked)
    return this.#do({ kind: 'commit' })
  }

  /** Nothing of the stream is undecided now. */
  #welcome(session: Session, stream: string, durable: Point, acked: number): void {
    const { principal, id, credit } = session
    const { receiver, pingMs } = this.#options
    if (acked > durable.seq) this.#alarm({ what: 'regress', principal, stream, acked, last: durable.seq })
    const welcomed: Session = { ...session, step: { kind: 'welcomed', stream }, toldCredit: credit }
    this.#put(welcomed)
    const last = { last: durable.seq, chain: durable.chain }
    this.#send(session, { type: 'welcome', version: 1, receiver, session: String(id), ...last, credit, pingMs })
    if (this.#peer !== 'ok') this.#tellState(welcomed)
  }

  #onProbe(session: Session, stream: string, seqs: readonly number[]): void {
    if (session.probes >= MAX_PROBES) return this.#fail(session, 'protocol', 'too many PROBEs')
    const step: SessionStep = { kind: 'looking-up', stream, count: seqs.length }
    this.#put({ ...session, probes: session.probes + 1, step })
    return this.#do({ kind: 'look-up', session: session.id, principal: session.principal, stream, seqs })
  }

  #onLookedUp(session: Session, chains: readonly (string | undefined)[]): void {
    const { step } = session
    if (step.kind !== 'looking-up' || chains.length !== step.count) return undefined
    this.#put({ ...session, step: { kind: 'welcomed', stream: step.stream } })
    return this.#send(session, { type: 'probed', chains: chains.map((chain) => chain ?? null) })
  }

  #onStart(session: Session, stream: string, { from, chain }: Start): void {
    const taken = this.#streamOf(session)?.taken
    if (from - 1 !== taken?.seq || chain !== taken.chain)
      return this.#fail(session, 'out-of-order', `START ${from} does not follow ${taken?.seq ?? 0}`)
    const streaming: Session = { ...session, step: { kind: 'streaming', stream } }
    this.#put(streaming)
    return this.#onGrant(streaming)
  }

  #onData(session: Session, block: ArrivedBlock): void {
    const { principal, step } = session
    const stream = this.#streamOf(session)
    if (step.kind !== 'streaming' || stream === undefined)
      return this.#fail(session, 'protocol', 'a data has no place here')
    const { firstSeq, count, before, chain, bytes, fault } = block
    const used = session.used + bytes
    if (used > session.credit) return this.#fail(session, 'credit', `${used} bytes of DATA, and credit for less`)
    if (fault !== undefined) return this.#fail(session, fault, `the block at ${firstSeq} is refused`)
    if (firstSeq !== stream.taken.seq + 1 || before !== stream.taken.chain || count < 1)
      return this.#fail(session, 'out-of-order', `a block at ${firstSeq} does not follow ${stream.taken.seq}`)
    this.#put({ ...session, used })
    this.#begin(session, stream)
    const ticket = this.#streams.take(stream, { seq: firstSeq + count - 1, chain })
    return this.#do({ kind: 'take', ticket, session: session.id, principal, stream: stream.stream })
  }

  #onSkip(session: Session, name: string, { from, to, chain, reason }: Skip): void {
    const { principal, id } = session
    const stream = this.#streamOf(session)
    if (stream === undefined || from !== stream.taken.seq + 1 || to < from)
      return this.#fail(session, 'out-of-order', `a SKIP at ${from} does not follow ${stream?.taken.seq ?? 0}`)
    this.#begin(session, stream)
    this.#alarm({ what: 'hole', principal, stream: name, from, to, reason })
    const ticket = this.#streams.take(stream, { seq: to, chain })
    this.#do({ kind: 'skip', ticket, session: id, principal, stream: name, to, chain, reason })
    return this.#do({ kind: 'commit' })
  }

  /** The first of a stream that the journal has nothing of. */
  #begin(session: Session, { principal, stream, origin, taken }: Stream): void {
    if (origin.kind === 'forked') {
      const { parent } = origin
      this.#alarm({ what: 'fork', principal, stream, parent, atSeq: taken.seq })
      const held = this.#streams.get({ principal, stream })
      const ticket = held === undefined ? 0 : this.#streams.take(held, taken)
      const { seq: atSeq, chain } = taken
      this.#do({ kind: 'fork', ticket, session: session.id, principal, stream, parent, atSeq, chain })
    } else if (origin.kind === 'new' && this.#streams.of(principal).some(({ origin: { kind } }) => kind === 'stored'))
      this.#alarm({ what: 'new-stream', principal, stream })
  }

  #onDurable(stream: Stream): void {
    const session = stream.owner === undefined ? undefined : this.#sessions.get(stream.owner)
    if (session === undefined) return undefined
    const { step } = session
    const isAll = stream.durable.seq === stream.taken.seq
    if (step.kind === 'barrier')
      return isAll ? this.#welcome(session, step.stream, stream.durable, step.acked) : this.#do({ kind: 'commit' })
    if (step.kind === 'streaming' || step.kind === 'leaving') this.#ack(session, stream)
    if (step.kind === 'leaving' && isAll) this.#close(session, undefined)
    return undefined
  }

  /** More credit, or as much as before, is told by itself only where no ACK is about to tell it. */
  #onGrant(session: Session): void {
    this.#put(session)
    const stream = this.#streamOf(session)
    if (session.step.kind !== 'streaming' || stream === undefined || session.credit <= session.toldCredit) return
    if (stream.durable.seq === stream.taken.seq) this.#ack(session, stream)
  }

  #onBye(session: Session): void {
    const stream = this.#streamOf(session)
    const { step } = session
    if (step.kind !== 'streaming' || stream === undefined || stream.durable.seq === stream.taken.seq)
      return this.#close(session, undefined)
    this.#put({ ...session, step: { kind: 'leaving', stream: step.stream } })
    return this.#do({ kind: 'commit' })
  }

  #ack(session: Session, { durable }: Stream): void {
    const { credit } = session
    this.#put({ ...session, toldCredit: credit })
    this.#send(session, { type: 'ack', seq: durable.seq, chain: ackChain(durable.chain), credit, state: this.#peer })
  }

  #tellState(session: Session): void {
    if (session.step.kind !== 'opened') this.#send(session, { type: 'status', state: this.#peer })
  }

  /** The newest HELLO has the stream, so that nobody is locked out by a connection that only looks alive. */
  #supersede(owner: SessionId, newer: Session, stream: string, instance: string): void {
    const older = this.#sessions.get(owner)
    if (older === undefined) return
    const { principal, address } = newer
    if (older.instance !== instance)
      this.#alarm({ what: 'duplicate-sender', principal, stream, address, oldAddress: older.address })
    this.#fail(older, 'superseded', 'a newer connection has the stream')
  }

  /** Room for one more stream of this principal, made if need be and possible. */
  #hasRoom(principal: string): boolean {
    if (this.#streams.of(principal).length < this.#options.maxStreams) return true
    const victim = this.#streams.leastHeard(principal)
    if (victim === undefined) return false
    const { stream, durable } = victim
    this.#streams.forget(victim)
    this.#alarm({ what: 'stream-forgotten', principal, stream, last: durable.seq, chain: durable.chain })
    this.#do({ kind: 'forget', principal, stream })
    return true
  }

  #fail(session: Session, code: ErrorCode, text: string, retryAfterMs = 0): void {
    const action = actionOf(code, retryAfterMs)
    return this.#close(session, code, { type: 'error', code, text, retryAfterMs, action })
  }

  #close(session: Session, error: ErrorCode | undefined, last?: ControlMessage): void {
    if (last !== undefined) this.#send(session, last)
    this.#do({ kind: 'close', session: session.id, error })
    this.#drop(session)
  }

  #drop(session: Session): void {
    this.#letGo(session)
    this.#sessions.delete(session.id)
  }

  #letGo({ principal, step, id }: Session): void {
    if (step.kind !== 'opened') this.#streams.release({ principal, stream: step.stream }, id)
  }

  #streamOf({ principal, step }: Session): Stream | undefined {
    return step.kind === 'opened' ? undefined : this.#streams.get({ principal, stream: step.stream })
  }

  #put(session: Session): void {
    this.#sessions.set(session.id, session)
  }

  #send({ id }: Session, message: ControlMessage): void {
    this.#do({ kind: 'send', session: id, message })
  }

  #alarm(alarm: ReceiverAlarm): void {
    this.#do({ kind: 'alarm', alarm })
  }

  #do(effect: ReceiverEffect): void {
    this.#effects.push(effect)
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
