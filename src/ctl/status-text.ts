import type { DaemonStatus, PluginStatus } from '../control/daemon-status.js'
import type { Finding } from '../control/judge.js'
import { harmlessText } from '../protocol/harmless-text.js'
import { columns } from './columns.js'
import { countOf, countText, spanText } from './figures.js'
import type { Painter, Part } from './paint.js'

const MAX_TEXT_CHARACTERS = 400
const MAX_CELL_CHARACTERS = 64
const HEAD = ['PLUGIN', 'STATE', 'PID', 'SINCE', 'RESTARTS', 'IN', 'DELIVERED', 'QUEUED', 'DROPPED', 'LAG'] as const
/** Where there are plugins that send records. */
const SENT = 'SENT'
const RIGHT = [2, 4, 5, 6, 7, 8, 9, 10] as const
const NONE = '-'

/** Is anything missing, and what is to be done: the first line says it, then every plugin has a line, then every finding. */
export function statusAsText(status: DaemonStatus, findings: readonly Finding[], paint: Painter): string {
  const isSending = status.plugins.some(({ sent }) => sent !== null)
  const rows = [
    ...status.plugins.map((plugin) => [
      ...rowOf(plugin, status, findings, paint),
      ...(isSending ? [plugin.sent === null ? NONE : countText(plugin.sent.taken)] : []),
    ]),
    ...status.invalid
      .filter(({ name }) => status.plugins.every((plugin) => plugin.name !== name))
      .map(({ name }) => [
        shown(name, MAX_CELL_CHARACTERS),
        paint('fail', 'invalid'),
        ...HEAD.slice(2).map(() => NONE),
      ]),
  ]
  const table =
    rows.length === 0 ? '' : `\n${columns(rows, { head: isSending ? [...HEAD, SENT] : HEAD, right: RIGHT })}`
  return `${summaryOf(status, findings, paint)}${table}${findingsAsText(findings, paint)}`
}

/** Each finding with what mends it below. */
export function findingsAsText(findings: readonly Finding[], paint: Painter): string {
  if (findings.length === 0) return ''
  const lines = findings.map(
    (finding) =>
      `${paint(finding.level, finding.level)}  ${whatOf(finding)}\n      ${paint('dim', shown(finding.mend))}\n`,
  )
  return `\n${lines.join('')}`
}

/** A point in time, and how long ago that was. */
export function timeText(at: string, now: string): string {
  return `${shown(at)} (${sinceText(at, now)})`
}

/** What a plugin does, and what of that is not as it should be. */
export function stateText({ state, flow, stalled, paused, held }: PluginStatus): string {
  const odd = [
    ...(held ? ['held'] : []),
    ...(stalled ? ['stalled'] : []),
    ...(paused ? ['paused'] : []),
    ...(flow === 'open' ? [] : [flow]),
  ]
  return [state, ...odd].join(', ')
}

/** How the state looks: as bad as the worst that was found of the plugin. */
export function stateLook({ name, state }: PluginStatus, findings: readonly Finding[]): Part {
  const own = findings.filter(({ plugin }) => plugin === name)
  if (own.some(({ level }) => level === 'fail')) return 'fail'
  if (own.length > 0) return 'warn'
  return state === 'running' ? 'ok' : 'dim'
}

/** What came from a plugin, a file or a peer. */
export function shown(text: string, maxCharacters = MAX_TEXT_CHARACTERS): string {
  return harmlessText(text, maxCharacters)
}

function summaryOf(status: DaemonStatus, findings: readonly Finding[], paint: Painter): string {
  const { version, startedAt, plugins, seq } = status
  const life = `audispd ${shown(version)} is ${status.phase} since ${timeText(startedAt, status.now)}`
  const has = `${life}, ${countOf(plugins.length, 'plugin')}, ${countOf(seq, 'record')} in, ${lossText(status)}\n`
  const [worst] = findings
  if (worst === undefined) return paint('ok', 'well: ') + has
  const others = findings.length === 1 ? '' : ` (and ${findings.length - 1} more below)`
  const look = findings.some(({ level }) => level === 'fail') ? 'fail' : 'warn'
  return `${paint(look, 'degraded: ')}${whatOf(worst)}; next: ${shown(worst.mend)}${others}\n${has}`
}

/** The sum of what did not arrive, wherever it was lost. */
function lossText({ plugins, input, serials }: DaemonStatus): string {
  const losers = plugins.filter(({ droppedTotal }) => droppedTotal > 0)
  const damaged = input.damaged + input.torn + input.tooLong
  const missing = (serials?.nodes ?? []).reduce((sum, node) => sum + node.missing, 0)
  const parts = [
    ...losers.slice(0, 3).map(({ name, droppedTotal }) => `${countText(droppedTotal)} by ${shown(name)}`),
    ...(losers.length > 3 ? [`and by ${losers.length - 3} more plugins`] : []),
    ...(damaged > 0 ? [`${countText(damaged)} damaged on the way in`] : []),
    ...(missing > 0 ? [`${countOf(missing, 'event')} before they came here`] : []),
  ]
  return parts.length === 0 ? 'nothing lost' : `lost: ${parts.join(', ')}`
}

function whatOf({ plugin, what }: Finding): string {
  return plugin === '' ? shown(what) : `${shown(plugin)}: ${shown(what)}`
}

function rowOf(plugin: PluginStatus, { now }: DaemonStatus, findings: readonly Finding[], paint: Painter): string[] {
  const { droppedTotal, lagMs } = plugin
  // To one that only sends nothing is given, which is no loss.
  const told = (count: number): string => (plugin.direction === 'in' ? NONE : countText(count))
  return [
    shown(plugin.name, MAX_CELL_CHARACTERS),
    paint(stateLook(plugin, findings), stateText(plugin)),
    plugin.pid === null ? NONE : String(plugin.pid),
    sinceText(plugin.since, now),
    countText(plugin.restarts),
    told(plugin.in),
    told(plugin.delivered),
    told(plugin.queued),
    droppedTotal === 0 ? told(0) : paint('warn', countText(droppedTotal)),
    lagMs === 0 ? NONE : spanText(lagMs),
  ]
}

function sinceText(at: string, now: string): string {
  const ms = Date.parse(now) - Date.parse(at)
  return Number.isNaN(ms) ? NONE : spanText(ms)
}
