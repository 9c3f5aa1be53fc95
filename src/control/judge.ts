// What is wrong with a daemon, judged by its status: the one place that says what "degraded" is.

import type { DaemonStatus, PluginStatus } from './daemon-status.js'

/** `fail`: something does not work, or loses records now. `warn`: something has been lost, or needs a look. */
export type Level = 'warn' | 'fail'

export interface Finding {
  readonly level: Level
  /** '' when it is about no plugin. */
  readonly plugin: string
  readonly what: string
  /** A command that mends it, or that says more. */
  readonly mend: string
}

/** What is wrong, the worse first; nothing: all is well. */
export function judge(status: DaemonStatus): Finding[] {
  const found = [...daemonFindings(status), ...status.plugins.flatMap((plugin) => [...pluginFindings(plugin)])]
  return [...found.filter(({ level }) => level === 'fail'), ...found.filter(({ level }) => level === 'warn')]
}

function* daemonFindings(status: DaemonStatus): Generator<Finding> {
  const { input, serials, log, lastReload } = status
  for (const { name, file, problems } of status.invalid) {
    yield fail(name, `invalid: ${problems[0] ?? `${file} has mistakes`}`, `mend ${file}, then: audispctl reload`)
  }
  if (status.phase !== 'running') yield warn('', `the daemon is ${status.phase}`, 'audispctl status --watch')
  if (status.phase === 'running' && status.plugins.length + status.invalid.length === 0) {
    yield warn('', 'no plugin is active: records are read and go nowhere', 'audispctl enable NAME')
  }
  if (input.fault !== null) yield fail('', input.fault, 'audispctl doctor')
  if (input.held) yield warn('', 'nothing is read: a queue with overflow_action = block is full', 'audispctl status')
  const spoilt = input.damaged + input.torn + input.tooLong
  if (spoilt > 0 || input.skippedBytes > 0) {
    const skipped = `${input.skippedBytes} bytes skipped`
    yield warn('', `the input was damaged: ${spoilt} records lost, ${skipped}`, 'audispctl logs')
  }
  const missing = (serials?.nodes ?? []).reduce((sum, node) => sum + node.missing, 0)
  if (missing > 0) yield warn('', `${missing} events never came in: lost by the kernel or auditd`, 'audispctl ledger')
  if (lastReload?.ok === false) {
    const why = lastReload.problems[0] ?? 'the configuration cannot be used'
    yield warn('', `the last reload was refused: ${why}`, 'audispctl check, then: audispctl reload')
  }
  if (log.droppedLines > 0) {
    yield warn('', `${log.droppedLines} lines of the log were dropped: nobody read them`, 'audispctl logs')
  }
}

function* pluginFindings(plugin: PluginStatus): Generator<Finding> {
  const { name } = plugin
  const why = plugin.lastExit === null ? '' : `: ${plugin.lastExit.how}`
  if (plugin.state === 'failed') {
    yield fail(name, `failed${why}`, `audispctl logs ${name}, then: audispctl start ${name}`)
  } else if (plugin.state === 'backoff') {
    yield fail(name, `died and waits to be restarted${why}`, `audispctl logs ${name}`)
  } else if (plugin.held) {
    yield warn(name, 'stopped by the admin: its records are dropped', `audispctl start ${name}`)
  }
  if (plugin.stalled) yield fail(name, 'stalled: it takes nothing although records wait', `audispctl restart ${name}`)
  if (plugin.paused) yield warn(name, 'paused: it has asked to be given nothing', `audispctl logs ${name}`)
  if (plugin.flow === 'suspended') {
    yield fail(name, 'suspended: its queue was full, and its records are dropped', `audispctl resume ${name}`)
  }
  if (plugin.flow === 'losing') {
    yield fail(name, 'losing records: its queue is full', `audispctl logs ${name}, or a larger q_depth`)
  }
  if (plugin.droppedTotal > 0) {
    yield warn(name, `${plugin.droppedTotal} records dropped (${reasons(plugin)})`, `audispctl status ${name}`)
  }
  if (!plugin.balanced) yield fail(name, 'its ledger does not balance: a fault of audispd', 'report it as a bug')
}

function reasons({ dropped }: PluginStatus): string {
  return Object.entries(dropped)
    .map(([reason, count]) => `${reason} ${count}`)
    .join(', ')
}

function fail(plugin: string, what: string, mend: string): Finding {
  return { level: 'fail', plugin, what, mend }
}

function warn(plugin: string, what: string, mend: string): Finding {
  return { level: 'warn', plugin, what, mend }
}
