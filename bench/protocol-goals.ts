import { below, MAX_PEAK_KIB, type Goal } from './goals.js'
import { FOUR, ONE, PROTOCOL, STRING_C, STRING_NODE, type ProtocolSubject } from './protocol-cases.js'
import { besideOf, type ProtocolResults } from './protocol-results.js'
import type { Rate } from './results.js'

/** Of what a string plugin gets. */
const LEAST_SHARE = 0.5
const MAX_FOUR = 2

export function judgeProtocol(results: ProtocolResults): Goal[] {
  return [...judgeKeepingUp(results), ...judgeSelectors(results), ...judgeInput(results)]
}

function judgeKeepingUp({ keepUp }: ProtocolResults): Goal[] {
  const rows = keepUp.filter(({ subject }) => subject === PROTOCOL)
  return [STRING_NODE, STRING_C].flatMap((peer) =>
    rows.map((row) => {
      const share = ratio(besideOf(keepUp, row, PROTOCOL), besideOf(keepUp, row, peer), ({ perSecond }) => perSecond)
      return keepsUp(`acknowledging, ${way(row)}: rate / ${peer}`, share)
    }),
  )
}

function judgeSelectors({ selectors }: ProtocolResults): Goal[] {
  const rows = selectors.filter(({ subject }) => subject === FOUR)
  return rows.map((row) => {
    const times = ratio(besideOf(selectors, row, FOUR), besideOf(selectors, row, ONE), ({ cpuMicros }) => cpuMicros)
    return below(`4 with selectors, ${way(row)}: CPU / that of 1`, MAX_FOUR, times, (value) => `${value.toFixed(2)}x`)
  })
}

function judgeInput({ input }: ProtocolResults): Goal[] {
  const mb = (kib: number): string => `${((kib * 1024) / 1e6).toFixed(0)} MB`
  return input.map(({ jitless, peakKib, records }) => {
    const what = `${records.toLocaleString('en')} records from an input plugin${jitless ? ', --jitless' : ''}: peak memory`
    return below(what, MAX_PEAK_KIB, peakKib, mb)
  })
}

function way({ recordsAWrite, jitless }: ProtocolSubject): string {
  return `${recordsAWrite} a write${jitless ? ', --jitless' : ''}`
}

function ratio(
  ours: Rate | undefined,
  theirs: Rate | undefined,
  of: (rate: Rate) => { readonly median: number },
): number | undefined {
  return ours === undefined || theirs === undefined ? undefined : of(ours).median / of(theirs).median
}

function keepsUp(what: string, share: number | undefined): Goal {
  const goal = `>= ${LEAST_SHARE.toFixed(2)}x`
  if (share === undefined) return { what, goal, measured: 'no rate', verdict: 'not judged' }
  return { what, goal, measured: `${share.toFixed(2)}x`, verdict: share >= LEAST_SHARE ? 'pass' : 'FAIL' }
}
