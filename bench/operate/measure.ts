// What it costs the stream that somebody looks at it: at 100,000 records a second, and as fast as they are taken. Everything that
// is compared stands side by side in each round, and the ratios are those of a round.

import { audispd } from '../audispd.js'
import { CAT } from '../consumer.js'
import { feed, type FeedResult } from '../feed.js'
import { loads, lookAtMachine, type Machine } from '../machine.js'
import type { Options } from '../options.js'
import { spreadOf, type Spread } from '../statistics.js'
import { RECORDS_IN_16_KIB } from '../stream.js'
import type { Workshop } from '../workshop.js'
import { LOOKERS, lookedAt, NOBODY, type Looked, type Looker } from './lookers.js'

export const OFFERED = 100_000
/** One a write comes to no such rate: at a steady pace the reader sleeps, and each write has to wake it. */
export const RECORDS_IN_A_BURST = 20
/** Before the clock runs, whoever looks has started and sees records. */
const WARM_UP_MILLIS = 2500
/** So much longer than other rates are measured: a frame of top takes a second. */
const RUN_TIMES = 8

export const PACES = ['100,000/s', 'greatest'] as const
export type PaceName = (typeof PACES)[number]

export interface OperateRow {
  readonly pace: PaceName
  readonly looker: Looker
  readonly jitless: boolean
  readonly perSecond: Spread
  readonly cpuMicros: Spread
  /** Over those with nobody looking, of each round. */
  readonly rateShare: Spread
  readonly cpuShare: Spread
  readonly lookerCpu: number
  readonly seen: string
}

export interface OperateResults {
  readonly machine: Machine
  readonly options: Options
  readonly rows: readonly OperateRow[]
}

interface Run {
  readonly perSecond: number
  readonly cpuMicros: number
  readonly looked: Looked | undefined
}

export async function measureOperate(
  workshop: Workshop,
  options: Options,
  say: (text: string) => void,
): Promise<OperateResults> {
  const machine = lookAtMachine(workshop.programs.description)
  const rows: OperateRow[] = []
  for (const jitless of [false, true]) {
    for (const pace of PACES) {
      const runs = LOOKERS.map((): Run[] => [])
      for (let round = 1; round <= options.rounds; round++) {
        say(`${pace}${jitless ? ', --jitless' : ''}, round ${round} of ${options.rounds}`)
        // Each round begins with another one, so that nobody always comes after the same.
        for (let step = 0; step < LOOKERS.length; step++) {
          const index = (step + round) % LOOKERS.length
          runs[index]?.push(await runOnce(workshop, options, pace, jitless, LOOKERS[index] ?? NOBODY))
        }
      }
      const alone = runs[LOOKERS.indexOf(NOBODY)] ?? []
      rows.push(...LOOKERS.map((looker, index) => rowOf(pace, looker, jitless, runs[index] ?? [], alone)))
    }
  }
  const longer = { ...options, millis: options.millis * RUN_TIMES, warmUpMillis: WARM_UP_MILLIS }
  return { machine: { ...machine, loadAfter: loads() }, options: longer, rows }
}

async function runOnce(
  workshop: Workshop,
  options: Options,
  pace: PaceName,
  jitless: boolean,
  looker: Looker,
): Promise<Run> {
  const dir = workshop.newDir()
  const isPaced = pace !== 'greatest'
  // They do nothing but read, so that the stream is all that is measured.
  const plugins = [CAT, CAT].map((program) => ({ program, format: 'string' }) as const)
  let looked: Looked | undefined
  const consumer = lookedAt(audispd({ dir, jitless, plugins }), looker, dir, (found) => (looked = found))
  const plan = {
    streamPath: workshop.streamPath,
    recordsAWrite: isPaced ? RECORDS_IN_A_BURST : RECORDS_IN_16_KIB,
    warmUpMillis: WARM_UP_MILLIS,
    millis: options.millis * RUN_TIMES,
    ...(isPaced ? { recordsASecond: OFFERED } : {}),
  }
  const outcome = await feed(workshop.programs.producer, plan, consumer)
  if (outcome.kind === 'failed') throw new Error(`${looker}: ${outcome.reason}`)
  const { result } = outcome
  if (result.arrival.kind !== 'whole') throw new Error(`${looker}: plugins have lost records`)
  return { ...figuresOf(result), looked }
}

function figuresOf({ records, ns, cpuNs }: FeedResult): Pick<Run, 'perSecond' | 'cpuMicros'> {
  return { perSecond: (records * 1e9) / ns, cpuMicros: cpuNs / 1e3 / records }
}

function rowOf(
  pace: PaceName,
  looker: Looker,
  jitless: boolean,
  runs: readonly Run[],
  alone: readonly Run[],
): OperateRow {
  const over = (of: (run: Run) => number): Spread =>
    spreadOf(
      runs.map((run, round) => {
        const base = alone[round]
        return base === undefined ? Number.NaN : of(run) / of(base)
      }),
    )
  const lookers = runs.flatMap(({ looked }) => looked ?? [])
  return {
    pace,
    looker,
    jitless,
    perSecond: spreadOf(runs.map(({ perSecond }) => perSecond)),
    cpuMicros: spreadOf(runs.map(({ cpuMicros }) => cpuMicros)),
    rateShare: over(({ perSecond }) => perSecond),
    cpuShare: over(({ cpuMicros }) => cpuMicros),
    lookerCpu: lookers.length === 0 ? 0 : spreadOf(lookers.map(({ cpuShare }) => cpuShare)).median,
    seen: lookers.at(-1)?.seen ?? '',
  }
}
