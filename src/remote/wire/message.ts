// What the two ends of a native connection say to each other; docs/protocol/remote-native.md has the bytes. Ids, chains and
// instances are lower-case hex here: 32 digits an id, 64 a chain. Seqs are counts of records within a stream, from 1.

/** Disk and mood of the receiver. `low`: space is short. `full`, `error`: nothing is acknowledged now. `draining`: it is stopping. */
export type PeerState = 'ok' | 'low' | 'full' | 'error' | 'draining'

/** Why a connection is ended by an ERROR; `action` of it says what the other end should do. */
export type ErrorCode =
  /** A newer connection has the stream now. */
  | 'superseded'
  /** No version in common. */
  | 'version'
  /** Bytes that are no message, or one that has no place here. */
  | 'protocol'
  /** A DATA, START, SKIP or ACK that does not follow what was there. */
  | 'out-of-order'
  /** A block whose sums do not fit, or that is no block. */
  | 'bad-block'
  /** Records that claim another's node, where that is not allowed. */
  | 'wrong-node'
  /** More DATA than there was credit for. */
  | 'credit'
  /** More streams than one principal may have. */
  | 'streams'
  /** Not allowed any more, or not now: too many connections, a penalty. */
  | 'refused'
  /** The receiver's disk. */
  | 'disk'

export type ErrorAction = 'retry' | 'superseded' | 'upgrade' | 'operator'

/** Opens a stream: one timeline of a spool. The oldest timeline first, the next one when all of it is acknowledged. */
export interface Hello {
  readonly type: 'hello'
  readonly versions: readonly number[]
  readonly stream: string
  /** The first seq of the stream. Above 1 it is the rest of a forked one. */
  readonly from: number
  /** The chain before `from`. */
  readonly before: string
  /** The stream that it was forked from; '' if there is none or it is not known any more. */
  readonly parent: string
  /** The oldest seq of the spool that can still be sent; last + 1 if there is none. */
  readonly first: number
  /** The last durable seq of the stream, `from - 1` if it has none yet, and the chain behind it. */
  readonly last: number
  readonly chain: string
  /** The highest seq that a receiver has acknowledged. */
  readonly acked: number
  /** Whether the stream has ended: a later one goes on behind `last`. */
  readonly closed: boolean
  /** Random, one a process. */
  readonly instance: string
  /** For people. */
  readonly bootId: string
  /** The receiver that was spoken to last, or ''. */
  readonly receiver: string
  /** The longest body of a DATA that will be sent. */
  readonly maxBlock: number
  /** Name and version of the program, for people. */
  readonly agent: string
}

/** What the receiver has of the stream, durably. Unknown to it: `from - 1` and `before` of the HELLO. */
export interface Welcome {
  readonly type: 'welcome'
  readonly version: number
  readonly receiver: string
  /** Names the connection, for people. */
  readonly session: string
  readonly last: number
  readonly chain: string
  /** Bytes of bodies of DATA that may be sent on this connection, all in all. */
  readonly credit: number
  /** After so long a silence each end says PING; after three times that it gives the connection up. */
  readonly pingMs: number
}

/** Asks for the receiver's chains behind these seqs, rising, at most MAX_PROBE. */
export interface Probe {
  readonly type: 'probe'
  readonly seqs: readonly number[]
}

/** Answers the last PROBE, seq by seq; null: no block ends there, or it is gone. */
export interface Probed {
  readonly type: 'probed'
  readonly chains: readonly (string | null)[]
}

/** From here on DATA and SKIP follow one another without a gap; `chain` is the one before `from`. */
export interface Start {
  readonly type: 'start'
  readonly from: number
  readonly chain: string
}

/** Seqs that the sender has no more; `chain` is the one behind `to`. */
export interface Skip {
  readonly type: 'skip'
  readonly from: number
  readonly to: number
  readonly chain: string
  /** Lower-case words joined by hyphens, such as `freed`. */
  readonly reason: string
}

/** A block, verbatim: its head (header and note) and its lines. */
export interface Data {
  readonly type: 'data'
  readonly head: Buffer
  readonly lines: Buffer
}

/** All up to `seq` is durable at the receiver. One with the seq of the last one tells of credit alone. */
export interface Ack {
  readonly type: 'ack'
  readonly seq: number
  /** The first ACK_CHAIN_DIGITS digits of the chain behind `seq`. */
  readonly chain: string
  /**
   * Takes the place of what was said before, and may be less: then it is recalled from those who do not use it, because others wait. What
   * was sent in the meantime is within the older one until a PONG has come behind this.
   */
  readonly credit: number
  readonly state: PeerState
}

export interface Ping {
  readonly type: 'ping'
  readonly nonce: number
}

/** At once, to each PING, with its nonce. */
export interface Pong {
  readonly type: 'pong'
  readonly nonce: number
}

export interface Status {
  readonly type: 'status'
  readonly state: PeerState
}

/** The last that is said; the connection is closed behind it. */
export interface Failure {
  readonly type: 'error'
  readonly code: ErrorCode
  readonly text: string
  /** 0: as the other end sees fit. */
  readonly retryAfterMs: number
  readonly action: ErrorAction
}

/** Nothing more comes from this end; what is underway may still be acknowledged. */
export interface Bye {
  readonly type: 'bye'
  readonly reason: string
}

export type ControlMessage =
  | Hello
  | Welcome
  | Probe
  | Probed
  | Start
  | Skip
  | Ack
  | Ping
  | Pong
  | Status
  | Failure
  | Bye

export type Message = ControlMessage | Data

export const MAX_PROBE = 64
export const ACK_CHAIN_DIGITS = 32

/** What an ACK says of a chain. */
export function ackChain(chain: string): string {
  return chain.slice(0, ACK_CHAIN_DIGITS)
}
