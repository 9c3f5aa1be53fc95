import { NOTHING } from './delays.js'
import { judge, type Goal } from './goals.js'
import type { Machine } from './machine.js'
import type { Options } from './options.js'
import { range, rateTable } from './rate-table.js'
import type { Results } from './results.js'
import { RECORD_BYTES } from './stream.js'
import { table } from './table.js'

const RATES_INTRO = [
  `Records of ${RECORD_BYTES} bytes. "from-to": the slowest and the fastest run. The last columns are ratios: the row's rate, and its CPU time, over those of`,
  'tee and of every --peer with as many plugins on the same bytes in the same rounds, and the rate over that of audispd 2.8.5, a figure taken elsewhere.',
].join('\n')

/** All results as text: Markdown that reads well on a terminal too. */
export function reportOf(results: Results): string {
  return [
    '# Dispatching',
    about(results.machine, results.options),
    '## Goals',
    goalTable(judge(results)),
    '## Rate and CPU time',
    RATES_INTRO,
    rateTable(results.rates),
    '## Delay of a single record, in microseconds',
    delays(results),
    '## Peak memory and start',
    memory(results),
    starts(results),
  ].join('\n\n')
}

export function about(machine: Machine, { rounds, millis, isQuick }: Options): string {
  const load = (loads: readonly number[]): string => loads.join(', ')
  return [
    `${machine.date}; ${machine.cores} cores of ${machine.processor}, ${machine.memoryGib} GiB; ${machine.system}, kernel ${machine.kernel}; Node ${machine.node}; ${machine.tee}.`,
    `Load average before: ${load(machine.loadBefore)}; after: ${load(machine.loadAfter)} (the measurement itself is in it).`,
    `Producer: ${machine.producer}. Medians of ${rounds} runs of ${millis} ms${isQuick ? ' (--quick: a look, no more)' : ''}; what is measured and how: docs/bench.md.`,
  ].join('\n')
}

export function goalTable(goals: readonly Goal[]): string {
  const rows = goals.map(({ what, goal, measured, verdict }) => [what, goal, measured, verdict])
  return table(['what', 'goal', 'measured', ''], rows)
}

function delays({ delays: rows }: Results): string {
  const floor = rows.find(({ subject }) => subject === NOTHING)
  const body = rows.map((row) => [
    row.subject,
    String(row.samples),
    row.medianMicros.toFixed(0),
    row.p99Micros.toFixed(0),
    row.mostMicros.toFixed(0),
    floor === undefined ? '' : (row.medianMicros - floor.medianMicros).toFixed(0),
  ])
  return table(['', 'samples', 'median', 'p99', 'longest', 'median above nothing'], body)
}

function memory({ memory: rushes, delays: paced }: Results): string {
  const mb = (kib: number): string => ((kib * 1024) / 1e6).toFixed(0)
  const rows = rushes.map(({ subject, peakKib, mostQueued }) => {
    const steady = paced.find((row) => row.subject === subject)?.peakKib
    return [subject, mb(peakKib), String(mostQueued), steady === undefined ? '' : mb(steady)]
  })
  return table(['', 'MB, full speed', 'most records in a queue', 'MB, 1,000 records/s'], rows)
}

function starts({ starts: rows }: Results): string {
  const body = rows.map(({ subject, millis }) => [
    subject,
    millis.median.toFixed(0),
    range(millis, (ms) => ms.toFixed(0)),
  ])
  return table(['', 'ms from spawn to first record', 'from-to'], body)
}
