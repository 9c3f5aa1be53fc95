import type { RmwMessage } from './message.js'
import type { Outgoing } from './unsettled.js'

export interface SenderOptions {
  /** Records that may be unanswered. */
  readonly window: number
  /** So long may nothing go either way before a heartbeat asks; 0: for ever. */
  readonly heartbeatMs: number
  /** So long may an answer be waited for before the connection is given up. */
  readonly answerMs: number
  /** So long may a connection take to come about. */
  readonly connectMs: number
  /** The pause before the next try, doubled each time up to the longest, and shortened at random. */
  readonly firstRetryMs: number
  readonly longestRetryMs: number
  /** So many tries in a row are a failure of the network. */
  readonly maxTries: number
}

/**
 * What the sender's admin may have chosen an action for. `well`: the other side takes records, whatever was wrong before is over.
 * `startup-failure`: no connection has come about yet; `network-failure`: the last one was lost, and so many tries have failed since.
 */
export type PeerSaying =
  | 'well'
  | 'disk-low'
  | 'disk-full'
  | 'disk-error'
  | 'remote-ending'
  | 'generic-error'
  | 'generic-warning'
  | 'startup-failure'
  | 'network-failure'

export type SenderInput =
  /** The last deadline is over. */
  | { readonly kind: 'time' }
  | { readonly kind: 'connected' }
  | { readonly kind: 'messages'; readonly messages: readonly RmwMessage[] }
  /** The connection is gone, or never came about. */
  | { readonly kind: 'closed'; readonly why: string }
  /** At most as many as there is room for. */
  | { readonly kind: 'records'; readonly records: readonly Outgoing[] }
  | { readonly kind: 'suspend' }
  | { readonly kind: 'resume' }

export type SenderEffect =
  | { readonly kind: 'connect' }
  /** At once; `closed` has to follow. */
  | { readonly kind: 'close'; readonly why: string }
  | { readonly kind: 'send'; readonly frames: readonly Uint8Array[] }
  /** The other side has stored all up to here, or it was never meant to have it. */
  | { readonly kind: 'settled'; readonly seq: number }
  | { readonly kind: 'says'; readonly what: PeerSaying; readonly text: string }

/** When, and a number from 0 up to 1 for the jitter. */
export interface Moment {
  readonly nowMs: number
  readonly fraction: number
}
