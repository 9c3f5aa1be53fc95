// A block: some whole lines that were committed together, with a header of 144 bytes, little endian, and a note.
//
//     0 magic AJB1    4 bytes of lines   8 CRC-32 of lines   12 kind, 14 flags   16 first seq   24 count of seqs
//    32 bytes of note 36 number of lines 40 wall time, ms    48 run of the line protocol (16)   64 its seq
//    72 chain before (32)               104 chain after (32)               136 CRC-32 of 0-135 and the note   140 zero
//
// chain after = SHA-256(bytes 0-103, note, lines). The chain before lies inside, so that one block can be judged by itself, and
// whatever stands behind a damaged one still has its anchor. A *stated* block covers seqs whose lines nobody has any more: its chain
// after is the one that the last of them had, and cannot be recomputed.

import { createHash, hash } from 'node:crypto'
import { bufferOn, crcOf, readCount, writeCount } from './bytes.js'

export const HEADER_BYTES = 144
/** The most lines a block may hold, in bytes: the unit of the wire, which a receiver has to buffer whole. */
export const MAX_BLOCK_BYTES = 1024 * 1024
/** Notes of blocks that travel are too short to hide an entry of the index in. A CHECKPOINT stays at home, with a row a stream. */
export const MAX_NOTE_BYTES = 96
export const MAX_CHECKPOINT_BYTES = 16 * 1024 * 1024
export const CHAIN_BYTES = 32
export const ID_BYTES = 16

const MAGIC = 0x31424a41
const CRC_AT = 136
const HASHED_BYTES = 104
const STATED = 1
const KINDS = ['data', 'loss', 'hole', 'fork', 'checkpoint'] as const

export type BlockKind = (typeof KINDS)[number]

/** Where the lines came from in the line protocol: all of them up to `seq` of that run. Zeros: nowhere. */
export interface SourceCursor {
  readonly run: Buffer
  readonly seq: number
}

const NOTHING: Buffer = Buffer.alloc(0)
/** What is hashed of a block of one or a few records is put together here: in one piece it costs half of what it does in three. */
const SMALL = Buffer.alloc(8 * 1024)

export const NO_SOURCE: SourceCursor = { run: Buffer.alloc(ID_BYTES), seq: 0 }

export interface Block {
  readonly kind: BlockKind
  /** The chain after is stated, not computed: the block stands for seqs whose lines are gone. */
  readonly isStated: boolean
  readonly firstSeq: number
  /** Seqs that it covers; the next block of the stream begins at `firstSeq + count`. */
  readonly count: number
  readonly lines: number
  readonly lineBytes: number
  readonly lineCrc: number
  readonly wallMs: number
  readonly source: SourceCursor
  readonly before: Buffer
  readonly chain: Buffer
  readonly note: Buffer
  /** Header and note, as they lie on disk and travel. */
  readonly head: Buffer
}

/** What a new block says; the rest is computed. */
export interface BlockDraft {
  readonly kind: BlockKind
  readonly firstSeq: number
  readonly count: number
  readonly lines: number
  readonly wallMs: number
  readonly source: SourceCursor
  readonly before: Buffer
  readonly note: Buffer
  /** Only for a stated block. */
  readonly statedChain?: Buffer
}

/** A block from what it says and from its lines, given in pieces. */
export function makeBlock(draft: BlockDraft, lines: readonly Uint8Array[]): Block {
  const header = Buffer.allocUnsafe(HEADER_BYTES)
  const lineBytes = lines.reduce((sum, piece) => sum + piece.length, 0)
  header.writeUInt32LE(MAGIC, 0)
  header.writeUInt32LE(lineBytes, 4)
  header.writeUInt32LE(crcOf(...lines), 8)
  header.writeUInt16LE(KINDS.indexOf(draft.kind), 12)
  header.writeUInt16LE(draft.statedChain === undefined ? 0 : STATED, 14)
  writeCount(header, draft.firstSeq, 16)
  writeCount(header, draft.count, 24)
  header.writeUInt32LE(draft.note.length, 32)
  header.writeUInt32LE(draft.lines, 36)
  writeCount(header, draft.wallMs, 40)
  draft.source.run.copy(header, 48)
  writeCount(header, draft.source.seq, 64)
  draft.before.copy(header, 72)
  if (draft.statedChain === undefined) header.write(chainOf(header, draft.note, lines), HASHED_BYTES, 'latin1')
  else draft.statedChain.copy(header, HASHED_BYTES)
  header.writeUInt32LE(crcOf(header.subarray(0, CRC_AT), draft.note), CRC_AT)
  header.writeUInt32LE(0, CRC_AT + 4)
  const block = readBlock(draft.note.length === 0 ? header : Buffer.concat([header, draft.note]))
  if (block === undefined) throw new Error(`a ${draft.kind} block of ${draft.lines} lines cannot be written like this`)
  return block
}

/** The block whose header and note these bytes are, exactly; undefined if they are not one. Never throws. */
export function readBlock(head: Uint8Array): Block | undefined {
  const bytes = bufferOn(head)
  if (bytes.length < HEADER_BYTES || bytes.readUInt32LE(0) !== MAGIC) return undefined
  const note = bytes.length === HEADER_BYTES ? NOTHING : bytes.subarray(HEADER_BYTES)
  if (bytes.readUInt32LE(32) !== note.length || bytes.readUInt32LE(140) !== 0) return undefined
  if (crcOf(bytes.subarray(0, CRC_AT), note) !== bytes.readUInt32LE(CRC_AT)) return undefined
  const kind = KINDS[bytes.readUInt16LE(12)]
  const flags = bytes.readUInt16LE(14)
  const firstSeq = readCount(bytes, 16)
  const count = readCount(bytes, 24)
  const wallMs = readCount(bytes, 40)
  const seq = readCount(bytes, 64)
  if (kind === undefined || flags > STATED) return undefined
  if (firstSeq === undefined || count === undefined || wallMs === undefined || seq === undefined) return undefined
  const block: Block = {
    kind,
    isStated: flags === STATED,
    firstSeq,
    count,
    lines: bytes.readUInt32LE(36),
    lineBytes: bytes.readUInt32LE(4),
    lineCrc: bytes.readUInt32LE(8),
    wallMs,
    source: { run: bytes.subarray(48, 48 + ID_BYTES), seq },
    before: bytes.subarray(72, 72 + CHAIN_BYTES),
    chain: bytes.subarray(HASHED_BYTES, HASHED_BYTES + CHAIN_BYTES),
    note,
    head: bytes,
  }
  return isPlausible(block) ? block : undefined
}

/** Whether these are the block's lines: length, CRC and, unless it is stated, the chain. */
export function hasLines(block: Block, lines: Uint8Array): boolean {
  if (lines.length !== block.lineBytes || crcOf(lines) !== block.lineCrc) return false
  return block.isStated || chainOf(block.head, block.note, [lines]) === block.chain.toString('latin1')
}

/** Whether bytes are that many whole lines: what somebody else has sent is not believed. */
export function areLines(bytes: Uint8Array, count: number): boolean {
  let lines = 0
  for (let at = bytes.indexOf(0x0a); at >= 0; at = bytes.indexOf(0x0a, at + 1)) lines++
  return lines === count && (count === 0 ? bytes.length === 0 : bytes[bytes.length - 1] === 0x0a)
}

/** Length of header and note of the block that begins these bytes, as it claims; undefined if that cannot be. */
export function claimedHeadBytes(bytes: Buffer): number | undefined {
  if (bytes.length < HEADER_BYTES || bytes.readUInt32LE(0) !== MAGIC) return undefined
  const note = bytes.readUInt32LE(32)
  return note <= MAX_NOTE_BYTES ? HEADER_BYTES + note : undefined
}

/** One character a byte, which costs half of what a buffer does. */
function chainOf(header: Buffer, note: Buffer, lines: readonly Uint8Array[]): string {
  const bytes = lines.reduce((sum, piece) => sum + piece.length, HASHED_BYTES + note.length)
  if (bytes <= SMALL.length) {
    header.copy(SMALL, 0, 0, HASHED_BYTES)
    SMALL.set(note, HASHED_BYTES)
    let at = HASHED_BYTES + note.length
    for (const piece of lines) {
      SMALL.set(piece, at)
      at += piece.length
    }
    return hash('sha256', SMALL.subarray(0, bytes), 'binary')
  }
  const hashing = createHash('sha256').update(header.subarray(0, HASHED_BYTES))
  if (note.length > 0) hashing.update(note)
  for (const piece of lines) hashing.update(piece)
  return hashing.digest('binary')
}

/** What each kind has to look like. A seq never goes over 2^53-1. */
function isPlausible(block: Block): boolean {
  const { kind, firstSeq, count, lines, lineBytes, isStated } = block
  if (firstSeq < 1 || !Number.isSafeInteger(firstSeq + count) || lineBytes > MAX_BLOCK_BYTES || lineBytes < lines)
    return false
  if (block.note.length > (kind === 'checkpoint' ? MAX_CHECKPOINT_BYTES : MAX_NOTE_BYTES)) return false
  switch (kind) {
    case 'data':
      return !isStated && count >= 1 && lines === count && block.note.length === 0
    case 'loss':
      return lines === 1 && (isStated ? count >= 1 : count === 1)
    case 'hole':
      return isStated && count >= 1 && lines === 1
    case 'fork':
    case 'checkpoint':
      return isStated && count === 0 && lines === 0 && lineBytes === 0
  }
  return kind satisfies never
}
