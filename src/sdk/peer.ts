// Who is at the other end of a plugin: a dispatcher that speaks the line protocol, or auditd, which only writes records. What
// comes from either waits as the same items, so that a session need not know which of them it is.

import type { Hello } from './hello.js'
import type { Waiting } from './item.js'
import type { RefusedRecord } from './sdk-error.js'

/** What a plugin can ask for. */
export interface Asking {
  ask<Result>(name: string, args: readonly (string | Buffer)[], read: (result: string) => Result): Promise<Result>
  notify(level: string, text: string): Promise<void>
}

/** Where a plugin's own records go. */
export interface RecordSender {
  readonly lastSent: number
  readonly unsettled: number
  send(record: Buffer | string, n: number | undefined): Promise<number>
  sendLines(lines: Buffer, n: number): Promise<number>
  settled(n: number): Promise<void>
  /** Nothing can be sent or settled any more. */
  end(): void
}

/** What a peer tells of. */
export interface PeerHost {
  /** It is there, and who it says it is. Called once. */
  met(hello: Hello): void
  /** It wants us to end, when everything that came before is done. */
  ending(): void
  /** How much may be read ahead is another now. */
  regulate(): void
  /** Our records up to n are settled. */
  settled(n: number): void
  /** A record of ours is not taken. Throws it if that cannot be borne. */
  refused(refusal: RefusedRecord): void
  /** A text for people. */
  complain(text: string): void
  /** The time, for what arrives now. */
  nowMs(): number
}

export interface Peer {
  readonly waiting: Waiting
  readonly commands: Asking
  /** A process that ends leaves what it has not acknowledged to the next one; if not, what is not done is lost with it. */
  readonly sendsAgain: boolean
  /** Reading pauses when more than this waits for the handlers. */
  readonly mostAheadBytes: number
  /** The next bytes; the caller may reuse them. Throws what ends the session. */
  push(chunk: Buffer): void
  /** The input has ended. */
  inputEnded(): void
  /** Takes the plugin's own records. */
  sender(hello: Hello): RecordSender
  /** The plugin has opened; `from` is where it wants to go on. Throws, before anything is said, if that cannot be said. */
  opened(from: number | undefined): void
  /** All up to seq is done. */
  acknowledge(seq: number): void
  /** Nobody reads our standard output; true if there is nothing to go on for. */
  outputGone(): boolean
  /** Nothing can be said any more. */
  close(): void
}
