import type { Goal } from '../goals.js'
import { range, thousands } from '../rate-table.js'
import { about, goalTable } from '../report.js'
import { table } from '../table.js'
import { ENGINE, PROGRAM, type FilterResults, type FilterRow } from './measure.js'

const MIN_ENGINE = 600_000
const MIN_PROGRAM = 200_000

const INTRO = [
  'None of the rules matches, so each record has to pass all of them. "alone": records in memory, one process. "lines in, by event": from the start of the',
  "program to its end, records on its standard input as auditd writes them, put together into events. grep's time is from its start to its end, too. The last",
  'columns are ratios of rates within the same rounds.',
].join('\n')

/** All results as text: Markdown that reads well on a terminal too. */
export function filterReportOf(results: FilterResults): string {
  const { machine, options, rules, records, bytesARecord, rows } = results
  return [
    '# The filter',
    about(machine, options),
    '## Goals',
    goalTable([goal(rows, ENGINE, MIN_ENGINE), goal(rows, PROGRAM, MIN_PROGRAM)]),
    `## ${rules} rules`,
    `${thousands(records)} recorded records of ${bytesARecord} bytes. ${INTRO}`,
    table(
      ['', 'records/s', 'from-to', 'rate / grep -F', 'from-to'],
      rows.map(({ subject, rate, overGrep }) => [
        subject,
        thousands(rate.median),
        range(rate, thousands),
        `${overGrep.median.toFixed(3)}x`,
        range(overGrep, (ratio) => ratio.toFixed(3)),
      ]),
    ),
  ].join('\n\n')
}

function goal(rows: readonly FilterRow[], wanted: string, least: number): Goal {
  const measured = rows.find(({ subject }) => subject === wanted)?.rate.median ?? 0
  return {
    what: `${wanted}: records/s`,
    goal: `>= ${thousands(least)}`,
    measured: thousands(measured),
    verdict: measured >= least ? 'pass' : 'FAIL',
  }
}
