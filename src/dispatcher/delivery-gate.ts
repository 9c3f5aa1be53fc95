type State = { readonly kind: 'closed' } | { readonly kind: 'open' | 'paused'; readonly window: number }

/** A plugin that asks for more on its way gets this: what was lost is kept until it is acknowledged, and has no other bound. */
export const MAX_WINDOW = 65_536

const CLOSED: State = { kind: 'closed' }

/** How a process takes records: not before READY, not after STOP, and not while it has asked for a pause. */
export class DeliveryGate {
  #state: State = CLOSED

  get isPaused(): boolean {
    return this.#state.kind === 'paused'
  }

  /** How many records and lost ranges may be on their way at once. */
  get window(): number {
    return this.#state.kind === 'open' ? this.#state.window : 0
  }

  open(window: number): void {
    this.#state = { kind: 'open', window }
  }

  setPaused(isPaused: boolean): void {
    if (this.#state.kind !== 'closed') this.#state = { ...this.#state, kind: isPaused ? 'paused' : 'open' }
  }

  close(): void {
    this.#state = CLOSED
  }
}
