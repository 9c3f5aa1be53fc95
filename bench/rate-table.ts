import { AUDISPD_2_8_5 } from './goals.js'
import { TEE } from './rate-cases.js'
import type { RateResult, RateRow } from './rates.js'
import { rateOf, type Rate } from './results.js'
import type { Spread } from './statistics.js'
import { table } from './table.js'

const HEAD = ['plugins', 'records a write', 'dispatcher', 'formats', 'records/s', 'from-to', 'CPU us/record', 'from-to']

/** Every rate beside what it is compared with. */
export function rateTable(rows: readonly RateRow[]): string {
  const peers = [...new Set(rows.filter(({ side }) => side === 'peer').map(({ subject }) => subject))]
  const ratios = ['rate, CPU / tee', 'rate / 2.8.5', ...peers.map((name) => `rate, CPU / ${name}`)]
  return table(
    [...HEAD, ...ratios],
    rows.map((row) => cellsOf(row, rows, peers)),
  )
}

export function range({ least, most }: Spread, show: (value: number) => string): string {
  return `${show(least)}-${show(most)}`
}

export function thousands(value: number): string {
  return Math.round(value).toLocaleString('en')
}

function cellsOf(row: RateRow, rows: readonly RateRow[], peers: readonly string[]): string[] {
  const { plugins, recordsAWrite, subject, formats, result } = row
  const head = [String(plugins), String(recordsAWrite), subject, formats]
  switch (result.kind) {
    case 'rate': {
      const rate = [thousands(result.perSecond.median), range(result.perSecond, thousands)]
      const cpu = [result.cpuMicros.median.toFixed(2), range(result.cpuMicros, (us) => us.toFixed(2))]
      return [...head, ...rate, ...cpu, against(TEE, row, rows, result), timesOld(row, result)].concat(
        peers.map((name) => against(name, row, rows, result)),
      )
    }
    case 'lost':
    case 'failed':
      return [...head, whyNoRate(result)]
    default:
      return result satisfies never
  }
}

/** What stands in the place of a rate. */
export function whyNoRate(result: Exclude<RateResult, Rate>): string {
  if (result.kind === 'failed') return `- failed: ${result.reason.slice(0, 60)}`
  return `- lost ${thousands(result.lost)} of ${thousands(result.of)}`
}

/** As a multiple of what `name` did with the same formats, or with the only ones that it has. */
function against(name: string, row: RateRow, rows: readonly RateRow[], { perSecond, cpuMicros }: Rate): string {
  const { plugins, recordsAWrite, subject, formats } = row
  if (subject === name) return ''
  const base = [formats, 'bytes' as const, 'own' as const]
    .map((those) => rateOf(rows, plugins, recordsAWrite, name, those))
    .find((rate) => rate !== undefined)
  if (base === undefined) return ''
  const times = perSecond.median / base.perSecond.median
  return `${times.toFixed(2)}x, ${(cpuMicros.median / base.cpuMicros.median).toFixed(2)}x`
}

/** How many times what audispd 2.8.5 did, where there is a figure of it. */
function timesOld({ plugins, recordsAWrite, formats }: RateRow, { perSecond }: Rate): string {
  if (recordsAWrite !== 1 || formats !== 'string') return ''
  const base = plugins === 4 ? AUDISPD_2_8_5.with4 : plugins === 8 ? AUDISPD_2_8_5.with8 : undefined
  return base === undefined ? '' : `${(perSecond.median / base.perSecond).toFixed(1)}x`
}
