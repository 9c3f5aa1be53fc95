// The pool with its connections: what each was told, and who has to be told anew.

import type { Clock } from '../../src/remote/ports.js'
import { CreditPool } from './credit.js'

/** A recall that is not answered for so long: the peer is as good as dead. */
const RECALL_MS = 30_000

interface Told {
  limit: number
  /** Bytes of DATA that have come. */
  used: number
  recalledMs: number | undefined
}

export interface DeskHost {
  /** The session has another limit, and nothing else to be told it with. */
  tell(session: number): void
  /** An answer is wanted that comes behind what the session was told. */
  ask(session: number): void
}

export class CreditDesk {
  readonly #clock: Clock
  readonly #pool: CreditPool
  readonly #isOpen: () => boolean
  readonly #host: DeskHost
  readonly #told = new Map<number, Told>()
  /** Have more than they were told. */
  #untold = new Set<number>()
  #cancel: () => void = () => {}

  /** While it is not open nothing more is granted. */
  constructor(clock: Clock, budgetBytes: number, isOpen: () => boolean, host: DeskHost) {
    this.#clock = clock
    this.#pool = new CreditPool(budgetBytes)
    this.#isOpen = isOpen
    this.#host = host
  }

  resize(budgetBytes: number): void {
    this.#pool.resize(budgetBytes)
    this.grant()
  }

  get spentBytes(): number {
    return this.#pool.spentBytes
  }

  /** At its first HELLO; a later one changes nothing. */
  open(session: number, maxBlock: number, weight: number): void {
    if (this.#told.has(session)) return
    this.#told.set(session, { limit: 0, used: 0, recalledMs: undefined })
    this.#pool.open(session, { smallBytes: maxBlock, weight }, this.#clock.monotonicMs())
    this.grant()
  }

  /** What may still come; while credit is recalled also what was sent before. */
  unused(session: number): number {
    return this.#pool.unused(session)
  }

  /** The session's limit; it counts as told. */
  say(session: number): number {
    this.#untold.delete(session)
    return this.#told.get(session)?.limit ?? 0
  }

  /** False: it had no credit for that. */
  received(session: number, bytes: number): boolean {
    const told = this.#told.get(session)
    if (told === undefined || !this.#pool.received(session, bytes, this.#clock.monotonicMs())) return false
    told.used += bytes
    return true
  }

  released(session: number, bytes: number): void {
    this.#pool.released(session, bytes)
  }

  /** Nothing more for so long. */
  hold(session: number, ms: number): void {
    this.#pool.hold(session, this.#clock.monotonicMs() + ms)
  }

  /** The answer to a recall. */
  answered(session: number): void {
    const told = this.#told.get(session)
    if (told?.recalledMs === undefined) return
    told.recalledMs = undefined
    this.#pool.recalled(session)
    told.limit = told.used
    this.grant()
  }

  isOverdue(session: number): boolean {
    const since = this.#told.get(session)?.recalledMs
    return since !== undefined && this.#clock.monotonicMs() - since >= RECALL_MS
  }

  close(session: number): void {
    this.#told.delete(session)
    this.#untold.delete(session)
    this.#pool.close(session)
    this.grant()
  }

  /** Gives what there is. `tell` may lead to messages that say it; whoever got none is told by one of its own. */
  grant(tell: () => void = () => {}): void {
    const nowMs = this.#clock.monotonicMs()
    const step = this.#isOpen() ? this.#pool.step(nowMs) : undefined
    for (const { session, limit } of step?.grants ?? []) {
      const told = this.#told.get(session)
      if (told === undefined) continue
      told.limit = limit
      this.#untold.add(session)
    }
    tell()
    for (const session of this.#untold) this.#host.tell(session)
    this.#untold.clear()
    for (const { session, limit } of step?.recalls ?? []) this.#recall(session, limit, nowMs)
    this.#cancel()
    if (step?.againMs === undefined) return
    this.#cancel = this.#clock.after(Math.max(1, step.againMs - nowMs), () => {
      this.grant()
    })
  }

  end(): void {
    this.#cancel()
  }

  #recall(session: number, limit: number, nowMs: number): void {
    const told = this.#told.get(session)
    if (told === undefined) return
    told.limit = limit
    told.recalledMs = nowMs
    this.#host.tell(session)
    this.#host.ask(session)
  }
}
