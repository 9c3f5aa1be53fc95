// Who is connected by auditd's protocol, and what one principal may do by it: the same as by ours. There is no credit here: who sends too much is not read for a
// while, and who has as much in the journal as it may finds a full disk.

import type { Clock, Peer } from '../../src/remote/ports.js'
import { surplusOf } from './crowd.js'
import type { Holdings } from './holdings.js'
import type { SenderLimits } from './limits.js'
import { Principals } from './principals.js'
import { RMW_STREAM } from './rmw-senders.js'
import type { StreamLedger } from './stream-ledger.js'

/** A connection that may have to make room for a newer one. */
const SILENT_MS = 15_000

export interface LimitedSession {
  /** When anything came last. */
  readonly heardMs: number
  /** It is one too many. */
  surplus(why: string): void
}

export class RmwLimits {
  readonly #clock: Clock
  readonly #holdings: Pick<Holdings, 'took' | 'isFull'>
  readonly #ledger: Pick<StreamLedger, 'came'>
  readonly #principals: Principals
  readonly #sessions = new Map<number, LimitedSession>()
  #next = 1

  constructor(
    clock: Clock,
    limitsOf: (principal: string) => SenderLimits,
    holdings: Pick<Holdings, 'took' | 'isFull'>,
    ledger: Pick<StreamLedger, 'came'>,
  ) {
    this.#ledger = ledger
    this.#clock = clock
    this.#holdings = holdings
    this.#principals = new Principals(clock, limitsOf)
  }

  /** The allow-list or the defaults have changed. */
  reload(): void {
    this.#principals.reload()
  }

  /** The connection counts until the result is called. */
  enter(peer: Peer, session: LimitedSession): () => void {
    const { principal } = peer
    const left = this.#ledger.came(peer, RMW_STREAM)
    const id = this.#next++
    this.#sessions.set(id, session)
    const others = this.#principals.join(principal, id).flatMap((each) => this.#sessions.get(each) ?? [])
    const surplus = surplusOf(session, others, this.#clock.monotonicMs(), SILENT_MS)
    surplus?.session.surplus(surplus.why)
    return () => {
      left()
      this.#sessions.delete(id)
      this.#principals.leave(principal, id)
    }
  }

  /** Counts what was taken; for how many ms nothing more should be read. */
  took(principal: string, bytes: number, records: number): number {
    this.#holdings.took(principal, bytes)
    return this.#principals.charge(principal, bytes, records)
  }

  /** Whether it has as much in the journal as it may. */
  isFull(principal: string): boolean {
    return this.#holdings.isFull(principal)
  }
}
