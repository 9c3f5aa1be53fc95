import { NOTHING } from './delays.js'
import { FAST } from './programs.js'
import { AUDISPD, AUDISPD_JITLESS, TEE } from './rate-cases.js'
import { rateOf, type Results } from './results.js'
import { RECORDS_IN_16_KIB } from './stream.js'

// Figures of the C audispd of audit 2.8.5, measured on two cores with string plugins and one record of 250 bytes a write.
// They are constants because current distributions do not ship it (Debian 12 does not), so it cannot run beside; where it
// can, --peer measures it.
export const AUDISPD_2_8_5 = {
  with4: { perSecond: 32_000, cpuMicros: 22 },
  /** It was seen between 17,000 and 23,000. */
  with8: { perSecond: 20_000 },
} as const

const MAX_CPU_MICROS = 2
const MAX_TEE_CPUS = 2
const MAX_P99_MICROS = 2000
export const MAX_PEAK_KIB = 120_000_000 / 1024
const MAX_START_MILLIS = 500
/** More than this seen waiting, some 1 MiB of lines, and the queues were not empty. */
const MAX_QUEUED = 5000

export interface Goal {
  readonly what: string
  readonly goal: string
  readonly measured: string
  readonly verdict: 'pass' | 'FAIL' | 'not judged'
}

export function judge(results: Results): Goal[] {
  const timed = [...judgeRates(results), ...judgeDelays(results), ...judgeStarts(results)]
  return [...(results.machine.producer === FAST ? timed : timed.map(leniently)), ...judgeMemory(results)]
}

/** With a producer that is slower than what it feeds, only a goal that is reached says something. */
function leniently(goal: Goal): Goal {
  return goal.verdict === 'FAIL' ? { ...goal, verdict: 'not judged' } : goal
}

function judgeRates({ rates }: Results): Goal[] {
  const { with4, with8 } = AUDISPD_2_8_5
  const rate = (plugins: number, subject: string): number | undefined =>
    rateOf(rates, plugins, 1, subject, 'string')?.perSecond.median
  const cpu = rateOf(rates, 4, RECORDS_IN_16_KIB, AUDISPD, 'string')?.cpuMicros.median
  const teeCpu = rateOf(rates, 4, RECORDS_IN_16_KIB, TEE, 'bytes')?.cpuMicros.median
  const ratio = cpu === undefined || teeCpu === undefined ? undefined : cpu / teeCpu
  return [
    atLeast('4 string plugins, one record a write', 10, with4.perSecond, rate(4, AUDISPD)),
    atLeast('the same with --jitless', 3, with4.perSecond, rate(4, AUDISPD_JITLESS)),
    atLeast('8 string plugins, one record a write', 15, with8.perSecond, rate(8, AUDISPD)),
    below('4 string plugins, 16 KiB writes: CPU a record', MAX_CPU_MICROS, cpu, (us) => `${us.toFixed(2)} us`),
    below("the same as a multiple of tee's CPU", MAX_TEE_CPUS, ratio, (times) => `${times.toFixed(2)}x`),
  ]
}

function judgeDelays({ delays }: Results): Goal[] {
  return delays
    .filter(({ subject }) => subject !== NOTHING && subject !== TEE)
    .map(({ subject, p99Micros }) =>
      below(
        `${subject}: p99 delay of a single record`,
        MAX_P99_MICROS,
        p99Micros,
        (us) => `${(us / 1000).toFixed(2)} ms`,
      ),
    )
}

function judgeMemory({ memory, delays }: Results): Goal[] {
  const mb = (kib: number): string => `${((kib * 1024) / 1e6).toFixed(0)} MB`
  const rushes = memory.map(({ subject, peakKib, mostQueued }) => {
    const what = `${subject}: peak memory at full speed`
    if (mostQueued <= MAX_QUEUED) return below(what, MAX_PEAK_KIB, peakKib, mb)
    const measured = `${mb(peakKib)} with ${mostQueued} records in a queue`
    return { what, goal: `< ${mb(MAX_PEAK_KIB)}`, measured, verdict: 'not judged' as const }
  })
  const steady = delays
    .filter(({ subject }) => subject === AUDISPD || subject === AUDISPD_JITLESS)
    .map(({ subject, peakKib }) => below(`${subject}: peak memory at a steady pace`, MAX_PEAK_KIB, peakKib, mb))
  return [...rushes, ...steady]
}

function judgeStarts({ starts }: Results): Goal[] {
  return starts.map(({ subject, millis }) =>
    below(`${subject}: start to first record`, MAX_START_MILLIS, millis.median, (ms) => `${(ms / 1000).toFixed(2)} s`),
  )
}

function atLeast(what: string, times: number, base: number, perSecond: number | undefined): Goal {
  const goal = `>= ${times}x audispd 2.8.5 (${(times * base).toLocaleString('en')}/s)`
  if (perSecond === undefined) return { what, goal, measured: 'no rate', verdict: 'not judged' }
  const measured = `${(perSecond / base).toFixed(1)}x (${Math.round(perSecond).toLocaleString('en')}/s)`
  return { what, goal, measured, verdict: perSecond >= times * base ? 'pass' : 'FAIL' }
}

export function below(what: string, limit: number, value: number | undefined, show: (value: number) => string): Goal {
  const goal = `< ${show(limit)}`
  if (value === undefined || Number.isNaN(value)) return { what, goal, measured: 'no figure', verdict: 'not judged' }
  return { what, goal, measured: show(value), verdict: value < limit ? 'pass' : 'FAIL' }
}
