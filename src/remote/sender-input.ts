// What the sender's core is told and what it wants done. It has no clock, no disk and no network: the shell around it carries
// out the effects, in their order, and gives the answers as inputs. Chains and ids are opaque strings.
//
// Rules for the shell. One connection at a time: after `close` nothing that still comes from that connection is given, not even
// `closed`. The answers to look-up, sample, read and fork may come late, also when the connection that they were for is gone: they
// are given all the same, and what is stale is passed by. They are given in the order in which they were asked for.

import type { ControlMessage, PeerState } from './wire/message.js'

/** A seq at which a block ends, and the chain behind it. */
export interface Point {
  readonly seq: number
  readonly chain: string
}

/** One stream of the spool: from `from` up to the seq before the next timeline's. */
export interface TimelineFacts {
  readonly stream: string
  readonly from: number
  /** The chain before `from`. */
  readonly before: string
}

/** What is true of the spool at the moment of an input. */
export interface SpoolFacts {
  /** Oldest first, never empty; all but the last are closed. */
  readonly timelines: readonly TimelineFacts[]
  /** The oldest seq that is retained; durable.seq + 1 if none is. */
  readonly first: number
  readonly durable: Point
}

/** Where the sender stands when it is asked to do something. */
export interface SenderView {
  readonly nowMs: number
  /** A new random number from 0 up to, and without, 1, for jitter. */
  readonly fraction: number
  readonly spool: SpoolFacts
}

export interface SenderOptions {
  /** How many servers there are to be tried in turn. */
  readonly servers: number
  readonly instance: string
  readonly bootId: string
  readonly agent: string
  /** The longest body of a DATA: head and lines. */
  readonly maxBlock: number
  /** The most bytes of DATA that are sent and not acknowledged, whatever the credit. */
  readonly windowBytes: number
  /** The pause before connecting again, the first one and the longest; by default half a second and a minute. */
  readonly retry?: { readonly firstMs: number; readonly longestMs: number }
}

/** One block as it would be sent. */
export interface BlockFacts {
  readonly firstSeq: number
  readonly lastSeq: number
  /** Of the body of its DATA. */
  readonly bytes: number
  /** Behind it. */
  readonly chain: string
}

export type SenderInput =
  /** `senderDeadline` has passed. Sooner does no harm. */
  | { readonly kind: 'time' }
  /** The `connect` has led to a connection that may be used. */
  | { readonly kind: 'connected' }
  /** The connection, or the try, has ended by itself or by the other end; not after a `close`. */
  | { readonly kind: 'closed'; readonly why: string }
  | { readonly kind: 'message'; readonly message: ControlMessage }
  /** Answers `look-up`. Undefined: no block ends there, or it cannot be read any more. */
  | { readonly kind: 'chain'; readonly seq: number; readonly chain: string | undefined }
  /** Answers `sample`, with its `above` and `to`. */
  | { readonly kind: 'samples'; readonly above: number; readonly to: number; readonly points: readonly Point[] }
  /**
   * Answers `read`: consecutive blocks, the first begins at its `from`. At least one; how many more is the shell's choice (64 of them, or
   * a MiB, are plenty). Blocks that are not sent now are asked for again, so the shell does well to keep them.
   */
  | { readonly kind: 'blocks'; readonly blocks: readonly BlockFacts[] }
  /** Answers `read` where `from` to `to` are there no more (freed, damaged): `chain` is the one behind `to`. */
  | {
      readonly kind: 'missing'
      readonly from: number
      readonly to: number
      readonly chain: string
      readonly reason: string
    }
  /** Answers `fork`: it is durable, and the facts have the new timeline. */
  | { readonly kind: 'forked' }
  /** The facts of the spool have changed: more is durable. Any other input that comes with new facts does as well. */
  | { readonly kind: 'durable' }
  /** The admin's action is to send nothing for now; the connection stays. `resume` ends it. */
  | { readonly kind: 'suspend' }
  | { readonly kind: 'resume' }
  /** Settings have changed: the connection is given up and made anew at once. */
  | { readonly kind: 'reconnect' }
  /** The process ends: BYE, close, and nothing more. */
  | { readonly kind: 'stop' }

export type SenderEffect =
  /** Dial the server of that index; answered by `connected` or `closed`. */
  | { readonly kind: 'connect'; readonly server: number }
  /** What was sent goes out, then the connection, or the try, is closed. */
  | { readonly kind: 'close'; readonly why: string }
  | { readonly kind: 'send'; readonly message: ControlMessage }
  /** The chain behind this seq of the spool is wanted. The seq before the oldest retained one can be asked for too. */
  | { readonly kind: 'look-up'; readonly seq: number }
  /** Block ends, rising and evenly spread, above `above` and up to `to`, at most `count`; all of them if there are not more. */
  | { readonly kind: 'sample'; readonly above: number; readonly to: number; readonly count: number }
  /** Blocks from this seq on, which is durable. */
  | { readonly kind: 'read'; readonly from: number }
  /** The first `count` of the blocks just given go out as DATA, in order. */
  | { readonly kind: 'send-blocks'; readonly count: number }
  /**
   * From `fromSeq` up to the end of the timeline that it lies in, the spool gets a new stream id; later timelines stay as they are. If
   * the timeline begins at `fromSeq`, all of it is renamed.
   */
  | { readonly kind: 'fork'; readonly fromSeq: number; readonly before: string }
  /** The receiver has all up to here. It may be less than before, if the receiver has lost what it had. */
  | { readonly kind: 'acked'; readonly point: Point }
  /** The receiver's state has changed: the admin's action for it is due. */
  | { readonly kind: 'peer'; readonly state: PeerState }
  | { readonly kind: 'alarm'; readonly alarm: SenderAlarm }

export type SenderAlarm =
  /** The receiver had acknowledged more than it has now: it was restored, or wiped, or is another one. */
  | { readonly what: 'receiver-regress'; readonly acked: number; readonly last: number; readonly receiver: string }
  /** The receiver has something else under our stream: one side was rolled back or cloned. The rest goes on under a new id. */
  | { readonly what: 'fork'; readonly stream: string; readonly fromSeq: number; readonly last: number }
  /** Seqs that the receiver lacks and nobody has any more: it enters a HOLE. */
  | {
      readonly what: 'hole'
      readonly stream: string
      readonly from: number
      readonly to: number
      readonly reason: string
    }
  /** Somebody else sends this stream: a clone. */
  | { readonly what: 'superseded'; readonly stream: string }
  /** The receiver said something that cannot be. */
  | { readonly what: 'peer-error'; readonly text: string }
  /** The receiver has refused us, and waiting may not help. */
  | { readonly what: 'refused'; readonly code: string; readonly text: string }
