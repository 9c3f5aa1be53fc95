import type { InputStatus } from '../control/daemon-status.js'
import type { Log } from '../log.js'
import type { StreamKind, StreamReader } from '../protocol/stream.js'
import type { StreamCounters } from '../protocol/stream-trouble.js'
import { balances, DROP_REASONS, droppedTotal } from './ledger.js'
import { toldState } from './plugin-past.js'
import type { Plugin } from './plugin.js'

/** One plugin as the ledger has it: what came, and what became of it. */
export function ledgerOf(plugin: Plugin): Record<string, string | number | boolean> {
  const { ledger } = plugin.queue
  const dropped = DROP_REASONS.filter((reason) => ledger.dropped[reason] > 0)
  return {
    plugin: plugin.name,
    state: toldState(plugin.state),
    ...(plugin.stall.isStalled ? { stalled: true } : {}),
    ...(plugin.side.isPaused ? { paused: true } : {}),
    restarts: plugin.past.restarts,
    in: ledger.in,
    delivered: ledger.delivered,
    filtered: ledger.filtered,
    dropped: droppedTotal(ledger),
    queued: ledger.queued,
    ...Object.fromEntries(dropped.map((reason) => [`dropped.${reason}`, ledger.dropped[reason]])),
    ...sentBy(plugin),
    balanced: balances(ledger),
  }
}

/** What came from the plugin itself: records, and commands. */
function sentBy({ side }: Plugin): Record<string, number> {
  const { inlet, commandCounts } = side
  return {
    ...(inlet === undefined ? {} : { ...inlet.counters, unsettled: inlet.unsettled }),
    ...(commandCounts === undefined || commandCounts.taken === 0
      ? {}
      : { commands: commandCounts.taken, refused: commandCounts.errors, notified: commandCounts.notified }),
  }
}

/** All counters as one line of JSON, or those of one plugin; undefined when there is no such plugin. */
export function statsText(
  { kind, counters }: Pick<StreamReader, 'kind' | 'counters'>,
  seq: number,
  plugins: readonly Plugin[],
  name: string | undefined,
): string | undefined {
  if (name === undefined)
    return JSON.stringify({ seq, input: inputLedger(kind, counters), plugins: plugins.map(ledgerOf) })
  const plugin = plugins.find((each) => each.name === name)
  return plugin === undefined ? undefined : JSON.stringify(ledgerOf(plugin))
}

/** Everything, to the log. */
export function tellLedgers(
  log: Log,
  { kind, counters }: Pick<StreamReader, 'kind' | 'counters'>,
  plugins: readonly Plugin[],
): void {
  log.info(inputLedger(kind, counters), 'input')
  for (const plugin of plugins) log.info(ledgerOf(plugin), 'ledger')
}

/** What came in at the door. */
export function inputLedger(
  kind: StreamKind,
  counters: StreamCounters,
): Omit<InputStatus, 'held' | 'lastAt' | 'fault'> {
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
