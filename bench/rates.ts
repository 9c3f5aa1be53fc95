// Records a second and CPU time a record. Everything that is compared stands side by side in one round, and there are
// several rounds, so that whatever else the machine does meets all of them alike.

import { feed, type FeedOutcome } from './feed.js'
import type { Options } from './options.js'
import type { RateCase, RateSubject } from './rate-cases.js'
import { spreadOf, type Spread } from './statistics.js'
import type { Workshop } from './workshop.js'

export type RateResult =
  | {
      readonly kind: 'rate'
      readonly perSecond: Spread
      readonly cpuMicros: Spread
      /** False where nothing is known of what arrived. */
      readonly isChecked: boolean
    }
  | { readonly kind: 'lost'; readonly lost: number; readonly of: number }
  | { readonly kind: 'failed'; readonly reason: string }

/** What a row of results is about, and what was measured. */
export type Measured<Subject> = Subject & { readonly result: RateResult }

export type RateRow = Measured<RateSubject>

export async function measureRates<Subject extends { readonly recordsAWrite: number }>(
  workshop: Workshop,
  cases: readonly RateCase<Subject>[],
  options: Options,
  onRound: (round: number) => void,
): Promise<Measured<Subject>[]> {
  const { programs } = workshop
  const { millis, warmUpMillis } = options
  const outcomes = cases.map((): FeedOutcome[] => [])
  for (let round = 1; round <= options.rounds; round++) {
    onRound(round)
    for (const [index, { row, open, streamPath = workshop.streamPath }] of cases.entries()) {
      const plan = { streamPath, recordsAWrite: row.recordsAWrite, warmUpMillis, millis }
      outcomes[index]?.push(await feed(programs.producer, plan, open(workshop.newDir())))
    }
  }
  return cases.map(({ row }, index) => ({ ...row, result: resultOf(outcomes[index] ?? []) }))
}

/** One run that lost records, or did not come to its end, is what is told: the rate of the others would flatter. */
function resultOf(outcomes: readonly FeedOutcome[]): RateResult {
  const results = []
  for (const outcome of outcomes) {
    if (outcome.kind === 'failed') return outcome
    const { arrival } = outcome.result
    if (arrival.kind === 'lost') return arrival
    results.push(outcome.result)
  }
  return {
    kind: 'rate',
    perSecond: spreadOf(results.map(({ records, ns }) => (records * 1e9) / ns)),
    cpuMicros: spreadOf(results.map(({ records, cpuNs }) => cpuNs / 1e3 / records)),
    isChecked: results.every(({ arrival }) => arrival.kind === 'whole'),
  }
}
