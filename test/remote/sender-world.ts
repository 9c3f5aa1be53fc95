// A sender's core with a spool beside it, for tests that say what happens one thing after another.

import { initialSender, senderDeadline, stepSender, type SenderState } from '../../src/remote/sender-core.js'
import type {
  BlockFacts,
  Point,
  SenderEffect,
  SenderInput,
  SenderOptions,
  SpoolFacts,
  TimelineFacts,
} from '../../src/remote/sender-input.js'
import type { Ack, ControlMessage, Welcome } from '../../src/remote/wire/message.js'

export const OPTIONS: SenderOptions = {
  servers: 2,
  instance: 'i',
  bootId: 'b',
  agent: 'a',
  maxBlock: 1000,
  windowBytes: 1000,
}

/** The chain of this spool behind a seq. */
export function chain(seq: number, of = 'ours'): string {
  return seq === 0 ? 'start' : `${of}-${seq}`
}

export function point(seq: number): Point {
  return { seq, chain: chain(seq) }
}

export interface SpoolShape {
  /** The last durable seq. */
  readonly last?: number
  readonly first?: number
  /** Where each timeline begins; their ids are s1, s2 ... */
  readonly from?: readonly number[]
}

export function spool({ last = 10, first = 1, from = [1] }: SpoolShape = {}): SpoolFacts {
  const timelines = from.map((seq, at): TimelineFacts => ({ stream: `s${at + 1}`, from: seq, before: chain(seq - 1) }))
  return { timelines, first, durable: point(last) }
}

export class SenderWorld {
  state: SenderState
  spool: SpoolFacts
  nowMs = 1000
  fraction = 0

  constructor(shape: SpoolShape = {}, acked = 0) {
    this.state = initialSender(point(acked))
    this.spool = spool(shape)
  }

  give(input: SenderInput): readonly SenderEffect[] {
    const { nowMs, fraction } = this
    const { state, effects } = stepSender(this.state, input, { nowMs, fraction, spool: this.spool }, OPTIONS)
    this.state = state
    return effects
  }

  hear(message: ControlMessage): readonly SenderEffect[] {
    return this.give({ kind: 'message', message })
  }

  /** As far as the HELLO of the oldest stream. */
  connect(): readonly SenderEffect[] {
    this.nowMs = Math.max(this.nowMs, this.deadline)
    this.give({ kind: 'time' })
    return this.give({ kind: 'connected' })
  }

  /** As far as the data phase. */
  stream(last = 0, credit = 100_000): readonly SenderEffect[] {
    this.connect()
    return this.hear(welcome(last, { credit }))
  }

  get deadline(): number {
    return senderDeadline(this.state, this.spool)
  }

  get phase(): string {
    const { phase } = this.state
    return phase.kind === 'up' ? phase.step.kind : phase.kind
  }
}

export function welcome(last: number, change: Partial<Welcome> = {}): Welcome {
  const usual = { version: 1, receiver: 'r', session: '1', last, chain: chain(last), credit: 100_000, pingMs: 15_000 }
  return { type: 'welcome', ...usual, ...change }
}

export function ack(seq: number, change: Partial<Ack> = {}): Ack {
  return { type: 'ack', seq, chain: chain(seq), credit: 100_000, state: 'ok', ...change }
}

/** Blocks of one record and so many bytes each. */
export function blocks(from: number, to: number, bytes = 100): readonly BlockFacts[] {
  return Array.from({ length: to - from + 1 }, (_, at) => {
    return { firstSeq: from + at, lastSeq: from + at, bytes, chain: chain(from + at) }
  })
}

/** What is sent among effects. */
export function said(effects: readonly SenderEffect[]): readonly ControlMessage[] {
  return effects.flatMap((effect) => (effect.kind === 'send' ? [effect.message] : []))
}
