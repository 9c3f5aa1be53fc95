import { range, thousands } from '../rate-table.js'
import { goalTable } from '../report.js'
import type { Machine } from '../machine.js'
import { table } from '../table.js'
import { AUDISP_REMOTE } from './auditd.js'
import { LINE_BYTES } from './carrier.js'
import { judge } from './remote-goals.js'
import { rateOf, type RateRow, type RemoteResults } from './results.js'
import { RELP_WIDE } from './rsyslog.js'

const RATES_INTRO = [
  `Lines of ${LINE_BYTES} bytes, written as fast as they are taken into the sender's dispatcher (into audisp-remote and rsyslogd themselves), until the last`,
  'stands in the collector\'s log. "acknowledged when in": what a sender may rely on when it forgets a record. CPU a record is user and system time',
  "of all programs on the way, the dispatchers' too; then by program. The last columns are ratios of rates within the same rounds.",
].join('\n')

const DELAYS_INTRO = [
  "One record at a time: from its write into the sender's dispatcher until it stands in the collector's log; the next one is written then. One core does nothing",
  'but look, so with two cores all programs on the way share the other.',
].join('\n')

const FLEETS_INTRO = [
  'Many senders, played by one process on the same two cores: blocks that were made before, over connections of their own, to one remote-recv. Each has',
  '"window" blocks unacknowledged. An acknowledgement is from the write of a block until its ACK has come. The last column is the rate over that of the',
  "disk's group commit with as many records in one, where each sender waits for one record.",
].join('\n')

const ATTACK_INTRO = [
  'Twenty senders over TLS with a record each 20 ms, by themselves and while strangers come in, a hundred in a second: silent ones, some that do not speak TLS,',
  'some without a certificate, some that break off. They have no names, and share the cores with everybody else.',
].join('\n')

const OUTAGES_INTRO = [
  'No collector while the spool is filled; then one is started. Catching up is from the moment that it listens, with the reconnect in it. "start": from the start of',
  "the collector's dispatcher until remote-recv listens, with an empty journal, with all of it after a stop, and after kill -9.",
].join('\n')

export function remoteReportOf(results: RemoteResults): string {
  return [
    '# The remote pair',
    about(results),
    '## Goals',
    goalTable(judge(results)),
    '## From one sender',
    RATES_INTRO,
    rateTable(results),
    '## Delay of a single record, in microseconds',
    DELAYS_INTRO,
    delayTable(results),
    '## The disk: writes of so many records, each made durable by fdatasync',
    commitTable(results),
    '## Many senders',
    FLEETS_INTRO,
    fleetTable(results),
    '## Under attack',
    ATTACK_INTRO,
    attackTable(results),
    '## After an outage',
    OUTAGES_INTRO,
    outageTable(results),
  ].join('\n\n')
}

function about({ machine, peers, options }: RemoteResults): string {
  const load = (loads: Machine['loadBefore']): string => loads.join(', ')
  return [
    `${machine.date}; ${machine.cores} cores of ${machine.processor}, ${machine.memoryGib} GiB; ${machine.system}, kernel ${machine.kernel}; Node ${machine.node}; ${peers.join('; ')}.`,
    `Load average before: ${load(machine.loadBefore)}; after: ${load(machine.loadAfter)} (the measurement itself is in it).`,
    `Loopback only, in a network of its own; sender and collector share the cores and the disk. Medians of ${options.rounds} runs${options.isQuick ? ' (--quick: a look, no more)' : ''}; what is measured and how: docs/bench.md.`,
  ].join('\n')
}

function rateTable(results: RemoteResults): string {
  const head = ['way', 'acknowledged when in', 'records', 'records/s', 'from-to', 'CPU us/record', 'by program']
  const bases = [AUDISP_REMOTE, RELP_WIDE]
  const rows = results.rates.map((row) => [...cellsOf(row), ...bases.map((base) => against(results, row, base))])
  return table([...head, ...bases.map((base) => `rate / ${base}`)], rows)
}

function cellsOf({ subject, promise, records, result }: RateRow): string[] {
  const head = [subject, promise, thousands(records)]
  if (result.kind === 'failed') return [...head, `failed: ${result.reason}`, '', '', '']
  const programs = Object.entries(result.cpuMicros)
  const cpu = programs.reduce((sum, [, { median }]) => sum + median, 0)
  const each = programs.map(([name, { median }]) => `${name} ${median.toFixed(2)}`).join(', ')
  return [...head, thousands(result.perSecond.median), range(result.perSecond, thousands), cpu.toFixed(2), each]
}

function against(results: RemoteResults, { subject, result }: RateRow, base: string): string {
  const other = rateOf(results, base)
  if (subject === base || result.kind === 'failed' || other === undefined) return ''
  return `${(result.perSecond.median / other.perSecond.median).toFixed(2)}x`
}

function delayTable({ delays }: RemoteResults): string {
  const rows = delays.map(({ subject, promise, result }) => {
    if (result.kind === 'failed') return [subject, promise, `failed: ${result.reason}`, '', '', '']
    const { samples, medianMicros, p99Micros, mostMicros } = result
    return [subject, promise, String(samples), ...[medianMicros, p99Micros, mostMicros].map((us) => us.toFixed(0))]
  })
  return table(['way', 'acknowledged when in', 'samples', 'median', 'p99', 'longest'], rows)
}

function commitTable({ commits }: RemoteResults): string {
  const rows = commits.map(({ recordsACommit, perSecond, medianMicros, p99Micros }) => [
    String(recordsACommit),
    thousands(perSecond),
    medianMicros.toFixed(0),
    p99Micros.toFixed(0),
  ])
  return table(['records a commit', 'records/s', 'median us', 'p99 us'], rows)
}

function fleetTable({ fleets, commits }: RemoteResults): string {
  const head = ['senders', 'records a block', 'window', 'TLS', 'Node', 'records/s', 'ack median us', 'ack p99 us']
  const rows = fleets.map(({ senders, recordsABlock, window, isTls, jitless, result }) => {
    const row = [
      String(senders),
      String(recordsABlock),
      String(window),
      isTls ? 'yes' : 'no',
      jitless ? '--jitless' : 'with JIT',
    ]
    if (result.kind === 'failed') return [...row, `failed: ${result.reason}`, '', '', '', '', '']
    const rate = (result.records * 1000) / result.ms
    const limit = commits.find(({ recordsACommit }) => recordsACommit === senders)?.perSecond
    const share = limit === undefined || recordsABlock !== 1 || window !== 1 ? '' : `${(rate / limit).toFixed(2)}x`
    return [
      ...row,
      thousands(rate),
      result.medianMicros.toFixed(0),
      result.p99Micros.toFixed(0),
      (result.cpuMicros / result.records).toFixed(2),
      megabytes(result.peakKib),
      share,
    ]
  })
  return table([...head, 'remote-recv CPU us/record', 'its peak MB', 'rate / group commit'], rows)
}

function attackTable({ attack }: RemoteResults): string {
  if (attack.kind === 'failed') return `failed: ${attack.reason}`
  const { quiet, attacked, attacks } = attack
  const rowOf = (what: string, result: typeof quiet): string[] => [
    what,
    thousands(result.records),
    result.medianMicros.toFixed(0),
    result.p99Micros.toFixed(0),
  ]
  const rows = [rowOf('by themselves', quiet), rowOf(`with ${thousands(attacks)} strangers`, attacked)]
  return table(['', 'records', 'ack median us', 'ack p99 us'], rows)
}

function outageTable({ outages }: RemoteResults): string {
  const head = [
    'Node',
    'records',
    'spooled/s',
    'caught up/s',
    'remote-send CPU us/record',
    'remote-recv',
    'peak MB, sender',
    'collector',
  ]
  const rows = outages.map(({ jitless, result }) => {
    const node = jitless ? '--jitless' : 'with JIT'
    if (result.kind === 'failed') return [node, `failed: ${result.reason}`, '', '', '', '', '', '', '', '', '']
    const starts = [result.emptyStartMs, result.fullStartMs, result.killedStartMs].map((ms) => ms.toFixed(0))
    return [
      node,
      thousands(result.records),
      thousands(result.spooledPerSecond),
      thousands(result.caughtUpPerSecond),
      result.senderCpuMicros.toFixed(2),
      result.collectorCpuMicros.toFixed(2),
      megabytes(result.senderPeakKib),
      megabytes(result.collectorPeakKib),
      ...starts,
    ]
  })
  return table([...head, 'start ms, empty', 'full', 'killed'], rows)
}

function megabytes(kib: number): string {
  return ((kib * 1024) / 1e6).toFixed(0)
}
