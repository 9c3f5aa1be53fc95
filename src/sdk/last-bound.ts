// The end of a plugin waits for the handler in hand, and so for ever for one that never returns. Where a dispatcher has started the
// plugin it kills it by then; auditd does not, nor does anybody when the plugin is run by hand.

import type { Clock } from './clock.js'

/**
 * A handler that has not returned so long after the end has begun never will. It is longer than audispd waits with the longest
 * `stop_timeout`, ten minutes to SIGTERM and ten more to SIGKILL: what it stops never gets here.
 */
export const LAST_BOUND_MINUTES = 21
const LAST_BOUND_MS = LAST_BOUND_MINUTES * 60_000

type State =
  | { readonly kind: 'going-on' }
  | { readonly kind: 'ending'; readonly sinceMs: number; readonly cancel: () => void }
  | { readonly kind: 'over' }

export class LastBound {
  readonly #clock: Clock
  readonly #onStuck: (waitedFor: string) => void
  #state: State = { kind: 'going-on' }
  #waitedFor = ''

  /** `onStuck` may be called again, for the next thing that is waited for. */
  constructor(clock: Clock, onStuck: (waitedFor: string) => void) {
    this.#clock = clock
    this.#onStuck = onStuck
  }

  /** A handler is called, or something else is done that may never come back; the one before is done. */
  waitsFor(what: string): void {
    this.#waitedFor = what
    // No timer is set anew for each of the thousand events of a batch.
    if (this.#state.kind === 'ending') this.#state = { ...this.#state, sinceMs: this.#clock.nowMs() }
  }

  /** The end has begun. */
  begin(): void {
    if (this.#state.kind === 'going-on') this.#arm(this.#clock.nowMs(), LAST_BOUND_MS)
  }

  /** Everything has come back. */
  close(): void {
    if (this.#state.kind === 'ending') this.#state.cancel()
    this.#state = { kind: 'over' }
  }

  #arm(sinceMs: number, delayMs: number): void {
    const cancel = this.#clock.after(delayMs, () => {
      this.#look()
    })
    this.#state = { kind: 'ending', sinceMs, cancel }
  }

  #look(): void {
    if (this.#state.kind !== 'ending') return
    const nowMs = this.#clock.nowMs()
    const leftMs = this.#state.sinceMs + LAST_BOUND_MS - nowMs
    if (leftMs > 0) {
      this.#arm(this.#state.sinceMs, leftMs)
      return
    }
    this.#arm(nowMs, LAST_BOUND_MS)
    this.#onStuck(this.#waitedFor)
  }
}
