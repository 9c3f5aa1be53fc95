// Who may send how much. All that is granted and not yet on disk, used or not, is never more than the budget: it is what hostile senders
// can make this process hold. Everybody is first given enough for one block, in the order of asking; what remains goes round to those who
// use theirs up. When nothing remains, credit that has lain unused is recalled: the sender is told of a lower limit and asked to answer,
// and what it has not used by its answer is free. So with more senders than credit each has its turn.

/** What a session may have at the most, sent and not yet on disk. */
export const WINDOW_BYTES = 4 * 1024 * 1024
/** What one session is given before the next has its turn; times the weight. */
const QUANTUM_BYTES = 64 * 1024
/** Of the budget a fourth is kept for those who have nothing yet. */
const KEPT_SHARE = 4
/** Credit that has lain so long is recalled when others wait. */
const IDLE_MS = 2000
/** Whom to recall from is looked up in all sessions, so not too often. */
const RECALL_PAUSE_MS = 250

export interface CreditDraft {
  /** Enough for the largest block that the sender announced. */
  readonly smallBytes: number
  readonly weight: number
}

/** Limits are cumulative: bytes since the session began. */
export interface Limit {
  readonly session: number
  readonly limit: number
}

export interface CreditStep {
  readonly grants: readonly Limit[]
  /** Lower than what was said before; it is in force when the sender has answered. */
  readonly recalls: readonly Limit[]
  /** When to ask again, if nothing happens before; undefined: only when something happens. */
  readonly againMs: number | undefined
}

interface Account extends CreditDraft {
  limit: number
  used: number
  /** On disk. */
  released: number
  isRecalled: boolean
  /** What it is to have unused: doubled when it is used up quickly, small again when it lies. */
  target: number
  /** When it last used or was given some. */
  sinceMs: number
  /** Over its rate until then. */
  heldUntilMs: number
}

export class CreditPool {
  #budget: number
  readonly #accounts = new Map<number, Account>()
  /** Fewer bytes than one block needs; first come, first served. */
  readonly #needy = new Set<number>()
  /** Less than their target. */
  readonly #busy = new Set<number>()
  /** Sum of what is granted and not on disk, that of closed sessions included. */
  #spent = 0
  #recallAgainMs = -Infinity

  constructor(budgetBytes: number) {
    this.#budget = budgetBytes
  }

  /** What is granted already stays granted: with less, nothing more is until enough of it is on disk. */
  resize(budgetBytes: number): void {
    this.#budget = budgetBytes
  }

  /** Granted, and not on disk: at most the budget. */
  get spentBytes(): number {
    return this.#spent
  }

  /** How many wait for their first block's worth. */
  get waiting(): number {
    return this.#needy.size
  }

  open(session: number, draft: CreditDraft, nowMs: number): void {
    const zeros = { limit: 0, used: 0, released: 0, isRecalled: false, heldUntilMs: 0 }
    const smallBytes = Math.min(draft.smallBytes, WINDOW_BYTES, this.#budget)
    this.#accounts.set(session, { ...draft, ...zeros, smallBytes, target: smallBytes, sinceMs: nowMs })
    this.#needy.add(session)
  }

  /** A block has come; false: it is more than was granted. */
  received(session: number, bytes: number, nowMs: number): boolean {
    const account = this.#accounts.get(session)
    if (account === undefined || account.used + bytes > account.limit) return false
    account.used += bytes
    if (nowMs - account.sinceMs >= IDLE_MS) account.target = account.smallBytes
    account.sinceMs = nowMs
    const unused = account.limit - account.used
    if (unused < account.target / 2) account.target = Math.min(WINDOW_BYTES, 2 * account.target)
    if (unused < account.smallBytes) this.#needy.add(session)
    this.#busy.add(session)
    return true
  }

  /** What may still come. */
  unused(session: number): number {
    const { limit, used } = this.#accounts.get(session) ?? { limit: 0, used: 0 }
    return limit - used
  }

  /** Bytes that were received are on disk, or were thrown away. */
  released(session: number, bytes: number): void {
    this.#spent -= bytes
    const account = this.#accounts.get(session)
    if (account !== undefined) account.released += bytes
  }

  /** What it has sent is counted until it is released. */
  close(session: number): void {
    const account = this.#accounts.get(session)
    if (account === undefined) return
    this.#spent -= account.limit - account.used
    this.#accounts.delete(session)
    this.#needy.delete(session)
    this.#busy.delete(session)
  }

  /** The sender has answered after it was told of the lower limit. */
  recalled(session: number): void {
    const account = this.#accounts.get(session)
    if (account === undefined || !account.isRecalled) return
    this.#spent -= account.limit - account.used
    account.limit = account.used
    account.isRecalled = false
    account.target = account.smallBytes
    // Last in line: the others have waited.
    this.#needy.delete(session)
    this.#needy.add(session)
  }

  /** Over its rate: nothing more until then. */
  hold(session: number, untilMs: number): void {
    const account = this.#accounts.get(session)
    if (account !== undefined) account.heldUntilMs = untilMs
  }

  step(nowMs: number): CreditStep {
    const given = new Map<number, number>()
    const heldUntilMs: number[] = []
    const isShort = this.#serveNeedy(nowMs, given, heldUntilMs)
    if (!isShort) this.#serveBusy(nowMs, given)
    const recalls = isShort ? this.#recall(nowMs) : []
    if (isShort) heldUntilMs.push(nowMs + RECALL_PAUSE_MS)
    const grants = [...given].map(([session, limit]) => ({ session, limit }))
    const soonestMs = heldUntilMs.reduce((soonest, ms) => Math.min(soonest, ms), Infinity)
    return { grants, recalls, againMs: soonestMs === Infinity ? undefined : soonestMs }
  }

  /** True: somebody waits for credit that is not there. Those behind wait too, or the largest blocks would wait for ever. */
  #serveNeedy(nowMs: number, given: Map<number, number>, heldUntilMs: number[]): boolean {
    for (const session of this.#needy) {
      const account = this.#accounts.get(session)
      if (account === undefined) continue
      if (account.heldUntilMs > nowMs) heldUntilMs.push(account.heldUntilMs)
      const bytes = account.smallBytes - (account.limit - account.used)
      // One that has as much on its way to the disk as it may waits for the disk alone.
      if (account.isRecalled || account.heldUntilMs > nowMs || roomOf(account) < bytes) continue
      if (this.#spent + bytes > this.#budget) return true
      if (bytes > 0) this.#give(session, account, bytes, nowMs, given)
      this.#needy.delete(session)
    }
    return false
  }

  #serveBusy(nowMs: number, given: Map<number, number>): void {
    let rest = this.#budget - Math.ceil(this.#budget / KEPT_SHARE) - this.#spent
    let isAnyGiven = true
    while (rest > 0 && isAnyGiven) {
      isAnyGiven = false
      for (const session of Array.from(this.#busy)) {
        const account = this.#accounts.get(session)
        if (account === undefined) continue
        // Whoever had its turn goes to the end of the line, also when the rest is used up before all had theirs.
        this.#busy.delete(session)
        if (nowMs - account.sinceMs >= IDLE_MS) account.target = account.smallBytes
        const wanted = account.target - (account.limit - account.used)
        // It has what it is to have, and comes back with its next block: those who wait are all that is gone through.
        if (wanted <= 0) continue
        this.#busy.add(session)
        const isHeld = account.isRecalled || account.heldUntilMs > nowMs
        const bytes = Math.min(wanted, roomOf(account), QUANTUM_BYTES * account.weight, rest)
        if (isHeld || bytes <= 0) continue
        this.#give(session, account, bytes, nowMs, given)
        rest -= bytes
        isAnyGiven = true
      }
    }
  }

  /** As much as those who wait need, from whoever has not used theirs for longest. */
  #recall(nowMs: number): Limit[] {
    if (nowMs < this.#recallAgainMs) return []
    this.#recallAgainMs = nowMs + RECALL_PAUSE_MS
    let needed = 0
    for (const session of this.#needy) needed += this.#accounts.get(session)?.smallBytes ?? 0
    const recalls: Limit[] = []
    for (const [session, account] of this.#accounts) {
      const unused = account.limit - account.used
      if (needed <= 0) break
      if (account.isRecalled) needed -= unused
      if (account.isRecalled || unused === 0 || nowMs - account.sinceMs < IDLE_MS) continue
      account.isRecalled = true
      needed -= unused
      recalls.push({ session, limit: account.used })
    }
    return recalls
  }

  #give(session: number, account: Account, bytes: number, nowMs: number, given: Map<number, number>): void {
    account.limit += bytes
    account.sinceMs = nowMs
    this.#spent += bytes
    given.set(session, account.limit)
    // The order of the accounts is that in which they are recalled.
    this.#accounts.delete(session)
    this.#accounts.set(session, account)
  }
}

/** What may be granted to it beyond what it has. */
function roomOf({ limit, released }: Account): number {
  return WINDOW_BYTES - (limit - released)
}
