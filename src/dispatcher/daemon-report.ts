// How the dispatcher and its plugins are, as `status` on the control socket has it.

import { formatProblem, type Problem } from '../config.js'
import { MAX_LAST_LINES, type DaemonStatus, type InputStatus, type PluginStatus } from '../control/daemon-status.js'
import type { StreamReader } from '../protocol/stream.js'
import { harmlessText } from '../protocol/harmless-text.js'
import { noSuchPlugin } from './admin.js'
import { balances, DROP_REASONS, droppedTotal, type Ledger } from './ledger.js'
import { toldState } from './plugin-past.js'
import type { PluginSet } from './plugin-set.js'
import type { Plugin } from './plugin.js'
import { inputLedger } from './state-report.js'

/** Of a line of stderr. */
const SHOWN_CHARACTERS = 300
/** Of all plugins' stderr together: with a thousand plugins a status is large enough. */
const ALL_LINES = 5000

/** What the daemon knows beside the dispatcher is added. */
export type DispatcherStatus = OwnStatus & Pick<DaemonStatus, 'input' | 'plugins' | 'invalid'>
type OwnStatus = Pick<DaemonStatus, 'phase' | 'run' | 'configuration' | 'node' | 'seq' | 'serials'>

/** Two readings of the same moment. */
export interface Moment {
  /** Of the clock that never goes back. */
  readonly nowMs: number
  /** Since 1970. */
  readonly wallMs: number
}

export interface DoorFacts {
  readonly reader: Pick<StreamReader, 'kind' | 'counters'>
  readonly isShut: boolean
  /** When something was read last; undefined: nothing has been. */
  readonly lastMs: number | undefined
  /** '' is none. */
  readonly fault: string
}

/** Everything, or of the plugins the one of that name alone. Throws ControlError. */
export function dispatcherStatus(
  own: OwnStatus,
  door: DoorFacts,
  plugins: PluginSet,
  name: string | undefined,
  moment: Moment,
): DispatcherStatus {
  const found = pluginStatuses(plugins, name, moment)
  const invalid = invalidStatuses(plugins, name)
  if (name !== undefined && found.length + invalid.length === 0) throw noSuchPlugin(name)
  return { ...own, input: inputStatus(door, moment), plugins: found, invalid }
}

/** What came in at the door. */
function inputStatus({ reader, isShut, lastMs, fault }: DoorFacts, moment: Moment): InputStatus {
  return {
    ...inputLedger(reader.kind, reader.counters),
    held: isShut,
    lastAt: lastMs === undefined ? null : timeOf(lastMs, moment),
    fault: fault === '' ? null : fault,
  }
}

/** All plugins that get records, or the one of that name alone. */
function pluginStatuses(plugins: PluginSet, name: string | undefined, moment: Moment): PluginStatus[] {
  const lines = Math.min(MAX_LAST_LINES, Math.ceil(ALL_LINES / Math.max(plugins.plugins.length, 1)))
  return plugins.plugins
    .filter((plugin) => name === undefined || plugin.name === name)
    .map((plugin) => pluginStatus(plugin, plugins.isHeld(plugin), name === undefined ? lines : MAX_LAST_LINES, moment))
}

/** Drop-ins that cannot be used, or the one of that name. */
function invalidStatuses({ invalid }: PluginSet, name: string | undefined): DaemonStatus['invalid'] {
  return invalid
    .filter((each) => name === undefined || each.name === name)
    .map(({ name: plugin, file, problems }) => ({ name: plugin, file, problems: problemTexts(problems) }))
}

/** Mistakes as they are logged, and what is only doubtful behind them. */
export function problemTexts(problems: readonly Problem[]): string[] {
  const errors = problems.filter(({ level }) => level === 'error').map(formatProblem)
  const warnings = problems.filter(({ level }) => level === 'warning').map(formatProblem)
  return [...errors, ...warnings.map((text) => `warning: ${text}`)]
}

/** RFC 3339 of a moment of the clock that knows no date. */
export function timeOf(ms: number, { nowMs, wallMs }: Moment): string {
  return new Date(wallMs - (nowMs - ms)).toISOString()
}

function pluginStatus(plugin: Plugin, held: boolean, lines: number, moment: Moment): PluginStatus {
  const { dropIn, queue, past, side } = plugin
  const { ledger } = queue
  return {
    name: plugin.name,
    state: toldState(plugin.state),
    pid: plugin.pid ?? null,
    since: timeOf(past.sinceMs, moment),
    restarts: past.restarts,
    format: dropIn.format,
    direction: dropIn.direction,
    path: dropIn.path,
    args: dropIn.args,
    selector: plugin.selector.text,
    user: dropIn.user === '' ? null : dropIn.user,
    file: dropIn.file,
    overflow: dropIn.queue.overflow,
    depth: dropIn.queue.depth,
    depthBytes: dropIn.queue.bytes,
    ...ledgerStatus(ledger),
    lastLossAt: past.lastLossMs === undefined ? null : timeOf(past.lastLossMs, moment),
    queuedBytes: queue.heldBytes,
    lagMs: plugin.lag.ageMs(ledger, moment.nowMs),
    flow: queue.flow,
    stalled: plugin.stall.isStalled,
    paused: side.isPaused,
    held,
    lastExit: past.lastExit === undefined ? null : { how: past.lastExit.how, at: timeOf(past.lastExit.atMs, moment) },
    lastStderr: past.lastLines.slice(-lines).map((line) => harmlessText(line, SHOWN_CHARACTERS)),
    ...sentStatus(plugin),
  }
}

type LedgerStatus = Pick<
  PluginStatus,
  'in' | 'delivered' | 'filtered' | 'dropped' | 'droppedTotal' | 'queued' | 'balanced'
>

function ledgerStatus(ledger: Ledger): LedgerStatus {
  const reasons = DROP_REASONS.filter((reason) => ledger.dropped[reason] > 0)
  return {
    in: ledger.in,
    delivered: ledger.delivered,
    filtered: ledger.filtered,
    dropped: Object.fromEntries(reasons.map((reason) => [reason, ledger.dropped[reason]])),
    droppedTotal: droppedTotal(ledger),
    queued: ledger.queued,
    balanced: balances(ledger),
  }
}

function sentStatus({ side }: Plugin): Pick<PluginStatus, 'sent' | 'commands'> {
  const { inlet, commandCounts } = side
  return {
    sent: inlet === undefined ? null : { ...inlet.counters, unsettled: inlet.unsettled },
    commands:
      commandCounts === undefined
        ? null
        : { taken: commandCounts.taken, refused: commandCounts.errors, notified: commandCounts.notified },
  }
}
