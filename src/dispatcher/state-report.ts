import type { StreamKind } from '../protocol/stream.js'
import type { StreamCounters } from '../protocol/stream-trouble.js'
import { balances, DROP_REASONS, droppedTotal } from './ledger.js'
import type { Plugin } from './plugin.js'

/** One plugin as the ledger has it: what came, and what became of it. */
export function ledgerOf(plugin: Plugin): Record<string, string | number | boolean> {
  const { ledger } = plugin.queue
  const dropped = DROP_REASONS.filter((reason) => ledger.dropped[reason] > 0)
  return {
    plugin: plugin.name,
    state: plugin.state.kind,
    ...(plugin.isStalled ? { stalled: true } : {}),
    restarts: plugin.restarts,
    in: ledger.in,
    delivered: ledger.delivered,
    filtered: ledger.filtered,
    dropped: droppedTotal(ledger),
    queued: ledger.queued,
    ...Object.fromEntries(dropped.map((reason) => [`dropped.${reason}`, ledger.dropped[reason]])),
    balanced: balances(ledger),
  }
}

/** What came in at the door. */
export function inputLedger(kind: StreamKind, counters: StreamCounters): Record<string, string | number> {
  return {
    format: kind,
    records: counters.frames + counters.lines,
    bytes: counters.bytes,
    skippedBytes: counters.skippedBytes,
    resyncs: counters.resyncs,
    damaged: counters.damaged,
    torn: counters.tornRecords,
    tooLong: counters.tooLong,
  }
}
