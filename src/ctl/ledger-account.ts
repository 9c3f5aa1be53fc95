// What became of every record, hop by hop, and who lost what is missing. Pure: what was found out comes in.

import type { DaemonStatus, PluginStatus } from '../control/daemon-status.js'
import type { ProgramStatus, StreamStatus } from '../remote/status.js'
import type { KernelState } from './doctor/kernel-facts.js'
import { countOf, countText } from './figures.js'
import type { Evidence } from './ledger-auditd-log.js'
import type { LostSince } from './ledger-kernel-log.js'

const GOOD_BACKLOG = 8192
/** Of auditd 3.0 and later, where nothing is set. */
const USUAL_Q_DEPTH = 2000

export interface KernelAccount extends KernelState {
  /** What of `lost` was lost since the daemon runs, as far as that is known. */
  readonly lostSinceStart: LostSince
  /** When the kernel last said that it had lost some; null where it has not, or that is gone from its log. */
  readonly lastLossAt: string | null
}

/** auditd's configuration, as far as it may lose records. */
export interface AuditdAccount {
  readonly confFile: string
  readonly qDepth: number | null
  /** auditd 2.x: it writes to us itself. */
  readonly isDispatching: boolean
}

/** One stream of the remote pair on this machine. */
export interface HopAccount {
  readonly program: ProgramStatus['program']
  readonly dir: string
  readonly principal: string
  readonly stream: string
  readonly taken: number
  readonly durable: number
  readonly acked: number
  readonly waiting: number
  readonly lagMs: number
  readonly holes: number
  readonly losses: number
  readonly balanced: boolean
}

/** What the collector's own dispatcher has of all that was received. */
export interface HandOverAccount {
  readonly dir: string
  readonly taken: number
  readonly acked: number
  readonly waiting: number
}

export type Loser = 'kernel' | 'auditd' | 'kernel or auditd' | 'door' | 'plugin' | 'remote'

/** Something that was lost, by whom, and what to do about it. */
export interface Loss {
  readonly by: Loser
  /** Which plugin, or which spool or journal; '' otherwise. */
  readonly name: string
  /** The most that it may be. */
  readonly count: number
  /** The least, where that is less. */
  readonly countFrom?: number
  readonly what: string
  readonly mend: string
}

export interface Facts {
  readonly status: DaemonStatus
  readonly kernel: KernelAccount | undefined
  readonly auditd: AuditdAccount
  readonly evidence: Evidence
  readonly remote: readonly ProgramStatus[]
  /** Only what was lost since the daemon runs. */
  readonly sinceStart: boolean
}

/** Everything that was lost; nothing: every record can be followed to its end. */
export function lossesOf(facts: Facts): Loss[] {
  return [
    ...kernelLosses(facts),
    ...missingEvents(facts),
    ...doorLosses(facts.status),
    ...facts.status.plugins.flatMap((plugin) => [...pluginLosses(plugin)]),
    ...facts.remote.flatMap(remoteLosses),
  ]
}

export function hopsOf(remote: readonly ProgramStatus[]): HopAccount[] {
  return remote.flatMap(({ program, dir, streams }) =>
    streams.map((stream) => ({
      program,
      dir,
      principal: stream.principal,
      stream: stream.stream,
      taken: stream.last,
      durable: stream.durable,
      acked: stream.acked,
      waiting: stream.last - stream.acked,
      lagMs: stream.lagMs,
      holes: stream.holes.records,
      losses: stream.losses.records,
      balanced: stream.acked <= stream.durable && stream.durable <= stream.last,
    })),
  )
}

export function handOversOf(remote: readonly ProgramStatus[]): HandOverAccount[] {
  return remote.flatMap(({ dir, handOver }) =>
    handOver === null
      ? []
      : [{ dir, taken: handOver.last, acked: handOver.acked, waiting: handOver.last - handOver.acked }],
  )
}

function* kernelLosses({ kernel, sinceStart }: Facts): Generator<Loss> {
  if (kernel === undefined || kernel.lost === 0) return
  const { lost, lostSinceStart: since, lastLossAt } = kernel
  if (sinceStart && since.atMost === 0) return
  const when = lastLossAt === null ? '' : `; its log last told so at ${lastLossAt}`
  const what = sinceStart
    ? `lost ${sinceText(since)} since audispd runs`
    : `lost ${countOf(lost, 'record')} since the boot, or since auditctl --reset-lost; ${shareText(since)}`
  yield {
    by: 'kernel',
    name: '',
    ...(sinceStart ? { count: since.atMost, countFrom: since.atLeast } : { count: lost }),
    what: `${what}${when}`,
    mend: `${kernelMend(kernel)}; then: auditctl --reset-lost`,
  }
}

function sinceText({ atLeast, atMost }: LostSince): string {
  return atLeast === atMost ? countOf(atLeast, 'record') : `${countText(atLeast)} to ${countOf(atMost, 'record')}`
}

function shareText(since: LostSince): string {
  return since.atMost === 0 ? 'none of them since audispd runs' : `${sinceText(since)} of that since audispd runs`
}

function kernelMend({ rateLimit, backlogLimit }: KernelState): string {
  if (rateLimit > 0) return `auditctl -r 0 (now ${rateLimit} records a second), and -r 0 in /etc/audit/rules.d`
  const limit = Math.max(GOOD_BACKLOG, 2 * backlogLimit)
  return `auditctl -b ${limit} (now ${backlogLimit}), and -b ${limit} in /etc/audit/rules.d`
}

/** Events whose numbers never came. Of each it is told who lost it, where that can be known. */
function* missingEvents({ status, kernel, auditd, evidence }: Facts): Generator<Loss> {
  const nodes = status.serials?.nodes ?? []
  const missing = nodes.reduce((sum, node) => sum + node.missing, 0)
  // What the kernel has not counted as lost it did not lose.
  const isKernelClean = kernel !== undefined && (kernel.lost === 0 || kernel.lostSinceStart.atMost === 0)
  const untold = missing - evidence.had - evidence.hadNot
  const byAuditd = evidence.had + (isKernelClean ? untold + evidence.hadNot : 0)
  const byKernel = isKernelClean ? 0 : evidence.hadNot
  const byEither = missing - byAuditd - byKernel
  if (byKernel > 0) {
    const what = `${countOf(byKernel, 'event')} never came to auditd: they are not in its log either`
    const mend = kernel === undefined ? 'auditctl -s; auditctl -b 8192' : kernelMend(kernel)
    yield { by: 'kernel', name: '', count: byKernel, what, mend }
  }
  if (byAuditd > 0) {
    const why = evidence.had > 0 ? 'they are in its log' : 'the kernel has lost nothing'
    const what = `${countOf(byAuditd, 'event')} did not come from auditd: ${why}`
    yield { by: 'auditd', name: '', count: byAuditd, what, mend: auditdMend(auditd) }
  }
  if (byEither > 0) {
    const what = `${countOf(byEither, 'event')} never came, and it is not known whether auditd had them`
    const mend = `${auditdMend(auditd)}; ${kernel === undefined ? 'auditctl -b 8192' : kernelMend(kernel)}`
    yield { by: 'kernel or auditd', name: '', count: byEither, what, mend }
  }
}

function auditdMend({ confFile, qDepth, isDispatching }: AuditdAccount): string {
  if (isDispatching) {
    return `${confFile}: a larger priority_boost (with disp_qos = lossy auditd drops what it cannot write at once), then: service auditd restart`
  }
  const now = qDepth ?? USUAL_Q_DEPTH
  return `${confFile}: q_depth = ${Math.min(99_999, Math.max(20_000, now * 4))} (now ${now}), then: service auditd restart`
}

function* doorLosses({ input }: DaemonStatus): Generator<Loss> {
  const spoilt = input.damaged + input.torn + input.tooLong
  if (spoilt === 0 && input.skippedBytes === 0) return
  const kinds = `${input.damaged} damaged, ${input.torn} torn, ${input.tooLong} too long`
  const what = `${kinds}; ${countOf(input.skippedBytes, 'byte')} skipped`
  yield { by: 'door', name: '', count: spoilt, what, mend: 'audispctl logs; audispctl doctor' }
}

function* pluginLosses(plugin: PluginStatus): Generator<Loss> {
  const { name, balanced } = plugin
  for (const [reason, count] of Object.entries(plugin.dropped)) {
    const what = `${countOf(count, 'record')} dropped: ${reason}`
    yield { by: 'plugin', name, count, what, mend: reasonMend(reason, plugin) }
  }
  if (!balanced) yield { by: 'plugin', name, count: 0, what: 'its ledger does not balance', mend: 'report it as a bug' }
}

function reasonMend(reason: string, { name, file, depth, depthBytes, state }: PluginStatus): string {
  switch (reason) {
    case 'queue-full':
      return `${file}: a larger q_depth (now ${depth}) or q_bytes (now ${depthBytes}), or a faster plugin; then: audispctl reload`
    case 'suspended':
      return `audispctl resume ${name}; ${file}: another overflow_action, or a larger q_depth`
    case 'failed':
      return state === 'failed' ? `audispctl logs ${name}, then: audispctl start ${name}` : `audispctl logs ${name}`
    case 'too-long':
      return `${file}: format = string, which has no limit of 8970 bytes`
    case 'poison':
      return `audispctl logs ${name}: the plugin dies of these records`
    default:
      return `audispctl logs ${name}`
  }
}

function remoteLosses({ program, dir, streams }: ProgramStatus): Loss[] {
  return streams.flatMap((stream) => [...streamLosses(`${program} ${dir}`, dir, stream)])
}

function* streamLosses(name: string, dir: string, { holes, losses }: StreamStatus): Generator<Loss> {
  const mend = `audispctl remote verify ${dir}`
  if (losses.entries > 0) {
    const what = `the sender lost ${countOf(losses.records, 'record')} in ${countOf(losses.entries, 'place')}`
    yield { by: 'remote', name, count: losses.records, what, mend }
  }
  if (holes.entries > 0) {
    const what = `${countOf(holes.records, 'record')} in ${countOf(holes.entries, 'place')} will never come`
    yield { by: 'remote', name, count: holes.records, what, mend }
  }
}
