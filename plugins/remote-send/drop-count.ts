// What is being dropped because the spool has no room, counted on disk before it is acknowledged: dropped.a and dropped.b, two slots
// of 72 bytes, written in turn over themselves, which takes no room. When there is room again the count becomes one LOSS of the
// journal, and the slots say 0. A death between the two repeats nothing: the LOSS says up to which record of the dispatcher it goes.
//
//     0 magic ASD1   4 CRC-32 of 8-71   8 generation   16 run of the line protocol (16)   32 first seq that was dropped   40 last
//    48 records      56 1: at least so many           64 the last that the journal had been given before, durable or not
//
// A commit that fails leaves its records in memory, and what is dropped behind them is counted all the same, but not acknowledged. If
// they die with the process, the count says nothing: all of it comes again.

import { crc32 } from 'node:zlib'
import { ID_BYTES, type SourceCursor } from '../../src/journal/block.js'
import { readCount, writeCount } from '../../src/journal/bytes.js'
import { listFiles, perform, readAt, type Work } from '../../src/journal/file-port.js'

const SLOTS = ['dropped.a', 'dropped.b'] as const
const SLOT_BYTES = 72
const MAGIC = 0x31445341

/** Records of one run of the dispatcher, one after the other in the order of the line protocol. */
export interface DropCount {
  readonly generation: number
  readonly run: Buffer
  /** Given to the journal before the first was dropped. */
  readonly behindSeq: number
  readonly fromSeq: number
  readonly toSeq: number
  readonly records: number
  /** The dispatcher itself did not know how many it had lost in between. */
  readonly isAtLeast: boolean
}

export const NOTHING_DROPPED: DropCount = {
  generation: 0,
  run: Buffer.alloc(ID_BYTES),
  behindSeq: 0,
  fromSeq: 0,
  toSeq: 0,
  records: 0,
  isAtLeast: false,
}

/** Nothing has been dropped since the last LOSS. */
export function isNothing(count: DropCount): boolean {
  return count.toSeq === 0
}

/** What is dropped at once. `records` 0: nobody knows how many. */
export type Drop = Pick<DropCount, 'behindSeq' | 'fromSeq' | 'toSeq' | 'records'>

export function withDropped(count: DropCount, run: Buffer, { behindSeq, fromSeq, toSeq, records }: Drop): DropCount {
  const isFirst = isNothing(count)
  return {
    generation: count.generation,
    run,
    behindSeq: isFirst ? behindSeq : count.behindSeq,
    fromSeq: isFirst ? fromSeq : count.fromSeq,
    toSeq: Math.max(count.toSeq, toSeq),
    records: count.records + records,
    isAtLeast: count.isAtLeast || records === 0,
  }
}

/** Whether the journal, which has come so far, has the LOSS of it. */
export function isEntered(count: DropCount, durable: SourceCursor): boolean {
  return durable.run.equals(count.run) && durable.seq >= count.toSeq
}

/** Whether all that was given to the journal before is durable. Else nobody was ever told of these records, and they come again. */
export function isBehindDurable({ run, behindSeq }: DropCount, durable: SourceCursor): boolean {
  return behindSeq === 0 || (durable.run.equals(run) && durable.seq >= behindSeq)
}

/** The newer slot; nothing where there is none, or none that is whole. */
export function* loadDropCount(): Work<DropCount> {
  let newest = NOTHING_DROPPED
  for (const file of SLOTS) {
    const bytes = yield* readAt(file, 0, SLOT_BYTES + 1)
    const count = bytes === undefined ? undefined : readSlot(bytes)
    if (count !== undefined && count.generation > newest.generation) newest = count
  }
  return newest
}

/** Makes both files, if they are not there, with all the room that they will ever need. */
export function* createDropSlots(): Work<void> {
  const names = new Set((yield* listFiles()).map(({ name }) => name))
  for (const file of SLOTS) {
    if (names.has(file)) continue
    yield* perform({ kind: 'create', file })
    yield* perform({ kind: 'write', file, at: 0, chunks: [Buffer.alloc(SLOT_BYTES)] })
    yield* perform({ kind: 'sync', file })
    yield* perform({ kind: 'sync-dir', dir: '' })
  }
}

/** Over the older slot; returns what stands there now. */
export function* storeDropCount(count: DropCount): Work<DropCount> {
  const next = { ...count, generation: count.generation + 1 }
  const file = next.generation % 2 === 0 ? SLOTS[0] : SLOTS[1]
  yield* perform({ kind: 'write', file, at: 0, chunks: [encodeSlot(next)] })
  yield* perform({ kind: 'sync', file })
  return next
}

function encodeSlot(count: DropCount): Buffer {
  const bytes = Buffer.alloc(SLOT_BYTES)
  bytes.writeUInt32LE(MAGIC, 0)
  writeCount(bytes, count.generation, 8)
  count.run.copy(bytes, 16)
  writeCount(bytes, count.fromSeq, 32)
  writeCount(bytes, count.toSeq, 40)
  writeCount(bytes, count.records, 48)
  bytes.writeUInt32LE(count.isAtLeast ? 1 : 0, 56)
  writeCount(bytes, count.behindSeq, 64)
  bytes.writeUInt32LE(crc32(bytes.subarray(8)), 4)
  return bytes
}

function readSlot(bytes: Buffer): DropCount | undefined {
  if (bytes.length !== SLOT_BYTES || bytes.readUInt32LE(0) !== MAGIC) return undefined
  if (crc32(bytes.subarray(8)) !== bytes.readUInt32LE(4)) return undefined
  const [generation, fromSeq, toSeq, records, behindSeq] = [8, 32, 40, 48, 64].map((at) => readCount(bytes, at))
  if (generation === undefined || fromSeq === undefined || toSeq === undefined) return undefined
  if (records === undefined || behindSeq === undefined) return undefined
  const run = Buffer.from(bytes.subarray(16, 16 + ID_BYTES))
  return { generation, run, behindSeq, fromSeq, toSeq, records, isAtLeast: bytes.readUInt32LE(56) === 1 }
}
