import { below, type Goal } from '../goals.js'
import { range, thousands } from '../rate-table.js'
import { about, goalTable } from '../report.js'
import { RECORD_BYTES, RECORDS_IN_16_KIB } from '../stream.js'
import { table } from '../table.js'
import { NOBODY, TAP, TAP_STOPPED, TOP } from './lookers.js'
import { PACES, RECORDS_IN_A_BURST, type OperateResults, type OperateRow } from './measure.js'

/** Of the rate with nobody looking. */
const MAX_COST = 0.05
const JUDGED: ReadonlySet<string> = new Set([TOP, TAP, TAP_STOPPED])

const INTRO = [
  `Records of ${RECORD_BYTES} bytes, two string plugins; "${PACES[0]}": that many are offered, ${RECORDS_IN_A_BURST} a write; "${PACES[1]}": as fast as they are taken, ${RECORDS_IN_16_KIB} a write. CPU time is that of the dispatcher.`,
  'The shares are over the run of the same round at which nobody looked. "looker": CPU time of who looks, of one core; "seen": what part of the records it has',
  'been given (tap), or has looked at (top, the least of all its frames).',
  'The goals are about the steady pace, and about records: a tap of events, which puts them together, is only told.',
].join('\n')

export function operateReportOf(results: OperateResults): string {
  return [
    '# Looking on',
    about(results.machine, results.options),
    '## Goals',
    goalTable(judge(results)),
    '## What the stream pays',
    INTRO,
    rowTable(results),
  ].join('\n\n')
}

function judge({ rows }: OperateResults): Goal[] {
  return (
    rows
      // What the greatest rate leaves to others is in the table.
      .filter(({ pace, looker }) => pace === PACES[0] && JUDGED.has(looker))
      .map(({ pace, looker, jitless, rateShare }) =>
        below(
          `${looker}, ${pace}${jitless ? ', --jitless' : ''}: records/s less`,
          MAX_COST,
          1 - rateShare.median,
          (cost) => `${(cost * 100).toFixed(1)}%`,
        ),
      )
  )
}

function rowTable({ rows }: OperateResults): string {
  const head = [
    'pace',
    'Node',
    'who looks',
    'records/s',
    'from-to',
    'share',
    'CPU us/record',
    'share',
    'looker',
    'seen',
  ]
  return table(head, rows.map(cellsOf))
}

function cellsOf(row: OperateRow): string[] {
  const isAlone = row.looker === NOBODY
  return [
    row.pace,
    row.jitless ? '--jitless' : 'with JIT',
    row.looker,
    thousands(row.perSecond.median),
    range(row.perSecond, thousands),
    isAlone ? '' : row.rateShare.median.toFixed(3),
    row.cpuMicros.median.toFixed(2),
    isAlone ? '' : row.cpuShare.median.toFixed(2),
    isAlone ? '' : `${(row.lookerCpu * 100).toFixed(0)}%`,
    // Its sum does not know of what it never came to read.
    row.looker === TAP_STOPPED ? '' : row.seen,
  ]
}
