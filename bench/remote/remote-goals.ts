import type { Goal } from '../goals.js'
import { AUDISP_REMOTE } from './auditd.js'
import { MANAGED, NATIVE } from './pair.js'
import { rateOf, type RemoteResults } from './results.js'
import { RELP, RELP_SYNCED, RELP_WIDE } from './rsyslog.js'

const LEAST_NATIVE = 5
const LEAST_MANAGED = 3
const LEAST_OF_LIMIT = 1 / 3
const MAX_SENDER_MICROS = 10
const MOST_SLOWER = 2
export const GOAL_SENDERS = 100

export function judge(results: RemoteResults): Goal[] {
  const ours = perSecond(results, NATIVE)
  return [
    times(
      'native, TLS, durable: rate / audisp-remote into auditd',
      LEAST_NATIVE,
      ours,
      perSecond(results, AUDISP_REMOTE),
    ),
    ...[RELP, RELP_WIDE, RELP_SYNCED].map((peer) =>
      times(`native, TLS, durable: rate / ${peer}`, 1, ours, perSecond(results, peer)),
    ),
    times(
      'managed into auditd: rate / audisp-remote',
      LEAST_MANAGED,
      perSecond(results, MANAGED),
      perSecond(results, AUDISP_REMOTE),
    ),
    ...judgeFleet(results),
    judgeCpu(results),
    judgeAttack(results),
  ]
}

/** As many records a commit as there are senders is the most that group commit can give when each waits for its own. */
function judgeFleet({ fleets, commits }: RemoteResults): Goal[] {
  const limit = commits.find(({ recordsACommit }) => recordsACommit === GOAL_SENDERS)?.perSecond
  const rows = fleets.filter(
    (row) => row.senders === GOAL_SENDERS && row.recordsABlock === 1 && row.window === 1 && !row.jitless,
  )
  return rows.map(({ isTls, result }) => {
    const rate = result.kind === 'run' ? (result.records * 1000) / result.ms : undefined
    const what = `${GOAL_SENDERS} senders, one record each${isTls ? ', TLS' : ''}: rate / group-commit limit`
    return times(what, LEAST_OF_LIMIT, rate, limit)
  })
}

function judgeCpu(results: RemoteResults): Goal {
  const what = 'remote-send: CPU a record'
  const goal = `< ${MAX_SENDER_MICROS} us`
  const micros = rateOf(results, NATIVE)?.cpuMicros['remote-send']?.median
  if (micros === undefined) return { what, goal, measured: 'no figure', verdict: 'not judged' }
  return { what, goal, measured: `${micros.toFixed(2)} us`, verdict: micros < MAX_SENDER_MICROS ? 'pass' : 'FAIL' }
}

function judgeAttack({ attack }: RemoteResults): Goal {
  const what = 'strangers at the door: p99 of the acknowledgements of others'
  const goal = `<= ${MOST_SLOWER.toFixed(2)}x`
  if (attack.kind === 'failed') return { what, goal, measured: 'no figure', verdict: 'not judged' }
  const ratio = attack.attacked.p99Micros / attack.quiet.p99Micros
  return { what, goal, measured: `${ratio.toFixed(2)}x`, verdict: ratio <= MOST_SLOWER ? 'pass' : 'FAIL' }
}

function perSecond(results: RemoteResults, subject: string): number | undefined {
  return rateOf(results, subject)?.perSecond.median
}

function times(what: string, least: number, value: number | undefined, base: number | undefined): Goal {
  const goal = `>= ${least.toFixed(2)}x`
  if (value === undefined || base === undefined) return { what, goal, measured: 'no rate', verdict: 'not judged' }
  const ratio = value / base
  return { what, goal, measured: `${ratio.toFixed(2)}x`, verdict: ratio >= least ? 'pass' : 'FAIL' }
}
