// One frame of `top`: who is there and how it fares, what is wrong, and who makes the noise. As many lines as there is room for,
// none wider than the terminal. Names come from records: only what takes one place and does nothing is shown as it is.

import { columns } from '../columns.js'
import { bytesText, countOf, countText, rateText, spanText } from '../figures.js'
import type { Painter } from '../paint.js'
import type { TableName } from './census.js'
import type { NoiseRow, PluginRow, TopReport } from './report.js'

export const SORTS = ['name', 'in', 'queue', 'lag', 'drops'] as const
export type Sort = (typeof SORTS)[number]

export interface FrameWish {
  readonly sort: Sort
  readonly table: TableName
  readonly columns: number
  readonly rows: number
  /** What the keys do stands in the last line. */
  readonly hasKeys: boolean
}

const PLUGIN_HEAD = ['PLUGIN', 'STATE', 'IN', 'OUT', 'QUEUED', 'LAG', 'DROPPED', 'DROPS', 'RESTARTS'] as const
const PLUGIN_RIGHT = [2, 3, 4, 5, 6, 7, 8] as const
const TITLES = { key: 'KEY', exe: 'PROGRAM', auid: 'LOGIN USER', type: 'TYPE' } as const satisfies Record<
  TableName,
  string
>
const MAX_NAME_CHARACTERS = 200
/** Letters of one place each; whatever else there is would move the columns, or do worse. */
const UNSURE = /[^\x20-\x7e\u00a1-\u00ac\u00ae-\u02af\u0391-\u03ff\u0400-\u0481\u048a-\u052f]/gu
/** Lines of findings. */
const MOST_FINDINGS = 3
/** The least that is left for the noise: its title, its head and some rows. */
const NOISE_LINES = 6
const KEYS = 'q quit   k key   e program   a user   t type   s sort'

export function frameText(report: TopReport, wish: FrameWish, paint: Painter): string[] {
  const cut = (line: string): string => (line.length > wish.columns ? line.slice(0, wish.columns) : line)
  const foot = wish.hasKeys ? [paint('dim', cut(`${KEYS}: ${wish.sort}`))] : []
  const top = [
    ...headLines(report)
      .map(cut)
      .map((line, at) => (at === 0 ? paint('bold', line) : line)),
    '',
  ]
  const findings = findingLines(report, cut, paint)
  const room = wish.rows - top.length - foot.length - findings.length
  const plugins = pluginLines(report, wish.sort, Math.max(3, room - NOISE_LINES), cut, paint)
  const left = wish.rows - foot.length - top.length - plugins.length - findings.length - 1
  const body = [...top, ...plugins, ...findings, '']
  const all = [...body, ...noiseLines(report, wish.table, left, cut, paint)].slice(0, wish.rows - foot.length)
  return [...all, ...foot]
}

function headLines(report: TopReport): string[] {
  const { version, node, phase, upMs, now, pid, recordsPerSecond, bytesPerSecond, records, format } = report
  const where = node === '' ? '' : ` on ${name(node)}`
  const came = `in ${rateText(recordsPerSecond)}, ${bytesText(bytesPerSecond)}/s`
  return [
    `audispd ${name(version)}${where}, pid ${pid}, ${phase}, up ${spanText(upMs)}, ${name(now)}`,
    `${came}, ${countOf(records, 'record')} since it started, input ${name(format)}`,
  ]
}

function findingLines({ findings }: TopReport, cut: (line: string) => string, paint: Painter): string[] {
  const shown = findings.slice(0, MOST_FINDINGS).map(({ level, plugin, what, mend }) => {
    const whose = plugin === '' ? '' : `${name(plugin)}: `
    return paint(level, cut(`${level}  ${whose}${name(what)}  (${name(mend)})`))
  })
  const more = findings.length - shown.length
  return shown.length === 0 ? [] : ['', ...shown, ...(more > 0 ? [cut(`and ${more} more: audispctl status`)] : [])]
}

function pluginLines(
  { plugins }: TopReport,
  sort: Sort,
  most: number,
  cut: (line: string) => string,
  paint: Painter,
): string[] {
  const sorted = plugins.toSorted(COMPARE[sort])
  const shown = sorted.length <= most - 1 ? sorted : sorted.slice(0, Math.max(1, most - 2))
  const cells = shown.map((plugin) => [
    name(plugin.name),
    plugin.state,
    rateText(plugin.inPerSecond),
    rateText(plugin.deliveredPerSecond),
    countText(plugin.queued),
    plugin.lagMs === 0 ? '-' : spanText(plugin.lagMs),
    countText(plugin.dropped),
    plugin.droppedPerSecond === 0 ? '-' : rateText(plugin.droppedPerSecond),
    countText(plugin.restarts),
  ])
  const [head = '', ...lines] = linesOf(cells, PLUGIN_HEAD, PLUGIN_RIGHT)
  const painted = lines.map((line, at) => {
    const level = shown[at]?.level ?? 'ok'
    return level === 'ok' ? cut(line) : paint(level, cut(line))
  })
  const more = sorted.length - shown.length
  return [paint('dim', cut(head)), ...painted, ...(more > 0 ? [cut(`and ${more} more`)] : [])]
}

function noiseLines(
  { noise, sample }: TopReport,
  table: TableName,
  most: number,
  cut: (line: string) => string,
  paint: Painter,
): string[] {
  if (sample === null)
    return [cut('who makes the noise: records are not for members of control_group, nor for too many at once')]
  const seen = `${percent(sample.part)} of the records looked at`
  const cells = noise[table]
    .slice(0, Math.max(0, most - 2))
    .map(({ name: who, perSecond, share }: NoiseRow) => [rateText(perSecond), percent(share), name(who)])
  const [head = '', ...lines] = linesOf(cells, ['RECORDS', 'SHARE', TITLES[table]], [0, 1])
  return [cut(`who makes the noise (${seen})`), paint('dim', cut(head)), ...lines.map(cut)]
}

function linesOf(rows: readonly (readonly string[])[], head: readonly string[], right: readonly number[]): string[] {
  return columns(rows, { head, right }).split('\n').slice(0, -1)
}

const COMPARE: Readonly<Record<Sort, (one: PluginRow, other: PluginRow) => number>> = {
  name: () => 0,
  in: (one, other) => other.inPerSecond - one.inPerSecond,
  queue: (one, other) => other.queued - one.queued,
  lag: (one, other) => other.lagMs - one.lagMs,
  drops: (one, other) => other.droppedPerSecond - one.droppedPerSecond || other.dropped - one.dropped,
}

function percent(part: number): string {
  if (part > 0 && part < 0.01) return '<1%'
  return `${Math.round(part * 100)}%`
}

function name(text: string): string {
  const shown = text.slice(0, MAX_NAME_CHARACTERS)
  return shown.replaceAll(UNSURE, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`)
}
