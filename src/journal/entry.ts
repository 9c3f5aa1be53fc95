// An entry of the index: a block's header and note with what this journal alone knows of it, little endian.
//
//     0 magic AJE1   4 bytes of the entry   8 CRC-32 of 0-7 and 12-end   12 bytes of principal, 13 bytes of peer, 14 zero
//    16 position     24 offset of the lines in the .log                  32 since   40 wall time when taken, ms
//    48 stream (16)  64 principal, peer, header, note
//
// `position` counts lines over the whole journal, so in a spool it is the seq. `since` is the offset in this index of the first entry
// of the same commit, so each entry swears that all before that was synced when it was written. Recovery tells a torn tail from
// damage by it: what nobody swears to may be torn.

import { ID_BYTES, HEADER_BYTES, MAX_CHECKPOINT_BYTES, readBlock, type Block } from './block.js'
import { crcOf, readCount, writeCount } from './bytes.js'

const MAGIC = 0x31454a41
const STREAM_AT = 48
const FIXED_BYTES = 64
export const MAX_ENTRY_BYTES = FIXED_BYTES + 255 + 255 + HEADER_BYTES + MAX_CHECKPOINT_BYTES
export const MIN_ENTRY_BYTES = FIXED_BYTES + HEADER_BYTES
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const CONTROL = /[\0-\x1f\x7f]/
const STREAM = /^[0-9a-f]{32}$/
/** How the bytes of every entry begin. */
export const ENTRY_MAGIC = Buffer.from('AJE1')
/** The journal's own stream, by which a spool's blocks are known; its real id stands in meta.json. */
export const OWN_STREAM = '0'.repeat(2 * ID_BYTES)
const NO_STREAM = Buffer.alloc(ID_BYTES)

/** Whose block it is. `principal` is the sender's name, proven by TLS; empty for the journal's own. `stream` is 32 hex digits. */
export interface Origin {
  readonly principal: string
  readonly stream: string
  /** The address that it came from. */
  readonly peer: string
}

export const OWN_ORIGIN: Origin = { principal: '', stream: OWN_STREAM, peer: '' }

/** The bytes of an entry from 48 up to its header. */
interface OriginBytes {
  readonly bytes: Buffer
  readonly principalBytes: number
  readonly peerBytes: number
}

/** Of origins that were found to be writable: whoever has many blocks gives the same one with each. */
const KNOWN = new WeakMap<Origin, OriginBytes>()

export interface Entry {
  readonly origin: Origin
  readonly position: number
  readonly offset: number
  readonly since: number
  readonly takenMs: number
  readonly block: Block
  /** Bytes of the entry itself. */
  readonly size: number
}

export function encodeEntry(entry: Omit<Entry, 'size'>): Buffer {
  const bytes = Buffer.allocUnsafe(entryBytes(entry))
  writeEntry(bytes, 0, entry)
  return bytes
}

/** How long an entry is. */
export function entryBytes({ origin, block }: Pick<Entry, 'origin' | 'block'>): number {
  const known = KNOWN.get(origin)
  const names =
    known === undefined ? nameBytes(origin.principal) + nameBytes(origin.peer) : known.principalBytes + known.peerBytes
  return FIXED_BYTES + names + block.head.length
}

/** Writes it at an offset of a buffer with enough room, and returns where it ends. */
export function writeEntry(bytes: Buffer, at: number, entry: Omit<Entry, 'size'>): number {
  const origin = KNOWN.get(entry.origin) ?? originBytes(entry.origin)
  const { principalBytes, peerBytes } = origin
  const headAt = at + FIXED_BYTES + principalBytes + peerBytes
  const end = headAt + entry.block.head.length
  bytes.writeUInt32LE(MAGIC, at)
  bytes.writeUInt32LE(end - at, at + 4)
  bytes.writeUInt8(principalBytes, at + 12)
  bytes.writeUInt8(peerBytes, at + 13)
  bytes.writeUInt16LE(0, at + 14)
  writeCount(bytes, entry.position, at + 16)
  writeCount(bytes, entry.offset, at + 24)
  writeCount(bytes, entry.since, at + 32)
  writeCount(bytes, entry.takenMs, at + 40)
  origin.bytes.copy(bytes, at + STREAM_AT)
  entry.block.head.copy(bytes, headAt)
  bytes.writeUInt32LE(crcOf(bytes.subarray(at, at + 8), bytes.subarray(at + 12, end)), at + 8)
  return end
}

/** The size that the entry beginning these bytes claims; undefined if none begins here. */
export function claimedEntryBytes(bytes: Buffer): number | undefined {
  if (bytes.length < 8 || bytes.readUInt32LE(0) !== MAGIC) return undefined
  const size = bytes.readUInt32LE(4)
  return size >= MIN_ENTRY_BYTES && size <= MAX_ENTRY_BYTES ? size : undefined
}

/** The entry that these bytes begin with; undefined if they do not begin with a whole and undamaged one. Never throws. */
export function readEntry(bytes: Buffer): Entry | undefined {
  const size = claimedEntryBytes(bytes)
  if (size === undefined || size > bytes.length) return undefined
  const whole = bytes.length === size ? bytes : bytes.subarray(0, size)
  if (crcOf(whole.subarray(0, 8), whole.subarray(12)) !== whole.readUInt32LE(8) || whole.readUInt16LE(14) !== 0)
    return undefined
  const principalEnd = FIXED_BYTES + whole.readUInt8(12)
  const peerEnd = principalEnd + whole.readUInt8(13)
  const block = readBlock(whole.subarray(peerEnd))
  const position = readCount(whole, 16)
  const offset = readCount(whole, 24)
  const since = readCount(whole, 32)
  const takenMs = readCount(whole, 40)
  if (block === undefined) return undefined
  if (position === undefined || offset === undefined || since === undefined || takenMs === undefined) return undefined
  const origin = originIn(whole, principalEnd, peerEnd)
  return { origin, position, offset, since, takenMs, block, size }
}

/** A spool has no other than its own: text for each of its blocks would be dear. */
function originIn(whole: Buffer, principalEnd: number, peerEnd: number): Origin {
  if (peerEnd === FIXED_BYTES && whole.compare(NO_STREAM, 0, ID_BYTES, STREAM_AT, FIXED_BYTES) === 0) return OWN_ORIGIN
  return {
    principal: whole.toString('utf8', FIXED_BYTES, principalEnd),
    peer: whole.toString('utf8', principalEnd, peerEnd),
    stream: whole.toString('hex', STREAM_AT, STREAM_AT + ID_BYTES),
  }
}

/**
 * The positions that a block takes: one a line, whatever a sender says that a HOLE covers. A stated LOSS takes none: the blocks that it
 * stands for had positions of their own, here and there between those of other streams, and what survived of those keeps its own.
 */
export function spanOf(block: Block): number {
  return block.kind === 'loss' && block.isStated ? 0 : block.lines
}

/** The position behind an entry. */
export function positionAfter({ position, block }: Pick<Entry, 'position' | 'block'>): number {
  return position + spanOf(block)
}

/**
 * Whether `origin` can be written: names of at most 255 bytes, an id of 32 hex digits. No control bytes: whoever searches a damaged index
 * for the next entry must not find one that a sender has put into a name.
 */
export function isOrigin(origin: Origin): boolean {
  if (KNOWN.has(origin)) return true
  if (!isName(origin.principal) || !isName(origin.peer) || !STREAM.test(origin.stream)) return false
  KNOWN.set(origin, originBytes(origin))
  return true
}

function originBytes({ principal, peer, stream }: Origin): OriginBytes {
  const principalBytes = nameBytes(principal)
  const peerBytes = nameBytes(peer)
  const bytes = Buffer.alloc(ID_BYTES + principalBytes + peerBytes)
  bytes.write(stream, 0, ID_BYTES, 'hex')
  bytes.write(principal, ID_BYTES)
  bytes.write(peer, ID_BYTES + principalBytes)
  return { bytes, principalBytes, peerBytes }
}

function isName(name: string): boolean {
  return Buffer.byteLength(name) <= 255 && !CONTROL.test(name)
}

function nameBytes(name: string): number {
  const bytes = name === '' ? 0 : Buffer.byteLength(name)
  if (bytes > 255) throw new RangeError(`a name of ${bytes} bytes does not fit an entry`)
  return bytes
}
