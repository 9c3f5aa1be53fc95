// What takes records into the journal and says when they are there. Whoever speaks with a sender, in whatever protocol, takes blocks
// here and answers only when it is told that they are durable: journal, sync, then acknowledge.

import type { Link, Peer, Clock } from '../../src/remote/ports.js'
import type { Origin } from '../../src/journal/entry.js'
import type { Refusal } from '../../src/journal/pending.js'
import type { StreamState } from '../../src/journal/stream-table.js'

/**
 * `low`: all is taken, and senders are warned. `full`, `failing`: what has been taken stays pending and is tried again by itself, and
 * nothing more should be taken. `stalled`: the same, as the disk has not answered for long.
 */
export type DiskState = 'ok' | 'low' | 'full' | 'failing' | 'stalled'

/** Whose stream: what all state of it is kept by. */
export type StreamName = Pick<Origin, 'principal' | 'stream'>

export interface Intake {
  /**
   * One block, header with note and lines, in line for the next commit; or why not, and then nothing has changed. Both are held, not
   * copied, until they are durable.
   */
  take(origin: Origin, head: Uint8Array, lines: Uint8Array): Refusal | undefined
  /** What the next block of the stream has to follow: all that was taken, durable or not. */
  taken(of: StreamName): StreamState | undefined
  /** What is on disk, which is all that may be told to anybody. */
  durable(of: StreamName): StreamState | undefined
  /**
   * Calls when all that has been taken by now is durable, in the order of asking. While the disk is full that is later; a process that
   * ends before never calls.
   */
  whenDurable(call: () => void): void
  readonly disk: DiskState
  /** False: as much is pending as may be, or the disk is not in order. Who takes more all the same goes over the bound. */
  readonly hasRoom: boolean
  /** Calls once, when there is room again. The result calls it off. */
  whenRoom(call: () => void): () => void
  /** Calls at each change of `disk`. The result ends that. */
  onDisk(listener: (disk: DiskState) => void): () => void
}

/** What the session of one connection is given. */
export interface SessionHost {
  readonly intake: Intake
  readonly clock: Clock
  readonly link: Link
  readonly peer: Peer
  /** A line in the log: `text` is constant, what varies and what a peer said stands in `fields`. The rate is limited and counted. */
  log(level: 'debug' | 'info' | 'warn' | 'error', text: string, fields: Readonly<Record<string, string | number>>): void
  /** The peer broke its protocol: three of these in ten minutes, and its address is not let in for a while. */
  strike(reason: string): void
}

/** One connection whose peer has proved who it is. It ends its link itself, and is told when that is closed. */
export interface Session {
  data(bytes: Buffer): void
  drained(): void
  closed(why: string): void
  /** This program ends, or the peer may not stay: say so, and when it may come again, and end the link. */
  end(reason: string, retryAfterMs: number): void
}

/** Makes a session for a connection; each protocol has one. */
export type Speaker = (host: SessionHost) => Session
