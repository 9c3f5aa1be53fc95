// Who is let in: how many connections may be in the middle of proving who they are, how many there may be, and who has broken the
// protocol too often. Before a peer has proved its name it is known by its address; after that by its name, as many may share an address.

import type { Clock } from '../../src/remote/ports.js'
import { TokenBucket } from './token-bucket.js'

export interface AdmissionLimits {
  readonly maxSessions: number
  readonly maxPending: number
  readonly maxPendingPerAddress: number
}

export type Refused =
  | 'too-many-pending'
  | 'too-many-pending-of-address'
  | 'too-many-failures-of-address'
  | 'too-many-sessions'
  | 'penalty'

/** So many breaches in so much time shut a peer out, for longer each time. */
const STRIKES = 3
const STRIKES_MS = 600_000
const FIRST_PENALTY_MS = 60_000
const LONGEST_PENALTY_MS = 3_600_000
/** Who proves nothing costs a handshake each time: an address may fail so often at once, and then so often in a second. */
const FAILURES_AT_ONCE = 600
const FAILURES_PER_S = 10
/** Peers that are remembered; beyond that the oldest is forgotten. */
const MAX_OFFENDERS = 10_000

interface Offender {
  readonly strikesMs: readonly number[]
  readonly untilMs: number
  readonly penaltyMs: number
}

export class Admission {
  readonly #clock: Clock
  #limits: AdmissionLimits
  readonly #pending = new Map<string, number>()
  #pendingCount = 0
  #sessions = 0
  readonly #offenders = new Map<string, Offender>()
  readonly #refused = new Map<string, number>()
  readonly #failing = new Map<string, TokenBucket>()

  constructor(clock: Clock, limits: AdmissionLimits) {
    this.#clock = clock
    this.#limits = limits
  }

  use(limits: AdmissionLimits): void {
    this.#limits = limits
  }

  get sessions(): number {
    return this.#sessions
  }

  /** How many were refused, by reason. */
  get refusals(): readonly { readonly reason: string; readonly count: number }[] {
    return [...this.#refused].map(([reason, count]) => ({ reason, count }))
  }

  /** One more that has to prove who it is, or why not. `host` is its address without the port. */
  arrive(host: string): Refused | undefined {
    const ofHost = this.#pending.get(host) ?? 0
    if (this.#pendingCount >= this.#limits.maxPending) return this.refuse('too-many-pending')
    if (ofHost >= this.#limits.maxPendingPerAddress) return this.refuse('too-many-pending-of-address')
    if ((this.#failing.get(host)?.take(0, this.#clock.monotonicMs()) ?? 0) > 0)
      return this.refuse('too-many-failures-of-address')
    this.#pending.set(host, ofHost + 1)
    this.#pendingCount++
    return undefined
  }

  /** It has not proved who it is, and is gone. */
  failed(host: string): void {
    const nowMs = this.#clock.monotonicMs()
    const bucket = this.#failing.get(host) ?? new TokenBucket(FAILURES_PER_S, FAILURES_AT_ONCE, nowMs)
    bucket.take(1, nowMs)
    this.#failing.delete(host)
    this.#failing.set(host, bucket)
    const [oldest] = this.#failing.keys()
    if (oldest !== undefined && this.#failing.size > MAX_OFFENDERS) this.#failing.delete(oldest)
  }

  /** It has proved it, or failed, or gone. */
  settle(host: string): void {
    const ofHost = this.#pending.get(host) ?? 0
    if (ofHost === 0) return
    this.#pendingCount--
    if (ofHost === 1) this.#pending.delete(host)
    else this.#pending.set(host, ofHost - 1)
  }

  /** One more session, or why not. */
  enter(principal: string): Refused | undefined {
    if (this.penaltyMs(principal) > 0) return this.refuse('penalty')
    if (this.#sessions >= this.#limits.maxSessions) return this.refuse('too-many-sessions')
    this.#sessions++
    return undefined
  }

  leave(): void {
    this.#sessions--
  }

  /** Counts it. */
  refuse<T extends string>(reason: T): T {
    this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + 1)
    return reason
  }

  /** For how long it is still shut out. */
  penaltyMs(principal: string): number {
    return Math.max(0, Math.ceil((this.#offenders.get(principal)?.untilMs ?? 0) - this.#clock.monotonicMs()))
  }

  /** It broke the protocol; the ms for which it is shut out now, 0 if it is not. */
  strike(principal: string): number {
    const nowMs = this.#clock.monotonicMs()
    const known = this.#offenders.get(principal) ?? { strikesMs: [], untilMs: 0, penaltyMs: 0 }
    const strikesMs = [...known.strikesMs.filter((atMs) => nowMs - atMs < STRIKES_MS), nowMs]
    this.#offenders.delete(principal)
    const [oldest] = this.#offenders.keys()
    if (oldest !== undefined && this.#offenders.size >= MAX_OFFENDERS) this.#offenders.delete(oldest)
    if (strikesMs.length < STRIKES) {
      this.#offenders.set(principal, { ...known, strikesMs })
      return 0
    }
    const penaltyMs = Math.min(LONGEST_PENALTY_MS, Math.max(FIRST_PENALTY_MS, 2 * known.penaltyMs))
    this.#offenders.set(principal, { strikesMs: [], untilMs: nowMs + penaltyMs, penaltyMs })
    return penaltyMs
  }
}
