import type { DaemonStatus, NodeSerials, PluginStatus } from '../control/daemon-status.js'
import { columns } from './columns.js'
import { bytesText, countOf, countText, spanText } from './figures.js'
import type { HandOverAccount, HopAccount, KernelAccount, Loss } from './ledger-account.js'
import type { Painter } from './paint.js'
import { shown, timeText } from './status-text.js'

const MAX_NAME_CHARACTERS = 64
const MAX_RANGES_SHOWN = 8
const MAX_NODES_SHOWN = 20
const STREAM_CHARACTERS = 8
const PLUGIN_HEAD = [
  'PLUGIN',
  'IN',
  '= DELIVERED',
  '+ FILTERED',
  '+ DROPPED',
  '+ QUEUED',
  '',
  'DROPPED BY REASON',
] as const
const SERIAL_HEAD = ['NODE', 'FIRST', 'LAST', 'MISSING', 'PENDING', 'RESTARTS', 'MISSING SERIALS'] as const
const HOP_HEAD = [
  'HOP',
  'PEER',
  'STREAM',
  'TAKEN',
  '= ACKED',
  '+ WAITING',
  '',
  'DURABLE',
  'LAG',
  'LOST',
  'HOLES',
] as const

export interface Shown {
  readonly status: DaemonStatus
  readonly plugins: readonly PluginStatus[]
  /** Undefined where it could not be asked, and why. */
  readonly kernel: KernelAccount | undefined
  readonly kernelUnseen: string
  readonly hops: readonly HopAccount[]
  readonly handOvers: readonly HandOverAccount[]
  readonly losses: readonly Loss[]
  /** One plugin alone was asked for. */
  readonly isOne: boolean
}

/** What came in and what became of it, from the kernel to the last hop; then what was lost, by whom, and what to do. */
export function ledgerAsText(ledger: Shown, paint: Painter): string {
  const { isOne, losses } = ledger
  const parts = [
    `${headline(losses, paint)}${isOne ? '' : doorText(ledger)}`,
    ...(isOne ? [] : [serialsText(ledger.status, paint)]),
    pluginsText(ledger.plugins, paint),
    ...(isOne ? [] : [hopsText(ledger, paint)]),
    lossesText(losses, paint),
  ]
  return parts.filter((part) => part !== '').join('\n')
}

function headline(losses: readonly Loss[], paint: Painter): string {
  if (losses.length === 0) return `${paint('ok', 'nothing lost')}\n`
  const whose = [
    ...new Set(losses.map(({ by, name }) => (by === 'plugin' || by === 'remote' ? shown(name) : `the ${by}`))),
  ]
  return `${paint('fail', 'lost')}: by ${whose.join(', ')}\n`
}

function doorText({ status, kernel, kernelUnseen }: Shown): string {
  const { input, startedAt, now } = status
  const kernelLine =
    kernel === undefined
      ? `not asked: ${kernelUnseen}`
      : `lost ${countText(kernel.lost)} of its records, backlog ${kernel.backlog} of ${kernel.backlogLimit === 0 ? 'any' : kernel.backlogLimit}`
  const spoilt = input.damaged + input.torn + input.tooLong
  const skipped = `${countText(spoilt)} damaged, ${countOf(input.skippedBytes, 'byte')} skipped`
  return columns([
    ['since', timeText(startedAt, now)],
    ['kernel', kernelLine],
    ['door', `${countOf(input.records, 'record')} in ${bytesText(input.bytes)}, ${skipped}`],
  ])
}

function serialsText({ serials }: DaemonStatus, paint: Painter): string {
  if (serials === null || serials.nodes.length === 0) return ''
  // Whoever has lost something first.
  const nodes = serials.nodes.toSorted((a, b) => b.missing - a.missing)
  const rows = nodes.slice(0, MAX_NODES_SHOWN).map((node) => serialRow(node, paint))
  const more = nodes.length > MAX_NODES_SHOWN ? `and ${nodes.length - MAX_NODES_SHOWN} more nodes\n` : ''
  const untracked =
    serials.untracked === 0 ? '' : `${countOf(serials.untracked, 'record')} of nodes that there is no room to follow\n`
  return `${columns(rows, { head: SERIAL_HEAD, right: [1, 2, 3, 4, 5] })}${more}${untracked}`
}

function serialRow(node: NodeSerials, paint: Painter): string[] {
  const { missing } = node
  return [
    node.node === '' ? '(none)' : shown(node.node, MAX_NAME_CHARACTERS),
    String(node.first),
    String(node.last),
    missing === 0 ? '0' : paint('fail', countText(missing)),
    countText(node.pending),
    `${node.restarts}${node.strays === 0 ? '' : ` (+${countOf(node.strays, 'stray')})`}`,
    rangesText(node),
  ]
}

function rangesText({ ranges, missing }: NodeSerials): string {
  const some = ranges.slice(-MAX_RANGES_SHOWN)
  const told = some.reduce((sum, [from, to]) => sum + ((to - from) >>> 0) + 1, 0)
  const names = some.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`))
  return [...(missing > told ? [`${countText(missing - told)} others`] : []), ...names].join(', ')
}

function pluginsText(plugins: readonly PluginStatus[], paint: Painter): string {
  if (plugins.length === 0) return ''
  const rows = plugins.map((plugin) => [
    shown(plugin.name, MAX_NAME_CHARACTERS),
    countText(plugin.in),
    countText(plugin.delivered),
    countText(plugin.filtered),
    plugin.droppedTotal === 0 ? '0' : paint('fail', countText(plugin.droppedTotal)),
    countText(plugin.queued),
    balanceText(plugin.balanced, paint),
    Object.entries(plugin.dropped)
      .map(([reason, count]) => `${shown(reason)} ${countText(count)}`)
      .join(', '),
  ])
  return columns(rows, { head: PLUGIN_HEAD, right: [1, 2, 3, 4, 5] })
}

function hopsText({ hops, handOvers }: Shown, paint: Painter): string {
  const rows = [
    ...hops.map((hop) => [
      `${hop.program} ${shown(hop.dir, MAX_NAME_CHARACTERS)}`,
      hop.principal === '' ? '-' : shown(hop.principal, MAX_NAME_CHARACTERS),
      shown(hop.stream).slice(0, STREAM_CHARACTERS),
      countText(hop.taken),
      countText(hop.acked),
      countText(hop.waiting),
      balanceText(hop.balanced, paint),
      countText(hop.durable),
      hop.lagMs === 0 ? '-' : spanText(hop.lagMs),
      hop.losses === 0 ? '0' : paint('fail', countText(hop.losses)),
      hop.holes === 0 ? '0' : paint('fail', countText(hop.holes)),
    ]),
    ...handOvers.map(({ dir, taken, acked, waiting }) => [
      `${shown(dir, MAX_NAME_CHARACTERS)} to audispd`,
      '-',
      '-',
      countText(taken),
      countText(acked),
      countText(waiting),
      balanceText(waiting >= 0, paint),
      countText(taken),
      '-',
      '0',
      '0',
    ]),
  ]
  return rows.length === 0 ? '' : columns(rows, { head: HOP_HEAD, right: [3, 4, 5, 7, 8, 9, 10] })
}

function balanceText(balanced: boolean, paint: Painter): string {
  return balanced ? paint('ok', 'balances') : paint('fail', 'DOES NOT BALANCE')
}

function lossesText(losses: readonly Loss[], paint: Painter): string {
  return losses
    .map(({ by, name, what, mend }) => {
      const whose = name === '' ? by : `${by} ${shown(name)}`
      return `${paint('fail', 'lost')}  ${whose}: ${shown(what)}\n      ${paint('dim', shown(mend))}\n`
    })
    .join('')
}
