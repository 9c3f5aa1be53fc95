// What `top` shows, worked out of two looks at the daemon and of the records in between.

import type { DaemonStatus, PluginStatus } from '../../control/daemon-status.js'
import { judge, type Finding, type Level } from '../../control/judge.js'
import type { Census, TableName } from './census.js'

/** Rows of each table of the noise. */
const MOST_NAMES = 50
const MS_A_SECOND = 1000

/** One look at the daemon. */
export interface Look {
  readonly status: DaemonStatus
  /** Of a clock that does not go back. */
  readonly atMs: number
}

export interface PluginRow {
  readonly name: string
  readonly state: PluginStatus['state'] | 'stalled' | 'suspended' | 'losing' | 'paused'
  readonly inPerSecond: number
  readonly deliveredPerSecond: number
  readonly queued: number
  readonly lagMs: number
  readonly dropped: number
  readonly droppedPerSecond: number
  readonly restarts: number
  readonly level: Level | 'ok'
}

export interface NoiseRow {
  readonly name: string
  readonly perSecond: number
  readonly share: number
}

/** The keys are those of `--json`. */
export interface TopReport {
  readonly now: string
  readonly version: string
  readonly pid: number
  readonly node: string
  readonly phase: DaemonStatus['phase']
  readonly upMs: number
  readonly format: string
  readonly records: number
  readonly intervalMs: number
  readonly recordsPerSecond: number
  readonly bytesPerSecond: number
  readonly plugins: readonly PluginRow[]
  readonly findings: readonly Finding[]
  /** Records that were looked at, and what part of all that is; null where the records may not be seen. */
  readonly sample: { readonly recordsPerSecond: number; readonly part: number } | null
  readonly noise: Readonly<Record<TableName, readonly NoiseRow[]>>
}

/** `census`: null where the records may not be seen. `userName`: of a login uid. */
export function reportOf(
  before: Look,
  after: Look,
  census: Census | null,
  userName: (auid: string) => string,
): TopReport {
  const { status } = after
  const isSameRun = before.status.run === status.run
  const intervalMs = after.atMs - before.atMs
  const perSecond = (now: number, then: number | undefined): number =>
    isSameRun && then !== undefined && intervalMs > 0
      ? rounded(Math.max(0, ((now - then) * MS_A_SECOND) / intervalMs), 1)
      : 0
  const recordsPerSecond = perSecond(status.seq, before.status.seq)
  const findings = judge(status)
  const seenPerSecond = rounded(((census?.records ?? 0) * MS_A_SECOND) / Math.max(1, intervalMs), 1)
  const noiseOf = (table: TableName): NoiseRow[] =>
    (census?.greatest(table, MOST_NAMES) ?? []).map(({ name, share }) => ({
      name: table === 'auid' ? userName(name) : name,
      perSecond: rounded(share * Math.max(recordsPerSecond, seenPerSecond), 1),
      share: rounded(share, 4),
    }))
  return {
    now: status.now,
    version: status.version,
    pid: status.pid,
    node: status.node,
    phase: status.phase,
    upMs: Date.parse(status.now) - Date.parse(status.startedAt),
    format: status.input.format,
    records: status.seq,
    intervalMs: Math.round(intervalMs),
    recordsPerSecond,
    bytesPerSecond: perSecond(status.input.bytes, before.status.input.bytes),
    plugins: status.plugins.map((plugin) => {
      const then = isSameRun ? before.status.plugins.find(({ name }) => name === plugin.name) : undefined
      return {
        name: plugin.name,
        state: stateOf(plugin),
        inPerSecond: perSecond(plugin.in, then?.in),
        deliveredPerSecond: perSecond(plugin.delivered, then?.delivered),
        queued: plugin.queued,
        lagMs: plugin.lagMs,
        dropped: plugin.droppedTotal,
        droppedPerSecond: perSecond(plugin.droppedTotal, then?.droppedTotal),
        restarts: plugin.restarts,
        level: findings.find((finding) => finding.plugin === plugin.name)?.level ?? 'ok',
      }
    }),
    findings,
    sample:
      census === null
        ? null
        : {
            recordsPerSecond: seenPerSecond,
            part: recordsPerSecond === 0 ? 1 : rounded(Math.min(1, seenPerSecond / recordsPerSecond), 4),
          },
    noise: { key: noiseOf('key'), exe: noiseOf('exe'), auid: noiseOf('auid'), type: noiseOf('type') },
  }
}

/** A running plugin may be in trouble all the same. */
function stateOf({ state, stalled, flow, paused }: PluginStatus): PluginRow['state'] {
  if (state !== 'running') return state
  if (stalled) return 'stalled'
  if (flow === 'suspended' || flow === 'losing') return flow
  return paused ? 'paused' : state
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}
