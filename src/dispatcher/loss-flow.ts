import type { DropReason, Ledger } from './ledger.js'

export type FlowKind = 'open' | 'losing' | 'suspended' | 'shut'

type Flow =
  | { readonly kind: 'open' }
  | { readonly kind: 'losing'; readonly lost: number }
  | { readonly kind: 'suspended'; readonly lost: number }
  /** Nothing is taken any more: the plugin has failed or is being removed. */
  | { readonly kind: 'shut'; readonly reason: 'failed' | 'stopped'; readonly lost: number }

const OPEN: Flow = { kind: 'open' }

/** Whether a queue takes records or loses them, and how many it has lost since that began. */
export class LossFlow {
  readonly #ledger: Ledger
  readonly #onBegin: (reason: DropReason) => void
  readonly #onEnd: (lost: number) => void
  #flow: Flow = OPEN

  constructor(ledger: Ledger, onBegin: (reason: DropReason) => void, onEnd: (lost: number) => void) {
    this.#ledger = ledger
    this.#onBegin = onBegin
    this.#onEnd = onEnd
  }

  get kind(): FlowKind {
    return this.#flow.kind
  }

  /** Why whatever comes is dropped unseen; undefined when it is not. */
  get refusal(): 'failed' | 'stopped' | 'suspended' | undefined {
    const flow = this.#flow
    switch (flow.kind) {
      case 'shut':
        return flow.reason
      case 'suspended':
        return 'suspended'
      case 'open':
      case 'losing':
        return undefined
      default:
        return flow satisfies never
    }
  }

  drop(reason: DropReason, records: number): void {
    this.#ledger.dropped[reason] += records
    const flow = this.#flow
    if (flow.kind !== 'open') this.#flow = { ...flow, lost: flow.lost + records }
  }

  begin(kind: 'losing' | 'suspended'): void {
    if (this.#flow.kind === kind) return
    this.#flow = { kind, lost: this.#lost }
    this.#onBegin(kind === 'losing' ? 'queue-full' : 'suspended')
  }

  end(): void {
    const lost = this.#lost
    this.#flow = OPEN
    this.#onEnd(lost)
  }

  shut(reason: 'failed' | 'stopped'): void {
    this.#flow = { kind: 'shut', reason, lost: this.#lost }
  }

  /** Returns how many were lost since it was shut, or since the loss that was going on then began. */
  reopen(): number {
    const flow = this.#flow
    if (flow.kind !== 'shut') return 0
    this.#flow = OPEN
    return flow.lost
  }

  get #lost(): number {
    return this.#flow.kind === 'open' ? 0 : this.#flow.lost
  }
}
