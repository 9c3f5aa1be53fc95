// Where a sender stands. All of it is plain data, and none of it has to outlive the process: whatever is lost of it is found again by
// the handshake.

import type { Point, SenderEffect, SenderView } from './sender-input.js'
import type { PeerState } from './wire/message.js'

export interface SenderState {
  readonly phase: SenderPhase
  /** What the receiver has, as it said last. It may be freed up to here. */
  readonly acked: Point
  /** The last receiver's id, or ''. */
  readonly receiver: string
  readonly peer: PeerState
  /** Of the servers, which one is tried or spoken to. */
  readonly server: number
  /** Tries in a row that came to nothing. */
  readonly attempt: number
  readonly isSuspended: boolean
}

export type SenderPhase =
  /** Until then nothing is tried; without anything unsent, until `idleUntilMs`. */
  | { readonly kind: 'down'; readonly untilMs: number; readonly idleUntilMs: number }
  | { readonly kind: 'connecting'; readonly untilMs: number }
  | { readonly kind: 'up'; readonly link: LinkState; readonly step: LinkStep }
  /** Not connected, whatever happens, until the new id is durable. */
  | { readonly kind: 'forking' }
  | { readonly kind: 'stopped' }

export type UpPhase = Extract<SenderPhase, { readonly kind: 'up' }>

/** What is true of one connection, whichever stream it is about. */
export interface LinkState {
  /** When something came last. */
  readonly heardMs: number
  readonly isPinged: boolean
  readonly pingMs: number
  /** Bytes of DATA that may be sent, and that were, since the beginning. */
  readonly credit: number
  readonly used: number
  /** `used` behind the last block that is acknowledged. */
  readonly settled: number
  /** The last point that both ends have named; none before the first WELCOME is found right. */
  readonly agreed: Point | undefined
  /** Whether the receiver has said on this connection how it is. */
  readonly hasState: boolean
}

export interface SentPoint extends Point {
  /** `used` behind it. */
  readonly used: number
}

/** A search for the end of what both have: all up to `low` is common, nothing above `high` is. */
export interface Search {
  readonly low: Point
  readonly high: number
  /** Behind the last seq that was freed: the first thing to ask for, where there is one. */
  readonly base: Point | undefined
  readonly rounds: number
}

/** What is waited for, always about one stream. */
export type LinkStep =
  /** WELCOME. */
  | { readonly kind: 'hello'; readonly stream: string }
  /** Our own chain at the end of what the receiver has. */
  | { readonly kind: 'checking'; readonly stream: string; readonly last: Point }
  /** The receiver's chain at the end of a closed stream of which it has more. */
  | { readonly kind: 'asking-end'; readonly stream: string; readonly last: number }
  /** Our own chain behind what is freed, for a search. */
  | { readonly kind: 'finding-base'; readonly stream: string; readonly seq: number; readonly high: number }
  /** Block ends of our own. */
  | { readonly kind: 'sampling'; readonly stream: string; readonly search: Search }
  /** The receiver's chains at those, the search's base first. */
  | { readonly kind: 'probing'; readonly stream: string; readonly search: Search; readonly points: readonly Point[] }
  | StreamingStep

export interface StreamingStep {
  readonly kind: 'streaming'
  readonly stream: string
  /** The seq that is sent next. */
  readonly next: number
  /** What is sent and not acknowledged, oldest first; at most MAX_SENT. */
  readonly sent: readonly SentPoint[]
  readonly isReading: boolean
  /** Bytes of the next block, when it did not fit; else 0. */
  readonly blockBytes: number
}

/** What an input comes to. */
export interface SenderStep {
  readonly state: SenderState
  readonly effects: readonly SenderEffect[]
}

export const DEFAULT_PING_MS = 15_000
/** So many silent ping times, and the connection is given up. */
const SILENT_PINGS = 3

export function initialSender(acked: Point): SenderState {
  return {
    phase: { kind: 'down', untilMs: 0, idleUntilMs: 0 },
    acked,
    receiver: '',
    peer: 'ok',
    server: 0,
    attempt: 0,
    isSuspended: false,
  }
}

/** When the core has to be given `time`, unless another input comes sooner; Infinity: never. */
export function senderDeadline({ phase, acked }: SenderState, spool: SenderView['spool']): number {
  switch (phase.kind) {
    case 'down':
      return spool.durable.seq > acked.seq ? phase.untilMs : phase.idleUntilMs
    case 'connecting':
      return phase.untilMs
    case 'up':
      return phase.link.isPinged ? silentMs(phase.link) : phase.link.heardMs + phase.link.pingMs
    case 'forking':
    case 'stopped':
      return Infinity
  }
  return phase satisfies never
}

/** When a connection on which nothing comes is given up. */
export function silentMs({ heardMs, pingMs }: LinkState): number {
  return heardMs + SILENT_PINGS * pingMs
}

export function stepOf(state: SenderState, ...effects: readonly SenderEffect[]): SenderStep {
  return { state, effects }
}

/** The same, with these effects before. */
export function after(effects: readonly SenderEffect[], step: SenderStep): SenderStep {
  return effects.length === 0 ? step : { state: step.state, effects: [...effects, ...step.effects] }
}
