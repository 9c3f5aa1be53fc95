import { harmlessText } from '../protocol/harmless-text.js'
import type { ProgramStatus, StreamStatus } from '../remote/status.js'

const SECOND_MS = 1000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
/** It is written every ten seconds at least; with this much silence the program hangs. */
const STALE_MS = 2 * MINUTE_MS
/** So long before its end a certificate is something to see to. */
const CERTIFICATE_WARNING_MS = 14 * DAY_MS
const MAX_NAME_CHARACTERS = 48
const MAX_TEXT_CHARACTERS = 200
const STREAM_CHARACTERS = 8
const UNITS = ['', 'K', 'M', 'G', 'T'] as const

/** A status, and what is wrong with it. */
export interface Judged {
  readonly status: ProgramStatus
  readonly isRunning: boolean
  readonly ageMs: number
  /** For people; empty when all is well. */
  readonly faults: readonly string[]
}

/** What somebody should see to. What is over is no fault: it stands in the figures. */
export function judgeStatus(status: ProgramStatus, isRunning: boolean, nowMs: number): Judged {
  const ageMs = Math.max(0, nowMs - status.writtenMs)
  const faults = [
    ...(isRunning ? [] : [status.state === 'stopped' ? 'it is stopped' : 'it is not running any more']),
    ...(isRunning && ageMs > STALE_MS ? [`it has written nothing for ${spanText(ageMs)}`] : []),
    ...(status.disk === 'ok' ? [] : [`the disk is ${status.disk}`]),
    ...certificateFaults(status, nowMs),
    ...(status.program === 'remote-send' ? status.streams.flatMap(linkFaults) : []),
  ]
  return { status, isRunning, ageMs, faults }
}

/** A few lines on the program, then one a stream. */
export function statusAsText({ status, isRunning, ageMs, faults }: Judged, nowMs: number): string {
  const {
    program,
    pid,
    startedMs,
    protocol,
    promise,
    disk,
    bytes,
    dir,
    certificate,
    handOver,
    refused,
    streams,
    more,
  } = status
  const life = isRunning ? `running as pid ${pid} for ${spanText(nowMs - startedMs)}` : 'not running'
  const lines = [
    `${program}: ${life}; as of ${spanText(ageMs)} ago`,
    ...faults.map((fault) => `  ! ${shown(fault)}`),
    `  protocol     ${shown(protocol)}: ${shown(promise)}`,
    `  disk         ${disk}, ${sizeOf(bytes)} in ${shown(dir)}`,
    ...(certificate === null
      ? []
      : [`  certificate  ${shown(certificate.name)}, ${endText(certificate.endMs, nowMs)}`]),
    ...(handOver === null ? [] : [`  handed over  ${handOver.acked} of ${handOver.last} to the dispatcher`]),
    ...refused.map(({ reason, count }) => `  refused      ${count}: ${shown(reason)}`),
  ]
  const table = tableOf([HEADINGS, ...streams.map((stream) => cellsOf(stream, nowMs))])
  const errors = streams
    .filter(({ lastError }) => lastError !== '')
    .map((stream) => `  ${shown(stream.stream).slice(0, STREAM_CHARACTERS)}: ${shown(stream.lastError)}`)
  const rest = more > 0 ? [`  and ${more} more`] : []
  return [...lines, ...(streams.length > 0 ? [...table, ...rest, ...errors] : ['  no stream yet']), ''].join('\n')
}

/** A time as its two largest units. */
export function spanText(ms: number): string {
  const units = [
    ['d', DAY_MS],
    ['h', HOUR_MS],
    ['m', MINUTE_MS],
    ['s', SECOND_MS],
  ] as const
  const first = units.findIndex(([, unit]) => ms >= unit)
  if (first < 0) return '0s'
  return units
    .slice(first, first + 2)
    .map(([name, unit], at) => `${Math.floor((at === 0 ? ms : ms % (units[first]?.[1] ?? 1)) / unit)}${name}`)
    .filter((part, at) => at === 0 || !part.startsWith('0'))
    .join(' ')
}

function certificateFaults({ certificate, streams, program }: ProgramStatus, nowMs: number): string[] {
  const peers = program === 'remote-recv' ? streams.filter(({ state }) => state === 'up') : streams
  const all = [
    ...(certificate === null ? [] : [{ whose: 'the certificate here', endMs: certificate.endMs }]),
    ...peers.flatMap((stream) =>
      stream.certificate === null
        ? []
        : [{ whose: `the certificate of ${stream.certificate.name}`, endMs: stream.certificate.endMs }],
    ),
  ]
  return all
    .filter(({ endMs }) => endMs - nowMs < CERTIFICATE_WARNING_MS)
    .map(({ whose, endMs }) => `${whose} ${endText(endMs, nowMs)}`)
}

/** At a collector a sender may well be switched off; here it is the one thing to do. */
function linkFaults({ state, lastError, lagRecords, lagMs }: StreamStatus): string[] {
  if (state === 'up' || state === 'closed') return []
  const lag = lagRecords === 0 ? '' : `; ${lagRecords} records wait, the oldest for ${spanText(lagMs)}`
  return [`no records go out, it is ${state}${lag}${lastError === '' ? '' : `: ${lastError}`}`]
}

const HEADINGS = [
  'PEER',
  'STREAM',
  'STATE',
  'SINCE',
  'LAST',
  'DURABLE',
  'ACKED',
  'LAG',
  'HOLES',
  'LOSSES',
  'REPEATS',
  'FORKS',
  'CERTIFICATE',
]

function cellsOf(stream: StreamStatus, nowMs: number): string[] {
  const { holes, losses, certificate } = stream
  const peer = stream.principal === '' ? stream.address : stream.principal
  return [
    peer === '' ? '-' : harmlessText(peer, MAX_NAME_CHARACTERS),
    shown(stream.stream).slice(0, STREAM_CHARACTERS),
    stream.state,
    spanText(nowMs - stream.sinceMs),
    String(stream.last),
    String(stream.durable),
    String(stream.acked),
    stream.lagRecords === 0 ? '-' : `${stream.lagRecords}, ${spanText(stream.lagMs)}`,
    holes.entries === 0 ? '-' : `${holes.records} in ${holes.entries}`,
    losses.entries === 0 ? '-' : `${losses.records} in ${losses.entries}`,
    stream.maybeRepeats === 0 ? dashed(stream.repeats) : `${stream.repeats} (+${stream.maybeRepeats}?)`,
    dashed(stream.forks),
    certificate === null ? '-' : endText(certificate.endMs, nowMs),
  ]
}

function tableOf(rows: readonly (readonly string[])[]): string[] {
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd())
}

function dashed(count: number): string {
  return count === 0 ? '-' : String(count)
}

function endText(endMs: number, nowMs: number): string {
  return endMs > nowMs ? `ends in ${spanText(endMs - nowMs)}` : `has ended ${spanText(nowMs - endMs)} ago`
}

function sizeOf(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)))
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)}${UNITS[power] ?? ''}`
}

/** What a peer may have said. */
function shown(text: string): string {
  return harmlessText(text, MAX_TEXT_CHARACTERS)
}
