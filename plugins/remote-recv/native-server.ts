// All native connections: blocks wait in their sessions' lanes and go by turns into the journal, while the desk says who may send how
// much more. The core, behind its shell, decides about streams.

import { soundBlock } from '../../src/journal/foreign-block.js'
import {
  ackChain,
  type ControlMessage,
  type Data,
  type ErrorCode,
  type Message,
  type PeerState,
} from '../../src/remote/wire/message.js'
import { CreditDesk } from './credit-desk.js'
import { peerState, takesMore } from './disk-state.js'
import { surplusOf } from './crowd.js'
import type { DiskState, Session, SessionHost } from './intake.js'
import { longestBody, unfitHello } from './hello-check.js'
import { NativeSession, OVERDUE_TEXTS, RECALL_NONCE, type NativeEvents } from './native-session.js'
import { Principals } from './principals.js'
import type { NativeUse, ServerOptions, ServerWorld } from './native-world.js'
import { ReceiverShell, type ShellHost } from './receiver-shell.js'
import { bodyBytes, Waiting } from './waiting.js'

const TICK_MS = 1000
/** Whoever is over its quota is looked at anew with each tick. */
const HELD_MS = 2 * TICK_MS
const PING_MS = 15_000
/** Whoever is refused for what it is does not come back before. */
const REFUSED_RETRY_MS = 60_000
/** The core's own limit: the desk's counts. */
const ANY_CREDIT = Number.MAX_SAFE_INTEGER
/** Why a connection is ended for what its peer did. */
const BREACHES: ReadonlySet<ErrorCode> = new Set(['protocol', 'out-of-order', 'bad-block', 'wrong-node', 'credit'])

interface Served {
  readonly session: NativeSession
  /** The last point that both ends have named: what credit alone is told with. */
  agreed: { readonly seq: number; readonly chain: string } | undefined
  /** It was told that it has as much here as it may. */
  isFull: boolean
}

export class NativeServer {
  readonly #world: ServerWorld
  #options: ServerOptions
  readonly #shell: ReceiverShell
  readonly #desk: CreditDesk
  readonly #waiting = new Waiting()
  readonly #principals: Principals
  readonly #sessions = new Map<number, Served>()
  #nextSession = 1
  #isCollecting = false
  #peerState: PeerState = 'ok'
  #cancelTick: () => void = () => {}
  #cancelRoom: () => void = () => {}
  readonly #cancelDisk: () => void
  constructor(world: ServerWorld, options: ServerOptions) {
    const { store, intake } = world
    this.#world = world
    this.#options = options
    const host: ShellHost = {
      store,
      intake,
      addressOf: (id) => this.#sessions.get(id)?.session.host.peer.address,
      send: (id, message) => {
        this.#send(id, message)
      },
      close: (id, error) => {
        this.#close(id, error)
      },
      released: (id, bytes) => {
        this.#desk.released(id, bytes)
      },
      durable: (tell) => {
        this.#desk.grant(tell)
        this.#collect()
      },
      alarm: (alarm) => {
        world.ledger.alarm(alarm)
        world.alarm(alarm)
      },
      unreadable: world.unreadable,
    }
    this.#shell = new ReceiverShell(host, { pingMs: PING_MS, maxStreams: options.maxStreams })
    const isOpen = (): boolean => takesMore(intake.disk)
    this.#desk = new CreditDesk(world.clock, options.budgetBytes, isOpen, {
      tell: (id) => {
        const agreed = this.#sessions.get(id)?.agreed
        if (agreed !== undefined) this.#send(id, { type: 'ack', ...agreed, credit: 0, state: this.#peerState })
      },
      ask: (id) => this.#sessions.get(id)?.session.ping(RECALL_NONCE, world.clock.monotonicMs()),
    })
    this.#principals = new Principals(world.clock, (principal) => world.limitsOf(principal))
    this.#cancelDisk = intake.onDisk((disk) => {
      this.#onDisk(disk)
    })
    this.#onDisk(intake.disk)
    this.#tick()
  }

  get use(): NativeUse {
    return { sessions: this.#sessions.size, spentBytes: this.#desk.spentBytes }
  }

  /** A connection whose peer has proved who it is. */
  readonly serve = (host: SessionHost): Session => {
    const session = new NativeSession(this.#nextSession++, host, this.#events)
    const { principal, address } = host.peer
    this.#sessions.set(session.id, { session, agreed: undefined, isFull: false })
    this.#waiting.open(session.id, this.#principals.limits(principal).weight)
    this.#shell.give({ kind: 'opened', session: session.id, principal, address, credit: ANY_CREDIT })
    const others = this.#principals.join(principal, session.id).flatMap((id) => this.#sessions.get(id)?.session ?? [])
    const surplus = surplusOf(session, others, this.#world.clock.monotonicMs(), PING_MS)
    if (surplus !== undefined) this.#expel(surplus.session, 'refused', surplus.why, surplus.retryAfterMs)
    return session
  }

  /** Limits and names have changed; who is not allowed any more is ended by whoever let it in. */
  reload(options: ServerOptions): void {
    this.#options = options
    this.#desk.resize(options.budgetBytes)
    this.#principals.reload()
  }

  /** Tells everybody that this end is going; what was taken is still acknowledged. */
  drain(): void {
    this.#shell.give({ kind: 'status', state: 'draining' })
  }

  /** After the last commit. */
  stop(): void {
    this.#cancelTick()
    this.#desk.end()
    this.#cancelRoom()
    this.#cancelDisk()
    this.#shell.give({ kind: 'stop' })
  }

  readonly #events: NativeEvents = {
    dataLimit: ({ id }) => Math.min(this.#desk.unused(id), longestBody(this.#options.maxBlockBytes)),
    arrived: (session, message) => {
      this.#arrived(session, message)
    },
    broken: (session, text) => {
      this.#expel(session, 'protocol', text, 0)
    },
    gone: ({ id }) => {
      this.#shell.give({ kind: 'closed', session: id })
      this.#world.ledger.left(id, '')
      this.#forget(id)
    },
    ended: (session, reason, retryAfterMs) => {
      this.#expel(session, 'refused', reason, retryAfterMs)
    },
  }

  #arrived(session: NativeSession, message: Message): void {
    const { id } = session
    switch (message.type) {
      case 'ping':
        session.send({ type: 'pong', nonce: message.nonce })
        return
      case 'pong':
        if (message.nonce === RECALL_NONCE) this.#desk.answered(id)
        return
      case 'data':
        if (this.#desk.received(id, bodyBytes(message))) this.#waiting.addBlock(id, message)
        else this.#expel(session, 'credit', 'more DATA than there was credit for', 0)
        break
      case 'hello': {
        const unfit = unfitHello(message, this.#options.maxBlockBytes)
        if (unfit !== undefined) {
          this.#expel(session, 'refused', unfit, REFUSED_RETRY_MS)
          return
        }
        this.#desk.open(id, message.maxBlock, this.#principals.limits(session.principal).weight)
        this.#world.ledger.opened(id, session.host.peer, message)
        this.#control(session, message)
        return
      }
      default:
        this.#control(session, message)
        return
    }
    this.#collect()
  }

  /** Behind the blocks that came before it; what is written into the journal waits for room there, as they do. */
  #control(session: NativeSession, message: ControlMessage): void {
    const { id } = session
    if (this.#waiting.isEmpty(id) && message.type !== 'skip') {
      this.#shell.give({ kind: 'message', session: id, message })
      this.#shell.awaitDurable()
    } else if (this.#waiting.addControl(id, message)) {
      this.#collect()
    } else {
      this.#expel(session, 'protocol', 'too many messages wait behind blocks', 0)
    }
  }

  /** By turns, as far as the journal has room. */
  #collect(): void {
    if (this.#isCollecting) return
    this.#isCollecting = true
    while (this.#waiting.hasMessages && this.#world.intake.hasRoom) {
      const next = this.#waiting.next()
      if (next === undefined) break
      if (next.message.type === 'data') this.#take(next.session, next.message)
      else this.#shell.give({ kind: 'message', session: next.session, message: next.message })
    }
    this.#isCollecting = false
    this.#shell.awaitDurable()
    this.#cancelRoom()
    if (!this.#waiting.hasMessages) return
    this.#cancelRoom = this.#world.intake.whenRoom(() => {
      this.#collect()
    })
  }

  #take(id: number, data: Data): void {
    const served = this.#sessions.get(id)
    if (served === undefined) return
    const { principal } = served.session
    const sound = soundBlock(data.head, data.lines)
    const block = typeof sound === 'string' ? undefined : sound
    const fault = this.#world.guard.allows(principal, data.lines) ? undefined : 'wrong-node'
    if (!this.#shell.data(id, { data, block, fault }) || block === undefined) return
    this.#world.ledger.took(id, block)
    this.#world.holdings.took(principal, bodyBytes(data))
    const waitMs = this.#principals.charge(principal, bodyBytes(data), block.lines)
    if (waitMs > 0) this.#desk.hold(id, waitMs)
    this.#heedQuota(served)
  }

  /** For a principal that has as much in the journal as it may, the disk is full. */
  #heedQuota(served: Served): void {
    const { session } = served
    const isFull = this.#world.holdings.isFull(session.principal)
    if (isFull) this.#desk.hold(session.id, HELD_MS)
    if (isFull === served.isFull) return
    served.isFull = isFull
    session.send({ type: 'status', state: isFull ? 'full' : this.#peerState })
  }

  #send(id: number, message: ControlMessage): void {
    const served = this.#sessions.get(id)
    if (served === undefined) return
    if (message.type !== 'ack' && message.type !== 'welcome') {
      served.session.send(message)
      return
    }
    const chain = message.type === 'ack' ? message.chain : ackChain(message.chain)
    served.agreed = { seq: message.type === 'ack' ? message.seq : message.last, chain }
    served.session.send({ ...message, credit: this.#desk.say(id) })
  }

  #expel(session: NativeSession, code: ErrorCode, text: string, retryAfterMs: number): void {
    this.#shell.give({ kind: 'expel', session: session.id, code, text, retryAfterMs })
  }

  #close(id: number, error: ErrorCode | undefined): void {
    const served = this.#sessions.get(id)
    if (served === undefined) return
    served.session.finish()
    this.#world.ledger.left(id, error ?? '')
    this.#forget(id)
    if (error !== undefined && BREACHES.has(error)) served.session.host.strike(error)
  }

  #forget(id: number): void {
    const served = this.#sessions.get(id)
    if (served === undefined) return
    this.#sessions.delete(id)
    this.#desk.released(id, this.#waiting.close(id))
    this.#principals.leave(served.session.principal, id)
    this.#desk.close(id)
  }

  #onDisk(disk: DiskState): void {
    this.#peerState = peerState(disk)
    this.#shell.give({ kind: 'status', state: this.#peerState })
    this.#desk.grant()
  }

  #tick(): void {
    const { clock } = this.#world
    const nowMs = clock.monotonicMs()
    for (const served of Array.from(this.#sessions.values())) {
      const { session } = served
      if (served.agreed !== undefined) this.#heedQuota(served)
      const overdue = this.#desk.isOverdue(session.id) ? 'silent' : session.overdue(nowMs, PING_MS)
      // To be dead is no breach.
      const code = overdue === 'silent' ? 'refused' : 'protocol'
      if (overdue !== undefined) this.#expel(session, code, OVERDUE_TEXTS[overdue], 0)
    }
    this.#cancelTick = clock.after(TICK_MS, () => {
      this.#tick()
    })
  }
}
