import { harmlessText } from '../../src/protocol/harmless-text.js'
import type { ProgramStatus, StreamStatus } from '../../src/remote/status.js'
import type { Families } from './metric.js'
import { REMOTE, STREAMS } from './remote-metrics.js'

const SECOND_MS = 1000
const MAX_LABEL_CHARACTERS = 128
const DISK_STATES = ['ok', 'low', 'full', 'failing', 'stalled'] as const

/** What a program has written down last, and whether it lives. */
export interface SeenProgram {
  readonly status: ProgramStatus
  readonly isRunning: boolean
}

/** Of the remote pair; of each program at most `maxStreams` streams, those first that have something to say. */
export function addRemote(families: Families, programs: readonly SeenProgram[], maxStreams: number): void {
  for (const program of programs) addProgram(families, program, maxStreams)
}

function addProgram(families: Families, { status, isRunning }: SeenProgram, maxStreams: number): void {
  const { program, certificate, handOver, streams } = status
  const labels = [program, label(status.dir)]
  families.addYesNo(REMOTE.up, isRunning, ...labels)
  families.add(REMOTE.start, status.startedMs / SECOND_MS, ...labels)
  families.add(REMOTE.written, status.writtenMs / SECOND_MS, ...labels)
  for (const state of DISK_STATES) families.addYesNo(REMOTE.disk, state === status.disk, ...labels, state)
  families.add(REMOTE.bytes, status.bytes, ...labels)
  if (certificate !== null) families.add(REMOTE.certificateEnd, certificate.endMs / SECOND_MS, ...labels)
  if (handOver !== null) {
    families.add(REMOTE.handedOver, handOver.acked, ...labels)
    families.add(REMOTE.handOverLag, handOver.last - handOver.acked, ...labels)
  }
  for (const [reason, count] of summed(status.refused)) families.add(REMOTE.refused, count, ...labels, reason)
  if (program === 'remote-recv') {
    families.add(REMOTE.senders, sendersIn(streams), ...labels)
    families.add(REMOTE.connected, isRunning ? sendersIn(streams.filter(isUp)) : 0, ...labels)
  }
  const listed = [...streams].sort(byInterest).slice(0, maxStreams)
  families.add(REMOTE.more, status.more + streams.length - listed.length, ...labels)
  for (const stream of listed) addStream(families, program, stream, isRunning)
}

function addStream(families: Families, program: string, stream: StreamStatus, isRunning: boolean): void {
  const peer = stream.principal === '' ? stream.address : stream.principal
  const labels = [program, label(peer), label(stream.stream)]
  families.addYesNo(STREAMS.up, isRunning && isUp(stream), ...labels)
  families.add(STREAMS.since, stream.sinceMs / SECOND_MS, ...labels)
  families.add(STREAMS.taken, stream.last, ...labels)
  families.add(STREAMS.durable, stream.durable, ...labels)
  families.add(STREAMS.acked, stream.acked, ...labels)
  families.add(STREAMS.lagRecords, stream.lagRecords, ...labels)
  families.add(STREAMS.lag, stream.lagMs / SECOND_MS, ...labels)
  families.add(STREAMS.holes, stream.holes.records, ...labels)
  families.add(STREAMS.losses, stream.losses.records, ...labels)
  families.add(STREAMS.repeats, stream.repeats, ...labels)
  families.add(STREAMS.maybeRepeats, stream.maybeRepeats, ...labels)
  families.add(STREAMS.forks, stream.forks, ...labels)
  if (stream.certificate !== null) families.add(STREAMS.certificateEnd, stream.certificate.endMs / SECOND_MS, ...labels)
}

/** Connected ones first, then those that were there last. */
function byInterest(a: StreamStatus, b: StreamStatus): number {
  return Number(isUp(b)) - Number(isUp(a)) || b.sinceMs - a.sinceMs
}

function isUp({ state }: StreamStatus): boolean {
  return state === 'up'
}

function sendersIn(streams: readonly StreamStatus[]): number {
  return new Set(streams.map(({ principal }) => principal)).size
}

/** What is cut may become the same. */
function summed(refused: ProgramStatus['refused']): Map<string, number> {
  const sums = new Map<string, number>()
  for (const { reason, count } of refused) sums.set(label(reason), (sums.get(label(reason)) ?? 0) + count)
  return sums
}

/** What a peer may have said. */
function label(text: string): string {
  return harmlessText(text, MAX_LABEL_CHARACTERS)
}
