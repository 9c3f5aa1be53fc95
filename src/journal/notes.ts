// What blocks that are no records say beside their header: a gap's reason, a fork's parent, a checkpoint's table.

import { CHAIN_BYTES, ID_BYTES } from './block.js'
import { readCount, writeCount } from './bytes.js'
import { segmentName, type SegmentId } from './segment-name.js'
import type { StreamState } from './stream-table.js'

/** Why records are missing, and how many where that is not plain from the seqs. */
export interface GapNote {
  /** Lower-case words joined by hyphens, such as `damaged` or `spool-full`. */
  readonly reason: string
  /** Records that are gone; 0: nobody knows how many. */
  readonly lost: number
  /** What they were in the line protocol; 0 where they had got seqs of the stream. */
  readonly fromSource: number
  readonly toSource: number
}

export interface ForkNote {
  readonly parent: string
  /** The last seq that both have in common. */
  readonly atSeq: number
}

export interface CheckpointNote {
  /** The segment before this one and how much of its files is in force; what follows there was written anew here. */
  readonly previous: Previous | undefined
  readonly streams: readonly StreamState[]
}

export interface Previous extends SegmentId {
  readonly idxBytes: number
  readonly logBytes: number
}

const REASON = /^[a-z0-9]+(?:-[a-z0-9]+)*$/
const MAX_REASON_BYTES = 64 // with the counts it fits MAX_NOTE_BYTES
const GAP_BYTES = 24
const PREVIOUS_BYTES = 32

export function encodeGapNote(note: GapNote): Buffer {
  if (!REASON.test(note.reason) || note.reason.length > MAX_REASON_BYTES)
    throw new RangeError(`'${note.reason}' is no reason`)
  const bytes = Buffer.alloc(GAP_BYTES + note.reason.length)
  writeCount(bytes, note.lost, 0)
  writeCount(bytes, note.fromSource, 8)
  writeCount(bytes, note.toSource, 16)
  bytes.write(note.reason, GAP_BYTES, 'latin1')
  return bytes
}

export function readGapNote(bytes: Buffer): GapNote | undefined {
  if (bytes.length <= GAP_BYTES || bytes.length > GAP_BYTES + MAX_REASON_BYTES) return undefined
  const reason = bytes.toString('latin1', GAP_BYTES)
  const [lost, fromSource, toSource] = [0, 8, 16].map((at) => readCount(bytes, at))
  if (!REASON.test(reason) || lost === undefined || fromSource === undefined || toSource === undefined) return undefined
  return { reason, lost, fromSource, toSource }
}

export function encodeForkNote(note: ForkNote): Buffer {
  const bytes = Buffer.alloc(ID_BYTES + 8)
  bytes.write(note.parent, 0, ID_BYTES, 'hex')
  writeCount(bytes, note.atSeq, ID_BYTES)
  return bytes
}

export function readForkNote(bytes: Buffer): ForkNote | undefined {
  if (bytes.length !== ID_BYTES + 8) return undefined
  const atSeq = readCount(bytes, ID_BYTES)
  return atSeq === undefined ? undefined : { parent: bytes.toString('hex', 0, ID_BYTES), atSeq }
}

export function encodeCheckpointNote(note: CheckpointNote): Buffer {
  const head = Buffer.alloc(PREVIOUS_BYTES)
  writeCount(head, note.previous?.firstSeq ?? 0, 0)
  writeCount(head, note.previous?.idxBytes ?? 0, 8)
  head.writeUInt32LE(note.previous?.retry ?? 0, 16)
  head.writeUInt32LE(note.streams.length, 20)
  writeCount(head, note.previous?.logBytes ?? 0, 24)
  return Buffer.concat([head, ...note.streams.map(encodeState)])
}

export function readCheckpointNote(bytes: Buffer): CheckpointNote | undefined {
  if (bytes.length < PREVIOUS_BYTES) return undefined
  const firstSeq = readCount(bytes, 0)
  const idxBytes = readCount(bytes, 8)
  const retry = bytes.readUInt32LE(16)
  const logBytes = readCount(bytes, 24)
  if (firstSeq === undefined || idxBytes === undefined || logBytes === undefined) return undefined
  const streams: StreamState[] = []
  let at = PREVIOUS_BYTES
  for (let left = bytes.readUInt32LE(20); left > 0; left--) {
    const end = at + 1 + (bytes[at] ?? 0) + ROW_BYTES
    const state = end <= bytes.length ? readState(bytes.subarray(at, end)) : undefined
    if (state === undefined) return undefined
    streams.push(state)
    at = end
  }
  if (at !== bytes.length) return undefined
  return { previous: firstSeq === 0 ? undefined : { firstSeq, retry, idxBytes, logBytes }, streams }
}

export function sameSegment(a: SegmentId | undefined, b: SegmentId): boolean {
  return a !== undefined && segmentName(a) === segmentName(b)
}

/** A row of the table after its principal: stream, first and last seq, time, chain, run and seq of the source. */
const ROW_BYTES = ID_BYTES + 24 + CHAIN_BYTES + ID_BYTES + 8

function encodeState(state: StreamState): Buffer {
  const principal = Buffer.from(state.principal)
  const bytes = Buffer.alloc(1 + principal.length + ROW_BYTES)
  bytes.writeUInt8(principal.length, 0)
  principal.copy(bytes, 1)
  const at = 1 + principal.length
  bytes.write(state.stream, at, ID_BYTES, 'hex')
  writeCount(bytes, state.firstSeq, at + 16)
  writeCount(bytes, state.lastSeq, at + 24)
  writeCount(bytes, state.takenMs, at + 32)
  state.chain.copy(bytes, at + 40)
  state.source.run.copy(bytes, at + 72)
  writeCount(bytes, state.source.seq, at + 88)
  return bytes
}

function readState(bytes: Buffer): StreamState | undefined {
  const at = bytes.length - ROW_BYTES
  const [firstSeq, lastSeq, takenMs, seq] = [16, 24, 32, 88].map((from) => readCount(bytes, at + from))
  if (firstSeq === undefined || lastSeq === undefined || takenMs === undefined) return undefined
  if (seq === undefined) return undefined
  const stream = bytes.toString('hex', at, at + ID_BYTES)
  return {
    principal: bytes.toString('utf8', 1, at),
    stream,
    firstSeq,
    lastSeq,
    takenMs,
    chain: bytes.subarray(at + 40, at + 40 + CHAIN_BYTES),
    source: { run: bytes.subarray(at + 72, at + 72 + ID_BYTES), seq },
  }
}
