// What the receiver's core is told and what it wants done. It decides for all connections and streams; sockets, journal, budget
// and clock are the shell's, which carries out the effects in their order. Chains and ids are opaque strings.
//
// Rules for the shell. Whatever is taken into the journal (take, skip, fork) has a ticket, 1 2 3 ... in the order of the effects, and has
// to be taken at once, so that the order in the journal is the order of the tickets. After `close`, or `closed`, nothing more of that
// session is given. A commit that failed is not told: all stays pending, and the next one tries again.

import type { ControlMessage, ErrorCode, PeerState } from './wire/message.js'

/** A session is one connection; the shell gives each a number that is never used again. */
export type SessionId = number

/** A stream as the durable table has it at the start. */
export interface StreamRow {
  readonly principal: string
  readonly stream: string
  readonly last: number
  readonly chain: string
}

export interface ReceiverOptions {
  /** The journal's own id. */
  readonly receiver: string
  readonly pingMs: number
  /** Streams that one principal may have; beyond that the one that was heard of least recently is forgotten. */
  readonly maxStreams: number
}

/** Why a block is not taken whatever its place: what the shell alone can see. */
export type BlockFault = 'bad-block' | 'wrong-node'

export interface ArrivedBlock {
  readonly firstSeq: number
  readonly count: number
  readonly before: string
  readonly chain: string
  /** Of the body of the DATA. */
  readonly bytes: number
  readonly fault: BlockFault | undefined
}

export type ReceiverInput =
  /** A connection whose principal is proven. `credit`: bytes of DATA that it may send to begin with. */
  | {
      readonly kind: 'opened'
      readonly session: SessionId
      readonly principal: string
      readonly address: string
      readonly credit: number
    }
  /** Any message but DATA. */
  | { readonly kind: 'message'; readonly session: SessionId; readonly message: ControlMessage }
  /** A DATA. A `take` in the effects of this very input is for it; a `fork` may come before that. */
  | { readonly kind: 'data'; readonly session: SessionId; readonly block: ArrivedBlock }
  /** All up to this ticket is durable. */
  | { readonly kind: 'committed'; readonly ticket: number }
  /** Answers `look-up`, seq by seq. */
  | { readonly kind: 'looked-up'; readonly session: SessionId; readonly chains: readonly (string | undefined)[] }
  /**
   * More credit: the new limit, cumulative. It is told at once if nothing of the session waits for a commit, else with the ACK of that
   * commit; so give it just before `committed`.
   */
  | { readonly kind: 'grant'; readonly session: SessionId; readonly limit: number }
  /** The shell ends the session: the ERROR is sent, then it is closed. */
  | {
      readonly kind: 'expel'
      readonly session: SessionId
      readonly code: ErrorCode
      readonly text: string
      readonly retryAfterMs: number
    }
  /** The connection has ended by itself; not after a `close`. */
  | { readonly kind: 'closed'; readonly session: SessionId }
  /** The state of disk and process has changed. */
  | { readonly kind: 'status'; readonly state: PeerState }
  /** The process ends: each session is told, and closed. What still has to be acknowledged has to be committed before. */
  | { readonly kind: 'stop' }

export type ReceiverEffect =
  | { readonly kind: 'send'; readonly session: SessionId; readonly message: ControlMessage }
  /** What was sent goes out, then the connection is closed. `error`: it broke a rule, or was superseded. */
  | { readonly kind: 'close'; readonly session: SessionId; readonly error: ErrorCode | undefined }
  /** The block just given goes into the journal. */
  | {
      readonly kind: 'take'
      readonly ticket: number
      readonly session: SessionId
      readonly principal: string
      readonly stream: string
    }
  /** A HOLE from the stream's end up to `to`, where the chain is `chain`. */
  | {
      readonly kind: 'skip'
      readonly ticket: number
      readonly session: SessionId
      readonly principal: string
      readonly stream: string
      readonly to: number
      readonly chain: string
      readonly reason: string
    }
  /** A FORK entry, the first of a new stream; `chain` is the one behind `atSeq`. `parent` is '' where it is not known. */
  | {
      readonly kind: 'fork'
      readonly ticket: number
      readonly session: SessionId
      readonly principal: string
      readonly stream: string
      readonly parent: string
      readonly atSeq: number
      readonly chain: string
    }
  /** Somebody waits for a commit: begin one soon, also if there is little to write. */
  | { readonly kind: 'commit' }
  /** The chains behind these seqs of the stream are wanted: of what is durable. One look-up a session at a time. */
  | {
      readonly kind: 'look-up'
      readonly session: SessionId
      readonly principal: string
      readonly stream: string
      readonly seqs: readonly number[]
    }
  /** The stream is forgotten: the journal's table should do so too. */
  | { readonly kind: 'forget'; readonly principal: string; readonly stream: string }
  | { readonly kind: 'alarm'; readonly alarm: ReceiverAlarm }

export type ReceiverAlarm =
  /** Two processes send the same stream. */
  | {
      readonly what: 'duplicate-sender'
      readonly principal: string
      readonly stream: string
      readonly address: string
      readonly oldAddress: string
    }
  /** A sender has had more acknowledged than is here: this journal was restored or is another one. */
  | {
      readonly what: 'regress'
      readonly principal: string
      readonly stream: string
      readonly acked: number
      readonly last: number
    }
  | {
      readonly what: 'fork'
      readonly principal: string
      readonly stream: string
      readonly parent: string
      readonly atSeq: number
    }
  | {
      readonly what: 'hole'
      readonly principal: string
      readonly stream: string
      readonly from: number
      readonly to: number
      readonly reason: string
    }
  /** A principal has a new stream that is no fork, while it had others: a new or wiped spool. */
  | { readonly what: 'new-stream'; readonly principal: string; readonly stream: string }
  | {
      readonly what: 'stream-forgotten'
      readonly principal: string
      readonly stream: string
      readonly last: number
      readonly chain: string
    }
