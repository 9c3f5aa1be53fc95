/** Why a record never reached a plugin. */
export const DROP_REASONS = ['queue-full', 'suspended', 'failed', 'stopped', 'too-long', 'poison'] as const
export type DropReason = (typeof DROP_REASONS)[number]

/** What became of every record that came for one plugin: `in = delivered + filtered + dropped + queued`, always. */
export interface Ledger {
  /** Records that came by since the plugin was added. */
  in: number
  /** Written to the plugin's FIFO whole, less what was read back after a death; acknowledged, where the plugin does that. */
  delivered: number
  /** Not asked for by its selector, or sent by the plugin itself. */
  filtered: number
  /** Lost to this plugin, by reason. */
  readonly dropped: Record<DropReason, number>
  /** Waiting, or on its way. */
  queued: number
}

export function emptyLedger(): Ledger {
  return {
    in: 0,
    delivered: 0,
    filtered: 0,
    dropped: { 'queue-full': 0, suspended: 0, failed: 0, stopped: 0, 'too-long': 0, poison: 0 },
    queued: 0,
  }
}

export function droppedTotal(ledger: Ledger): number {
  return DROP_REASONS.reduce((sum, reason) => sum + ledger.dropped[reason], 0)
}

export function balances(ledger: Ledger): boolean {
  return ledger.in === ledger.delivered + ledger.filtered + droppedTotal(ledger) + ledger.queued
}
