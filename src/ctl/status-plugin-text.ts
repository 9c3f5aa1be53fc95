import type { DaemonStatus, InvalidStatus, PluginStatus } from '../control/daemon-status.js'
import type { Finding } from '../control/judge.js'
import { bytesText, countOf, countText, spanText } from './figures.js'
import type { Painter } from './paint.js'
import { findingsAsText, shown, stateLook, stateText, timeText } from './status-text.js'

const MAX_ARGUMENTS_CHARACTERS = 1000
const LABEL_CHARACTERS = 10

/** Everything about one plugin: a status that has it alone. */
export function pluginStatusAsText(status: DaemonStatus, findings: readonly Finding[], paint: Painter): string {
  const { now } = status
  return [
    ...status.plugins.map((plugin) => aboutPlugin(plugin, now, findings, paint)),
    ...status.invalid.map((invalid) => aboutInvalid(invalid, paint)),
    findingsAsText(findings, paint),
  ].join('')
}

function aboutPlugin(plugin: PluginStatus, now: string, findings: readonly Finding[], paint: Painter): string {
  const { name, pid, since, lastExit, lastStderr, sent, commands } = plugin
  const life = `${paint(stateLook(plugin, findings), stateText(plugin))} since ${timeText(since, now)}`
  const lines = [
    line('drop-in', shown(plugin.file)),
    line('program', programText(plugin)),
    line('takes', takesText(plugin)),
    ...(plugin.direction === 'in' ? [] : [line('queue', queueText(plugin)), line('records', recordsText(plugin))]),
    ...(plugin.droppedTotal === 0 ? [] : [line('dropped', droppedText(plugin, now, paint))]),
    ...(sent === null ? [] : [line('sent', countsText({ ...sent }))]),
    ...(commands === null ? [] : [line('commands', countsText({ ...commands }))]),
    line('restarts', countText(plugin.restarts)),
    ...(lastExit === null ? [] : [line('last exit', `${shown(lastExit.how)}, ${timeText(lastExit.at, now)}`)]),
    ...(lastStderr.length === 0 ? [] : [line('stderr', '')]),
    ...lastStderr.map((text) => `    ${shown(text)}\n`),
  ]
  return `${paint('bold', shown(name))}: ${life}${pid === null ? '' : `, pid ${pid}`}\n${lines.join('')}`
}

function aboutInvalid({ name, file, problems }: InvalidStatus, paint: Painter): string {
  const lines = problems.map((problem) => `    ${shown(problem)}\n`)
  const head = `${paint('bold', shown(name))}: ${paint('fail', 'invalid')}, its drop-in has mistakes and is not used\n`
  return `${head}${line('drop-in', shown(file))}${lines.join('')}`
}

function programText({ path, args, user }: PluginStatus): string {
  const asUser = user === null ? '' : `, as ${shown(user)}`
  return `${shown([path, ...args].join(' '), MAX_ARGUMENTS_CHARACTERS)}${asUser}`
}

function takesText({ direction, format, selector }: PluginStatus): string {
  if (direction === 'in') return `nothing: it sends records, format ${format}`
  const what = selector === '' ? 'everything' : shown(selector)
  return `${what}, format ${format}${direction === 'both' ? ', and sends records too' : ''}`
}

function queueText(plugin: PluginStatus): string {
  const { queued, depth, queuedBytes, depthBytes, overflow, lagMs } = plugin
  const held = `${countText(queued)} of ${countOf(depth, 'record')}, ${bytesText(queuedBytes)} of ${bytesText(depthBytes)}`
  return `${held}; ${lagMs === 0 ? 'nothing waits' : `the oldest for ${spanText(lagMs)}`}; when full: ${overflow}`
}

function recordsText({ in: all, delivered, filtered, droppedTotal, queued, balanced }: PluginStatus): string {
  const parts = [
    `${countText(delivered)} delivered`,
    `${countText(filtered)} filtered`,
    `${countText(droppedTotal)} dropped`,
    `${countText(queued)} queued`,
  ]
  return `${countOf(all, 'record')} in ${balanced ? '=' : 'but'} ${parts.join(' + ')}`
}

function droppedText({ dropped, lastLossAt }: PluginStatus, now: string, paint: Painter): string {
  const last = lastLossAt === null ? '' : `; the last ${timeText(lastLossAt, now)}`
  return `${paint('warn', countsText(dropped))}${last}`
}

function countsText(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([what, count]) => `${countText(count)} ${shown(what)}`)
    .join(', ')
}

function line(label: string, text: string): string {
  return `  ${label.padEnd(LABEL_CHARACTERS)} ${text}`.trimEnd() + '\n'
}
