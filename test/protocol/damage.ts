import type { Random } from './random.js'
import { HEADER } from './wire.js'

export interface Damaged {
  readonly bytes: Buffer
  /** The stretch of the undamaged stream that was changed. */
  readonly from: number
  readonly to: number
}

const LONGEST_STRETCHES = [1, 4, 40, 400, 4000]
const LONGEST_INSERTS = [1, 4, 20, 300, 4000]
const MOST_EDITS = 3

type Edit = (stretch: Buffer, stream: Buffer, random: Random) => Buffer

const EDITS: readonly Edit[] = [
  flipBit,
  flipBit,
  setByte,
  setByte,
  remove,
  repeat,
  insertRandom,
  insertSame,
  insertFromElsewhere,
]

/** Changes a stretch that begins in one of the headers at `places`, or anywhere. */
export function damage(stream: Buffer, places: readonly number[], random: Random): Damaged {
  const start = random.below(2) === 0 ? random.oneOf(places) + random.below(HEADER) : random.below(stream.length + 1)
  const from = Math.min(start, stream.length)
  const to = Math.min(from + random.below(1 + random.oneOf(LONGEST_STRETCHES)), stream.length)
  let stretch: Buffer = Buffer.from(stream.subarray(from, to))
  for (let edits = 1 + random.below(MOST_EDITS); edits > 0; edits--) {
    stretch = random.oneOf(EDITS)(stretch, stream, random)
  }
  return { bytes: Buffer.concat([stream.subarray(0, from), stretch, stream.subarray(to)]), from, to }
}

function flipBit(stretch: Buffer, _stream: Buffer, random: Random): Buffer {
  const at = random.below(stretch.length)
  if (stretch.length > 0) stretch[at] = (stretch[at] ?? 0) ^ (1 << random.below(8))
  return stretch
}

function setByte(stretch: Buffer, _stream: Buffer, random: Random): Buffer {
  if (stretch.length > 0) stretch[random.below(stretch.length)] = random.oneOf([0x00, 0x01, 0x0a, 0x10, 0x23, 0xff])
  return stretch
}

function remove(stretch: Buffer, _stream: Buffer, random: Random): Buffer {
  const from = random.below(stretch.length + 1)
  const to = from + random.below(stretch.length - from + 1)
  return Buffer.concat([stretch.subarray(0, from), stretch.subarray(to)])
}

function repeat(stretch: Buffer, _stream: Buffer, random: Random): Buffer {
  return insert(stretch, pieceOf(stretch, random), random)
}

function insertRandom(stretch: Buffer, _stream: Buffer, random: Random): Buffer {
  return insert(stretch, random.bytes(random.below(1 + random.oneOf(LONGEST_INSERTS.slice(0, -1)))), random)
}

function insertSame(stretch: Buffer, _stream: Buffer, random: Random): Buffer {
  return insert(stretch, Buffer.alloc(random.below(1 + random.oneOf(LONGEST_INSERTS)), random.below(256)), random)
}

function insertFromElsewhere(stretch: Buffer, stream: Buffer, random: Random): Buffer {
  return insert(stretch, pieceOf(stream, random), random)
}

function pieceOf(bytes: Buffer, random: Random): Buffer {
  const from = random.below(bytes.length + 1)
  return bytes.subarray(from, from + random.below(1 + random.oneOf(LONGEST_INSERTS)))
}

function insert(stretch: Buffer, piece: Buffer, random: Random): Buffer {
  const at = random.below(stretch.length + 1)
  return Buffer.concat([stretch.subarray(0, at), piece, stretch.subarray(at)])
}
