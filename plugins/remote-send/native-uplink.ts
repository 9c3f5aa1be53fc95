// The native protocol over the world: the core decides, this carries out. Whatever the core asks the disk for is answered in the order
// of asking; what a connection says that has been given up is not heard any more.

import type { Link, Peer } from '../../src/remote/ports.js'
import { initialSender, senderDeadline, stepSender, type SenderState } from '../../src/remote/sender-core.js'
import type { SenderEffect, SenderInput, SenderOptions } from '../../src/remote/sender-input.js'
import { encode } from '../../src/remote/wire/encode.js'
import { MessageReader } from '../../src/remote/wire/message-reader.js'
import type { PeerState } from '../../src/remote/wire/message.js'
import { WireError } from '../../src/remote/wire/wire-error.js'
import { Outgoing } from './outgoing.js'
import { shown, tellAlarm } from './sender-alarm.js'
import { SpoolAnswers } from './spool-answers.js'
import { SpoolView } from './spool-view.js'
import type { Saying, Uplink, UplinkHost, UplinkMaker, UplinkState, UplinkStatus } from './uplink.js'

const PROMISE = 'exactly once and in order: the other side acknowledges what is synced to its journal'

export interface NativeOptions extends Omit<SenderOptions, 'servers'> {
  /** So many failures in a row are a network failure for the admin. */
  readonly maxTries: number
}

/** One connection, or the try of one. */
interface Connection {
  link: Link | undefined
  peer: Peer | undefined
  readonly reader: MessageReader
}

const SAYINGS: Readonly<Record<PeerState, Saying>> = {
  ok: 'well',
  low: 'disk-low',
  full: 'disk-full',
  error: 'disk-error',
  draining: 'remote-ending',
}

export function nativeUplink(options: NativeOptions): UplinkMaker {
  return (host) => new NativeUplink(host, options)
}

class NativeUplink implements Uplink {
  readonly #host: UplinkHost
  readonly #maxTries: number
  #options: SenderOptions
  readonly #view: SpoolView
  readonly #spool: SpoolAnswers
  readonly #outgoing = new Outgoing()
  #state: SenderState
  #connection: Connection | undefined
  #inputs: SenderInput[] = []
  #isGiving = false
  #timer: { readonly atMs: number; readonly cancel: () => void } | undefined
  #hasBeenUp = false
  #isFailureTold = false
  #sinceMs: number
  #shownState: UplinkState = 'down'
  #lastError = ''
  readonly #counts = { connections: 0, sentBlocks: 0, sentBytes: 0 }

  constructor(host: UplinkHost, options: NativeOptions) {
    const { maxTries, ...rest } = options
    this.#host = host
    this.#maxTries = maxTries
    this.#options = { ...rest, servers: host.servers.length }
    this.#view = new SpoolView(host.store.journal)
    this.#spool = new SpoolAnswers(host, (answer) => {
      this.#answered(answer)
    })
    this.#sinceMs = host.clock.wallMs()
    const { seq, chain } = host.store.journal.acked
    this.#state = initialSender({ seq, chain: chain.toString('hex') })
    this.#give({ kind: 'time' })
  }

  get status(): UplinkStatus {
    const { host, port } = this.#host.servers[this.#state.server] ?? this.#host.servers[0]
    return {
      protocol: 'native',
      state: this.#shownState,
      server: `${host}:${port}`,
      peer: this.#connection?.peer,
      sinceMs: this.#sinceMs,
      ackedSeq: this.#state.acked.seq,
      lastError: this.#lastError,
      ...this.#counts,
      skippedSeqs: this.#spool.skippedSeqs,
      forks: this.#spool.forks,
      promise: PROMISE,
    }
  }

  durable(): void {
    this.#give({ kind: 'durable' })
  }

  suspend(): void {
    this.#give({ kind: 'suspend' })
  }

  resume(): void {
    this.#give({ kind: 'resume' })
    this.#spool.resume()
  }

  async close(): Promise<void> {
    this.#give({ kind: 'stop' })
    this.#timer?.cancel()
    await this.#spool.close()
  }

  #give(input: SenderInput): void {
    this.#inputs.push(input)
    if (this.#isGiving) return
    this.#isGiving = true
    for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) {
      const view = {
        nowMs: this.#host.clock.monotonicMs(),
        fraction: this.#host.random.fraction(),
        spool: this.#view.facts,
      }
      const { state, effects } = stepSender(this.#state, next, view, this.#options)
      this.#state = state
      for (const effect of effects) this.#carryOut(effect)
    }
    this.#isGiving = false
    if (this.#connection?.link !== undefined) this.#outgoing.writeTo(this.#connection.link)
    this.#schedule()
    this.#show()
  }

  #carryOut(effect: SenderEffect): void {
    switch (effect.kind) {
      case 'connect':
        this.#connect(effect.server)
        return
      case 'close':
        this.#close(effect.why)
        return
      case 'send':
        this.#outgoing.add(encode(effect.message))
        return
      case 'send-blocks':
        this.#sendBlocks(effect.count)
        return
      case 'acked':
        this.#host.acked(effect.point.seq, Buffer.from(effect.point.chain, 'hex'))
        return
      case 'look-up':
      case 'sample':
      case 'read':
      case 'fork':
        this.#spool.ask(effect)
        return
      case 'peer':
        this.#host.peerSays(SAYINGS[effect.state], '')
        return
      case 'alarm':
        tellAlarm(effect.alarm, this.#host)
        return
    }
    effect satisfies never
  }

  #connect(index: number): void {
    const connection: Connection = { link: undefined, peer: undefined, reader: new MessageReader('sender') }
    const server = this.#host.servers[index] ?? this.#host.servers[0]
    this.#outgoing.forget()
    this.#connection = connection
    const isHeard = (): boolean => this.#connection === connection
    connection.link = this.#host.dial(server, {
      connected: (peer) => {
        if (!isHeard()) return
        connection.peer = peer
        this.#counts.connections++
        this.#host.log('info', 'connected', { server: peer.address, principal: peer.principal })
        this.#give({ kind: 'connected' })
      },
      data: (bytes) => {
        if (isHeard()) this.#hear(connection, bytes)
      },
      drained: () => {},
      closed: (why) => {
        if (isHeard()) this.#lost(why)
      },
    })
  }

  #hear({ reader }: Connection, bytes: Buffer): void {
    reader.push(bytes)
    try {
      for (let message = reader.next(); message !== undefined; message = reader.next()) {
        if (message.type === 'data') continue
        this.#give({ kind: 'message', message })
      }
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      this.#connection?.link?.destroy()
      this.#lost(`what the receiver says is no message: ${error.message}`)
    }
  }

  /** The connection has ended without our doing. */
  #lost(why: string): void {
    this.#connection = undefined
    this.#outgoing.forget()
    this.#failed(why)
    this.#give({ kind: 'closed', why })
    this.#tellFailures(why)
  }

  #close(why: string): void {
    const link = this.#connection?.link
    this.#connection = undefined
    if (link === undefined) return
    this.#outgoing.writeTo(link)
    link.end()
    if (this.#state.phase.kind === 'stopped') return
    this.#failed(why)
    this.#tellFailures(why)
  }

  #failed(reason: string): void {
    const { server } = this.status
    const why = shown(reason)
    // A server that is away for days is not told of at each try.
    if (why !== this.#lastError) this.#host.log('warn', 'no connection; trying again', { server, why })
    this.#lastError = why
  }

  #tellFailures(why: string): void {
    if (this.#isFailureTold || this.#state.attempt < this.#maxTries) return
    this.#isFailureTold = true
    this.#host.peerSays(this.#hasBeenUp ? 'network-failure' : 'startup-failure', shown(why))
  }

  #sendBlocks(count: number): void {
    for (const { head, lines, bytes } of this.#spool.take(count)) {
      this.#outgoing.add(encode({ type: 'data', head, lines }))
      this.#counts.sentBlocks++
      this.#counts.sentBytes += bytes
    }
  }

  /** Blocks that were made when they could be longer: the receiver has to know of it beforehand. */
  #answered(answer: SenderInput): void {
    const blocks = answer.kind === 'blocks' ? answer.blocks : []
    const longest = blocks.reduce((most, { bytes }) => Math.max(most, bytes), 0)
    const isLonger = longest > this.#options.maxBlock
    if (isLonger) this.#options = { ...this.#options, maxBlock: longest }
    this.#give(isLonger ? { kind: 'reconnect' } : answer)
  }

  #schedule(): void {
    const atMs = senderDeadline(this.#state, this.#view.facts)
    if (this.#timer !== undefined && this.#timer.atMs <= atMs) return
    this.#timer?.cancel()
    this.#timer = undefined
    if (atMs === Infinity) return
    const call = (): void => {
      this.#timer = undefined
      this.#give({ kind: 'time' })
    }
    this.#timer = { atMs, cancel: this.#host.clock.after(Math.max(0, atMs - this.#host.clock.monotonicMs()), call) }
  }

  #show(): void {
    const state = shownState(this.#state)
    if (state === this.#shownState) return
    this.#shownState = state
    this.#sinceMs = this.#host.clock.wallMs()
    if (state !== 'up') return
    this.#hasBeenUp = true
    this.#lastError = ''
    this.#isFailureTold = false
    this.#host.peerSays('well', '')
  }
}

function shownState({ phase, isSuspended }: SenderState): UplinkState {
  switch (phase.kind) {
    case 'down':
    case 'connecting':
    case 'forking':
      return isSuspended ? 'suspended' : 'down'
    case 'up':
      if (isSuspended) return 'suspended'
      return phase.step.kind === 'streaming' ? 'up' : 'opening'
    case 'stopped':
      return 'closed'
  }
  return phase satisfies never
}
