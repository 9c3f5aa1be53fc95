import type { InputRow } from './input-plugin.js'
import type { Machine } from './machine.js'
import type { Options } from './options.js'
import type { ProtocolSubject } from './protocol-cases.js'
import type { Measured } from './rates.js'
import type { Rate } from './results.js'

export type ProtocolRow = Measured<ProtocolSubject>

/** What was found about plugins of the line protocol. */
export interface ProtocolResults {
  readonly machine: Machine
  readonly options: Options
  readonly keepUp: readonly ProtocolRow[]
  readonly selectors: readonly ProtocolRow[]
  readonly input: readonly InputRow[]
}

/** What `subject` did where everything else was as in `row`, if it has become a rate. */
export function besideOf(rows: readonly ProtocolRow[], row: ProtocolSubject, subject: string): Rate | undefined {
  const beside = rows.find(
    (one) => one.subject === subject && one.recordsAWrite === row.recordsAWrite && one.jitless === row.jitless,
  )
  return beside?.result.kind === 'rate' ? beside.result : undefined
}
