// What a receiver knows of its streams and connections: plain data. Streams outlive the process in the journal's table; all else is
// made anew with each connection.

import type { SessionId, StreamRow } from './receiver-input.js'
import type { PeerState } from './wire/message.js'

export interface Point {
  readonly seq: number
  readonly chain: string
}

export interface Stream {
  readonly principal: string
  readonly stream: string
  /** What a power failure leaves. */
  readonly durable: Point
  /** With what waits for a commit. */
  readonly taken: Point
  /** Whose DATA is taken. */
  readonly owner: SessionId | undefined
  /** When it was heard of last, on a scale that every HELLO takes one step on. */
  readonly heard: number
  readonly origin: StreamOrigin
}

/** Nothing of a new stream is in the journal before its first block: a HELLO alone writes nothing. */
export type StreamOrigin =
  | { readonly kind: 'stored' }
  | { readonly kind: 'new' }
  /** A FORK goes before its first block. */
  | { readonly kind: 'forked'; readonly parent: string }

export interface Session {
  readonly id: SessionId
  readonly principal: string
  readonly address: string
  /** Of the process at the other end; '' before its first HELLO. */
  readonly instance: string
  /** Bytes of DATA that it may send, and has sent, all in all. */
  readonly credit: number
  readonly used: number
  /** The credit that it was told last. */
  readonly toldCredit: number
  readonly probes: number
  readonly step: SessionStep
}

export type SessionStep =
  | { readonly kind: 'opened' }
  /** WELCOME waits until all is durable that was taken of the stream. */
  | { readonly kind: 'barrier'; readonly stream: string; readonly acked: number }
  | { readonly kind: 'welcomed'; readonly stream: string }
  | { readonly kind: 'looking-up'; readonly stream: string; readonly count: number }
  | { readonly kind: 'streaming'; readonly stream: string }
  /** BYE was said; what was taken is still acknowledged. */
  | { readonly kind: 'leaving'; readonly stream: string }

/** Something taken into the journal and not yet durable. */
export interface Take {
  readonly ticket: number
  readonly principal: string
  readonly stream: string
  readonly point: Point
}

export interface ReceiverSnapshot {
  readonly streams: readonly Stream[]
  readonly sessions: readonly Session[]
  /** Oldest first. */
  readonly takes: readonly Take[]
  readonly ticket: number
  readonly heard: number
  readonly peer: PeerState
}

/** A receiver that begins with what its journal has. */
export function initialReceiver(rows: Iterable<StreamRow>): ReceiverSnapshot {
  const streams = [...rows].map(({ principal, stream, last, chain }, heard): Stream => {
    const point: Point = { seq: last, chain }
    return {
      principal,
      stream,
      durable: point,
      taken: point,
      owner: undefined,
      heard,
      origin: { kind: 'stored' },
    }
  })
  return { streams, sessions: [], takes: [], ticket: 0, heard: streams.length, peer: 'ok' }
}
