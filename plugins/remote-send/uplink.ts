// What carries the spool to the other machine, in whatever protocol. It reads what is durable, sends it, and says what the other side
// has; it never frees, drops or waits for anything else. An uplink ends when its configuration changes, and another one goes on from
// what the spool and the other side say.

import type { JournalStore } from '../../src/journal/journal-store.js'
import type { Clock, Link, LinkEvents, Peer, Random } from '../../src/remote/ports.js'
import type { PeerSaying } from '../../src/remote/rmw/sender-input.js'

/** One of `server =`: where to dial. */
export interface Server {
  readonly host: string
  readonly port: number
}

export type Level = 'debug' | 'info' | 'warn' | 'error'

/** The same for each protocol. */
export type Saying = PeerSaying

/** `down`: waits, or tries to connect. `opening`: connected, and both find out where to go on. `up`: records go over. */
export type UplinkState = 'down' | 'opening' | 'up' | 'suspended' | 'closed'

export interface UplinkStatus {
  readonly protocol: 'native' | 'managed'
  readonly state: UplinkState
  /** `host:port` of the server in use or tried last. */
  readonly server: string
  /** Undefined while there is no connection. */
  readonly peer: Peer | undefined
  /** Wall time of the last change of `state`. */
  readonly sinceMs: number
  /** The last seq that the other side has said to have. It goes back when that side was restored from a backup. */
  readonly ackedSeq: number
  /** Why there is no connection; empty if there never was a reason. */
  readonly lastError: string
  /** Of this process. */
  readonly connections: number
  readonly sentBlocks: number
  readonly sentBytes: number
  /** Seqs that the other side had to be told it will never get, and how often a stream had to be parted. */
  readonly skippedSeqs: number
  readonly forks: number
  /** What the other side's acknowledgement is worth, in words. */
  readonly promise: string
}

/** All that an uplink knows of the program around it. */
export interface UplinkHost {
  /** Only what is durable there is sent. An uplink may fork its own stream; it does not commit, purge or acknowledge. */
  readonly store: JournalStore
  readonly clock: Clock
  readonly random: Random
  /** Servers to be tried in turn, never none. */
  readonly servers: readonly [Server, ...Server[]]
  /** Begins a connection; whatever fails is told by `closed`, never thrown. */
  dial(server: Server, events: LinkEvents): Link
  /** `text` is constant, what varies and what a peer said stands in `fields`. */
  log(level: Level, text: string, fields: Readonly<Record<string, string | number>>): void
  /**
   * The other side has everything up to `seq`, durably as far as its protocol can say. `chain` is the one behind that block; an uplink
   * that settles records within a block gives the block's before. May go back: see UplinkStatus.ackedSeq.
   */
  acked(seq: number, chain: Buffer): void
  /** At most once for each change; `text` is what the other side said, bounded, not to be trusted. */
  peerSays(what: Saying, text: string): void
  /** Blocks of the spool cannot be read: `skip` if they are to be passed by, which the uplink then tells the other side. */
  damaged(firstSeq: number, lastSeq: number): 'stop' | 'skip'
}

export interface Uplink {
  readonly status: UplinkStatus
  /** More of the spool is durable, or its oldest segments are gone. Cheap: called after each commit. */
  durable(): void
  /** Sends no more records; what is on its way is still acknowledged. */
  suspend(): void
  resume(): void
  /** Lets go of the connection. Waits for nobody on the network; nothing is called back after it. */
  close(): Promise<void>
}

export type UplinkMaker = (host: UplinkHost) => Uplink
