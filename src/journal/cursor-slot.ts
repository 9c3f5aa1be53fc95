// cursor.a and cursor.b: two slots of 128 bytes, written in turn, so that one is whole whatever happens to the other. Advisory: what
// they say is true, because it is written after the sync of what it tells of, but may be old, or missing altogether.
//
//     0 magic AJC1   4 CRC-32 of 8-127   8 generation   16 position up to which all is durable   24 first seq, 32 retry of the
//    segment         36 1 if closed in order  40 durable bytes of its .idx  48 of its .log  56 acked seq  64 acked chain (32)

import { CHAIN_BYTES } from './block.js'
import { crcOf, readCount, writeCount } from './bytes.js'
import { perform, readAt, type Work } from './file-port.js'
import type { SegmentId } from './segment-name.js'

const SLOTS = ['cursor.a', 'cursor.b'] as const
const SLOT_BYTES = 128
const MAGIC = 0x31434a41

export interface CursorSlot {
  readonly generation: number
  /** The last position known to be durable. */
  readonly position: number
  readonly segment: SegmentId
  readonly isClean: boolean
  readonly idxBytes: number
  readonly logBytes: number
  /** How far whoever reads this journal has acknowledged: a sender's receiver, a receiver's dispatcher. */
  readonly acked: Acked
}

export interface Acked {
  readonly seq: number
  readonly chain: Buffer
}

export const NOTHING_ACKED: Acked = { seq: 0, chain: Buffer.alloc(CHAIN_BYTES) }

export function encodeSlot(slot: CursorSlot): Buffer {
  const bytes = Buffer.alloc(SLOT_BYTES)
  bytes.writeUInt32LE(MAGIC, 0)
  writeCount(bytes, slot.generation, 8)
  writeCount(bytes, slot.position, 16)
  writeCount(bytes, slot.segment.firstSeq, 24)
  bytes.writeUInt32LE(slot.segment.retry, 32)
  bytes.writeUInt32LE(slot.isClean ? 1 : 0, 36)
  writeCount(bytes, slot.idxBytes, 40)
  writeCount(bytes, slot.logBytes, 48)
  writeCount(bytes, slot.acked.seq, 56)
  slot.acked.chain.copy(bytes, 64)
  bytes.writeUInt32LE(crcOf(bytes.subarray(8)), 4)
  return bytes
}

export function readSlot(bytes: Buffer): CursorSlot | undefined {
  if (bytes.length !== SLOT_BYTES || bytes.readUInt32LE(0) !== MAGIC) return undefined
  if (crcOf(bytes.subarray(8)) !== bytes.readUInt32LE(4)) return undefined
  const [generation, position, firstSeq, idxBytes, logBytes, seq] = [8, 16, 24, 40, 48, 56].map((at) =>
    readCount(bytes, at),
  )
  if (generation === undefined || position === undefined || firstSeq === undefined) return undefined
  if (idxBytes === undefined || logBytes === undefined || seq === undefined) return undefined
  const segment = { firstSeq, retry: bytes.readUInt32LE(32) }
  const acked = { seq, chain: bytes.subarray(64, 64 + CHAIN_BYTES) }
  return { generation, position, segment, isClean: bytes.readUInt32LE(36) === 1, idxBytes, logBytes, acked }
}

/** The newer of the two. */
export function* loadSlot(): Work<CursorSlot | undefined> {
  let newest: CursorSlot | undefined
  for (const file of SLOTS) {
    const bytes = yield* readAt(file, 0, SLOT_BYTES + 1)
    const slot = bytes === undefined ? undefined : readSlot(bytes)
    if (slot !== undefined && slot.generation > (newest?.generation ?? 0)) newest = slot
  }
  return newest
}

/** Makes sure that both files exist, so that later only their contents change. */
export function* createSlots(existing: ReadonlySet<string>): Work<void> {
  for (const file of SLOTS) if (!existing.has(file)) yield* perform({ kind: 'create', file })
}

/** Over the older of the two. */
export function* storeSlot(slot: CursorSlot): Work<void> {
  const file = slot.generation % 2 === 0 ? SLOTS[0] : SLOTS[1]
  yield* perform({ kind: 'write', file, at: 0, chunks: [encodeSlot(slot)] })
  yield* perform({ kind: 'sync', file })
}
