import { DAEMON, INPUT, PLUGINS, SERIALS } from './daemon-metrics.js'
import type { DispatcherReport, PluginReport } from './dispatcher-report.js'
import type { Families } from './metric.js'

/** More are counted and not listed: each is several dozen lines. */
export const MAX_PLUGINS = 1000
/** Those that there are; a reason or state beyond them is listed as it comes. */
export const STATES = ['starting', 'running', 'backoff', 'stopping', 'stopped', 'failed', 'invalid'] as const
/** All of them from the start: of what appears only when it is 1, nobody sees that it was 0. */
export const REASONS = ['queue-full', 'suspended', 'failed', 'stopped', 'too-long', 'poison'] as const
const SECOND_MS = 1000

/** Of the dispatcher, its input, and each plugin. */
export function addDispatcher(families: Families, report: DispatcherReport): void {
  const { input, serials, lastReload } = report
  families.add(DAEMON.info, 1, report.version)
  families.add(DAEMON.start, secondsOf(report.startedAt))
  families.addYesNo(DAEMON.leaving, report.phase !== 'running')
  families.add(DAEMON.records, report.seq)
  families.addYesNo(DAEMON.reloadGood, lastReload?.ok !== false)
  if (lastReload !== null) families.add(DAEMON.reloadTime, secondsOf(lastReload.at))
  families.add(DAEMON.invalid, report.invalid)
  families.add(DAEMON.logDropped, report.log.droppedLines)
  families.add(INPUT.records, input.records)
  families.add(INPUT.bytes, input.bytes)
  families.add(INPUT.skipped, input.skippedBytes)
  families.add(INPUT.resyncs, input.resyncs)
  families.add(INPUT.damaged, input.damaged)
  families.add(INPUT.torn, input.torn)
  families.add(INPUT.tooLong, input.tooLong)
  families.addYesNo(INPUT.held, input.held)
  if (input.lastAt !== null) families.add(INPUT.last, secondsOf(input.lastAt))
  if (serials !== null) addSerials(families, serials)
  for (const plugin of report.plugins.slice(0, MAX_PLUGINS)) addPlugin(families, plugin)
  families.add(PLUGINS.more, Math.max(0, report.plugins.length - MAX_PLUGINS))
}

function addSerials(families: Families, { nodes, more, untracked }: NonNullable<DispatcherReport['serials']>): void {
  for (const { node, missing, pending, restarts } of nodes) {
    families.add(SERIALS.missing, missing, node)
    families.add(SERIALS.pending, pending, node)
    families.add(SERIALS.restarts, restarts, node)
  }
  families.add(SERIALS.more, more)
  families.add(SERIALS.untracked, untracked)
}

function addPlugin(families: Families, plugin: PluginReport): void {
  const { name, sent, commands } = plugin
  for (const state of new Set([...STATES, plugin.state]))
    families.addYesNo(PLUGINS.state, state === plugin.state, name, state)
  families.add(PLUGINS.since, secondsOf(plugin.since), name)
  families.add(PLUGINS.restarts, plugin.restarts, name)
  families.add(PLUGINS.in, plugin.in, name)
  families.add(PLUGINS.delivered, plugin.delivered, name)
  families.add(PLUGINS.filtered, plugin.filtered, name)
  for (const reason of new Set([...REASONS, ...Object.keys(plugin.dropped)]))
    families.add(PLUGINS.dropped, plugin.dropped[reason] ?? 0, name, reason)
  families.add(PLUGINS.queued, plugin.queued, name)
  families.add(PLUGINS.queuedBytes, plugin.queuedBytes, name)
  families.add(PLUGINS.depth, plugin.depth, name)
  families.add(PLUGINS.depthBytes, plugin.depthBytes, name)
  families.add(PLUGINS.lag, plugin.lagMs / SECOND_MS, name)
  families.addYesNo(PLUGINS.losing, plugin.flow === 'losing', name)
  families.addYesNo(PLUGINS.suspended, plugin.flow === 'suspended', name)
  families.addYesNo(PLUGINS.stalled, plugin.stalled, name)
  families.addYesNo(PLUGINS.paused, plugin.paused, name)
  families.addYesNo(PLUGINS.held, plugin.held, name)
  families.addYesNo(PLUGINS.balanced, plugin.balanced, name)
  if (sent !== null) {
    families.add(PLUGINS.sent, sent.taken, name)
    families.add(PLUGINS.bad, sent.bad, name)
    families.add(PLUGINS.unsettled, sent.unsettled, name)
  }
  if (commands !== null) {
    families.add(PLUGINS.commands, commands.taken, name)
    families.add(PLUGINS.refused, commands.refused, name)
    families.add(PLUGINS.notices, commands.notified, name)
  }
}

/** Of RFC 3339. */
function secondsOf(time: string): number {
  return Date.parse(time) / SECOND_MS
}
