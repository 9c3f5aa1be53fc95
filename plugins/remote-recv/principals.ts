import type { Clock } from '../../src/remote/ports.js'
import type { SenderLimits } from './limits.js'
import { TokenBucket } from './token-bucket.js'

/** What a bucket holds at the most: so much of a second's worth may come at once. */
const BURST = 1

interface Principal {
  readonly limits: SenderLimits
  readonly connections: Set<number>
  readonly bytes: TokenBucket | undefined
  readonly records: TokenBucket | undefined
}

/** Those who are connected, and what all connections of one principal have in common. */
export class Principals {
  readonly #clock: Clock
  readonly #limitsOf: (principal: string) => SenderLimits
  readonly #principals = new Map<string, Principal>()

  constructor(clock: Clock, limitsOf: (principal: string) => SenderLimits) {
    this.#clock = clock
    this.#limitsOf = limitsOf
  }

  /** The connection counts from now on; those that it has beside it, oldest first, if they are more than it may have. */
  join(principal: string, session: number): readonly number[] {
    const known = this.#get(principal)
    known.connections.add(session)
    return known.connections.size > known.limits.maxConnections ? [...known.connections].slice(0, -1) : []
  }

  leave(principal: string, session: number): void {
    const known = this.#principals.get(principal)
    known?.connections.delete(session)
    if (known?.connections.size === 0) this.#principals.delete(principal)
  }

  limits(principal: string): SenderLimits {
    return this.#get(principal).limits
  }

  /** Counts what was taken; for how many ms nothing more should come. */
  charge(principal: string, bytes: number, records: number): number {
    const { bytes: ofBytes, records: ofRecords } = this.#get(principal)
    if (ofBytes === undefined && ofRecords === undefined) return 0
    const nowMs = this.#clock.monotonicMs()
    return Math.max(ofBytes?.take(bytes, nowMs) ?? 0, ofRecords?.take(records, nowMs) ?? 0)
  }

  /** The allow-list or the defaults have changed. */
  reload(): void {
    for (const [principal, { connections }] of this.#principals) {
      this.#principals.set(principal, this.#made(principal, connections))
    }
  }

  #get(principal: string): Principal {
    const known = this.#principals.get(principal)
    if (known !== undefined) return known
    const made = this.#made(principal, new Set())
    this.#principals.set(principal, made)
    return made
  }

  #made(principal: string, connections: Set<number>): Principal {
    const limits = this.#limitsOf(principal)
    const nowMs = this.#clock.monotonicMs()
    const bucket = (perS: number): TokenBucket | undefined =>
      perS === 0 ? undefined : new TokenBucket(perS, BURST * perS, nowMs)
    return { limits, connections, bytes: bucket(limits.bytesPerS), records: bucket(limits.recordsPerS) }
  }
}
