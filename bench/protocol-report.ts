import { ONE, PROTOCOL, STRING_C, STRING_NODE, type ProtocolSubject } from './protocol-cases.js'
import { judgeProtocol } from './protocol-goals.js'
import { besideOf, type ProtocolResults, type ProtocolRow } from './protocol-results.js'
import { range, thousands, whyNoRate } from './rate-table.js'
import { about, goalTable } from './report.js'
import type { Rate } from './results.js'
import { RECORD_BYTES, RECORDS_IN_64_KIB } from './stream.js'
import { table } from './table.js'

const HEAD = ['records a write', 'Node', 'plugins', 'records/s', 'from-to', 'CPU us/record', 'from-to']

const KEEP_UP_INTRO = [
  `Records of ${RECORD_BYTES} bytes; ${RECORDS_IN_64_KIB} in a write are nearly 64 KiB. "records/s": acknowledged, or counted by the string plugin; where any was lost, that is told`,
  'instead. CPU time is that of the dispatcher, without the plugins. The last columns are ratios, in the same rounds: the rate over that of the string plugin',
  'in C and of the one in Node, which is the fair peer of a plugin written with the SDK.',
].join('\n')

const SELECTORS_INTRO = [
  'Records of several types, as one execve after the other makes them. "1, everything": no selector; "4, apart": type=SYSCALL, type=PATH,',
  '!type=SYSCALL,PATH and source=auditd type=EOE,PROCTITLE; "4, overlapping": four selectors that each want nearly every record. The last column is the ratio of',
  "the dispatcher's CPU time a record to that with one plugin.",
].join('\n')

const INPUT_INTRO = [
  'No auditd: a plugin with direction = in sends records, another acknowledges them. "settled": sent, delivered, acknowledged and settled, all of them. The last column',
  'is the ratio to the rate at which the same acknowledging plugin got records from stdin in large writes, above.',
].join('\n')

/** All results about the line protocol as text. */
export function protocolReportOf(results: ProtocolResults): string {
  return [
    '# The line protocol',
    about(results.machine, results.options),
    '## Goals',
    goalTable(judgeProtocol(results)),
    '## Keeping up with a string plugin',
    KEEP_UP_INTRO,
    keepUpTable(results),
    '## Selectors',
    SELECTORS_INTRO,
    selectorTable(results),
    '## Records from an input plugin',
    INPUT_INTRO,
    inputTable(results),
  ].join('\n\n')
}

function keepUpTable({ keepUp }: ProtocolResults): string {
  const share = (row: ProtocolRow, { perSecond }: Rate, peer: string): string =>
    row.subject === peer ? '' : times(perSecond.median, besideOf(keepUp, row, peer)?.perSecond.median)
  const rows = keepUp.map((row) =>
    cellsOf(row, (rate) => [share(row, rate, STRING_C), row.subject === STRING_C ? '' : share(row, rate, STRING_NODE)]),
  )
  return table([...HEAD, `rate / ${STRING_C}`, `rate / ${STRING_NODE}`], rows)
}

function selectorTable({ selectors }: ProtocolResults): string {
  const rows = selectors.map((row) =>
    cellsOf(row, ({ cpuMicros }) =>
      row.subject === ONE ? [''] : [times(cpuMicros.median, besideOf(selectors, row, ONE)?.cpuMicros.median)],
    ),
  )
  return table([...HEAD, 'CPU / that of 1'], rows)
}

function inputTable({ input, keepUp }: ProtocolResults): string {
  const rows = input.map(({ jitless, records, perSecond, cpuMicros, peakKib }) => {
    const fed = besideOf(keepUp, { recordsAWrite: RECORDS_IN_64_KIB, jitless, subject: PROTOCOL }, PROTOCOL)
    const megabytes = ((peakKib * 1024) / 1e6).toFixed(0)
    const figures = [thousands(perSecond), cpuMicros.toFixed(2), megabytes, times(perSecond, fed?.perSecond.median)]
    return [nodeOf(jitless), thousands(records), ...figures]
  })
  return table(['Node', 'settled', 'records/s', 'CPU us/record', 'peak MB', 'rate / from stdin'], rows)
}

function cellsOf(row: ProtocolRow, ratios: (rate: Rate) => readonly string[]): string[] {
  const { recordsAWrite, jitless, subject, result } = row
  const head = [String(recordsAWrite), nodeOf(jitless), subject]
  if (result.kind !== 'rate') return [...head, whyNoRate(result)]
  const rate = [thousands(result.perSecond.median), range(result.perSecond, thousands)]
  const cpu = [result.cpuMicros.median.toFixed(2), range(result.cpuMicros, (us) => us.toFixed(2))]
  return [...head, ...rate, ...cpu, ...ratios(result)]
}

function nodeOf(jitless: ProtocolSubject['jitless']): string {
  return jitless ? '--jitless' : 'with JIT'
}

function times(value: number, base: number | undefined): string {
  return base === undefined ? '' : `${(value / base).toFixed(2)}x`
}
