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
  const found = [
    ...daemonFindings(status),
    ...status.plugins.flatMap((plugin) => [...pluginFindings(plugin)]),
    // Last of all: what was running and loses records now is more urgent.
    ...status.invalid.map(invalidFinding),
  ]
  return [...found.filter(({ level }) => level === 'fail'), ...found.filter(({ level }) => level === 'warn')]
}

function* daemonFindings(status: DaemonStatus): Generator<Finding> {
  const { input, serials, log, lastReload } = status
  if (status.phase !== 'running') yield warn('', `the daemon is ${status.phase}`, 'audispctl status --watch')
  if (status.phase === 'running' && status.plugins.length + status.invalid.length === 0) {
    yield warn(
      '',
      'no plugin is active: records are read and go nowhere',
      'audispctl check, then: audispctl enable NAME',
    )
  }
  if (input.fault !== null) yield fail('', input.fault, 'audispctl doctor')
  if (input.held) yield doorFinding(status)
  const spoilt = input.damaged + input.torn + input.tooLong
  if (spoilt > 0 || input.skippedBytes > 0) {
    const lost = `${counted(spoilt, 'record')} lost, ${counted(input.skippedBytes, 'byte')} skipped`
    yield warn('', `the input was damaged: ${lost}`, 'audispctl logs')
  }
  const missing = (serials?.nodes ?? []).reduce((sum, node) => sum + node.missing, 0)
  if (missing > 0) {
    yield warn('', `${counted(missing, 'event')} never came in: lost by the kernel or auditd`, 'audispctl ledger')
  }
  if (lastReload?.ok === false) {
    const why = lastReload.problems[0] ?? 'the configuration cannot be used'
    yield warn('', `the last reload was refused: ${why}`, 'audispctl check, then: audispctl reload')
  }
  if (log.droppedLines > 0) {
    yield warn('', `${counted(log.droppedLines, 'line')} of the log dropped: nobody read them`, 'audispctl logs')
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
    yield fail(name, 'losing records: its queue is full', `audispctl ledger ${name}`)
  }
  if (plugin.droppedTotal > 0) {
    const last = plugin.lastLossAt === null ? '' : `, the last at ${plugin.lastLossAt}`
    const dropped = `${counted(plugin.droppedTotal, 'record')} dropped (${reasons(plugin)})`
    yield warn(name, dropped + last, `audispctl ledger ${name}`)
  }
  if (!plugin.balanced) yield fail(name, 'its ledger does not balance: a fault of audispd', 'report it as a bug')
}

function invalidFinding({ name, file, problems }: DaemonStatus['invalid'][number]): Finding {
  const mend = `audispctl check, mend ${file}, then: audispctl reload`
  return fail(name, `invalid: ${problems[0] ?? `${file} has mistakes`}`, mend)
}

/** Which queue it is cannot be told for sure: the fullest of those that can do it. */
function doorFinding({ plugins }: DaemonStatus): Finding {
  const blocking = plugins.filter(({ overflow }) => overflow === 'block')
  const [fullest] = blocking.toSorted((a, b) => fill(b) - fill(a))
  const whose = fullest === undefined ? 'a queue' : `the queue of ${fullest.name}`
  const mend = fullest === undefined ? 'audispctl status' : `audispctl status ${fullest.name}`
  return warn('', `nothing is read: ${whose} with overflow_action = block is full`, mend)
}

function fill({ queued, depth, queuedBytes, depthBytes }: PluginStatus): number {
  return Math.max(queued / depth, queuedBytes / depthBytes)
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
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
