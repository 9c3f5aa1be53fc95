import type { DelayRow } from './delays.js'
import type { Machine } from './machine.js'
import type { MemoryRow } from './memory.js'
import type { Options } from './options.js'
import type { Formats } from './rate-cases.js'
import type { RateResult, RateRow } from './rates.js'
import type { StartRow } from './starts.js'

/** Everything that one `npm run bench` has found. */
export interface Results {
  readonly machine: Machine
  readonly options: Options
  readonly rates: readonly RateRow[]
  readonly delays: readonly DelayRow[]
  readonly memory: readonly MemoryRow[]
  readonly starts: readonly StartRow[]
}

export type Rate = Extract<RateResult, { kind: 'rate' }>

/** The rate measured for exactly this, if it has become one. */
export function rateOf(
  rates: readonly RateRow[],
  plugins: number,
  recordsAWrite: number,
  subject: string,
  formats: Formats,
): Rate | undefined {
  const row = rates.find(
    (one) =>
      one.plugins === plugins &&
      one.recordsAWrite === recordsAWrite &&
      one.subject === subject &&
      one.formats === formats,
  )
  return row?.result.kind === 'rate' ? row.result : undefined
}
