import { AUDISPD_2_8_5 } from './goals.js'
import { plot, type Bar, type Panel } from './plot.js'
import { AUDISPD_JITLESS } from './rate-cases.js'
import { thousands } from './rate-table.js'
import type { RateRow } from './rates.js'
import type { Rate } from './results.js'
import { RECORDS_IN_16_KIB } from './stream.js'

const RATE_TITLE = 'Records a second, one record a write (longer is better)'
const CPU_TITLE = 'CPU microseconds a record, 16 KiB writes (shorter is better)'
const ELSEWHERE = 'audispd 2.8.5 (elsewhere)'

interface Figure {
  readonly value: number
  readonly text: string
}

/** The rates one record a write, where waking up costs most, and the CPU time with large writes, where the work itself does. */
export function ratePlot(rates: readonly RateRow[]): string {
  return plot([
    panelOf(rates, 1, RATE_TITLE, ({ perSecond }) => count(perSecond.median), oldRates),
    panelOf(
      rates,
      RECORDS_IN_16_KIB,
      CPU_TITLE,
      ({ cpuMicros }) => micros(cpuMicros.median),
      () => [],
    ),
  ])
}

function panelOf(
  rates: readonly RateRow[],
  recordsAWrite: number,
  title: string,
  figureOf: (rate: Rate) => Figure,
  others: (plugins: number) => Bar[],
): Panel {
  const rows = rates.filter((row) => row.recordsAWrite === recordsAWrite)
  const counts = [...new Set(rows.map(({ plugins }) => plugins))]
  const groups = counts.map((plugins) => {
    const bars = rows.filter((row) => row.plugins === plugins).map((row) => barOf(row, figureOf))
    return { title: plugins === 1 ? '1 plugin' : `${plugins} plugins`, bars: [...bars, ...others(plugins)] }
  })
  return { title, groups }
}

function barOf({ side, subject, formats, result }: RateRow, figureOf: (rate: Rate) => Figure): Bar {
  const tone = subject === AUDISPD_JITLESS ? 'ours-jitless' : side
  const label = side === 'limit' ? subject : `${subject} ${formats}`
  return { label, tone, ...(result.kind === 'rate' ? figureOf(result) : { value: 0, text: result.kind }) }
}

function oldRates(plugins: number): Bar[] {
  const old = plugins === 4 ? AUDISPD_2_8_5.with4 : plugins === 8 ? AUDISPD_2_8_5.with8 : undefined
  return old === undefined ? [] : [{ label: ELSEWHERE, tone: 'peer', ...count(old.perSecond) }]
}

function count(perSecond: number): Figure {
  return { value: perSecond, text: thousands(perSecond) }
}

function micros(us: number): Figure {
  return { value: us, text: us.toFixed(2) }
}
