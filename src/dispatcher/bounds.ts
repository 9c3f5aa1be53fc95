// How much a queue may hold, and what happens at the bound. Two kinds of queues share it; what they hold differs.

import type { Ledger } from './ledger.js'
import { LossFlow } from './loss-flow.js'
import type { OutboxWatcher } from './outbox.js'
import type { QueueLimits } from './settings.js'

/** A queue that has lost records counts as recovered when it is down to this share of its limits. */
const RECOVERED_SHARE = 0.5
/** A queue with `block` that made the door shut lets it open again at this share of its limits. */
const UNBLOCKED_SHARE = 0.75

export class Bounds {
  readonly flow: LossFlow
  limits: QueueLimits
  readonly #ledger: Ledger
  readonly #heldBytes: () => number

  /** `heldBytes`: bytes that count against `q_bytes` now. */
  constructor(limits: QueueLimits, ledger: Ledger, watcher: OutboxWatcher, heldBytes: () => number) {
    this.limits = limits
    this.#ledger = ledger
    this.#heldBytes = heldBytes
    this.flow = new LossFlow(
      ledger,
      (reason) => {
        watcher.lossBegan(reason)
      },
      (lost) => {
        watcher.lossEnded(lost)
      },
    )
  }

  hasRoom(records: number, bytes: number): boolean {
    return this.#ledger.queued + records <= this.limits.depth && this.#heldBytes() + bytes <= this.limits.bytes
  }

  /** With `block` everything is taken and the door is shut instead. */
  takes(records: number, bytes: number): boolean {
    return this.limits.overflow === 'block' || this.hasRoom(records, bytes)
  }

  get blocks(): boolean {
    return this.limits.overflow === 'block' && this.flow.kind !== 'shut' && this.#isAbove(1)
  }

  get unblocks(): boolean {
    return this.limits.overflow !== 'block' || this.flow.kind === 'shut' || !this.#isAbove(UNBLOCKED_SHARE)
  }

  /**
   * Something has no room: notes the loss, unless it is the daemon's own record that is to be lost, and says what is to be
   * dropped: what came, with the reason for it, or the oldest.
   */
  overflow(ownRecord: boolean): 'queue-full' | 'suspended' | 'oldest' {
    if (ownRecord) return 'queue-full'
    const { overflow } = this.limits
    switch (overflow) {
      case 'drop-oldest':
        this.flow.begin('losing')
        return 'oldest'
      case 'suspend':
        this.flow.begin('suspended')
        return 'suspended'
      case 'drop-newest':
      case 'ignore':
      case 'single':
      case 'halt':
      // It has room for everything, and does not come here.
      case 'block':
        this.flow.begin('losing')
        return 'queue-full'
      default:
        return overflow satisfies never
    }
  }

  /** Something has left. */
  noticeRecovery(): void {
    if (this.flow.kind === 'losing' && !this.#isAbove(RECOVERED_SHARE)) this.flow.end()
  }

  #isAbove(share: number): boolean {
    const { depth, bytes } = this.limits
    return this.#ledger.queued >= depth * share || this.#heldBytes() >= bytes * share
  }
}
