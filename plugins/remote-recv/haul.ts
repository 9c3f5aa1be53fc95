// Reads a journal for its dispatcher: records with their positions, as few pieces as there are breaks between them.

import type { Work } from '../../src/journal/file-port.js'
import type { JournalReader, ReadDamage } from '../../src/journal/journal-reader.js'
import { spanOf } from '../../src/journal/entry.js'

/** As much is read before it is handed over. */
const HAUL_BYTES = 256 * 1024
const LF = 0x0a

export interface Piece {
  /** The position of the first line; the others follow it. */
  readonly position: number
  readonly lines: Buffer
}

export interface Haul {
  readonly pieces: readonly Piece[]
  readonly damages: readonly ReadDamage[]
  /** Lines that tell of a loss and have no position, nor one that is free before them. */
  readonly unplaced: readonly Buffer[]
  /** Nothing more is durable. */
  readonly isAll: boolean
}

interface Gathering {
  readonly position: number
  readonly chunks: Buffer[]
  next: number
}

/** Goes on where the one before has ended; `from` is the position of the very first. */
export class Hauler {
  readonly #reader: JournalReader
  /** The next position to be handed over. */
  #next: number

  constructor(reader: JournalReader, from: number) {
    this.#reader = reader
    this.#next = from
  }

  *haul(): Work<Haul> {
    const gathered: Gathering[] = []
    const damages: ReadDamage[] = []
    const unplaced: Buffer[] = []
    let bytes = 0
    while (bytes < HAUL_BYTES) {
      const item = yield* this.#reader.next()
      if (item === undefined) return { ...piecesOf(gathered), damages, unplaced, isAll: true }
      if (item.kind === 'damage') {
        damages.push(item)
        continue
      }
      const { position, block } = item.entry
      bytes += item.lines.length
      if (block.lines === 0) continue
      if (spanOf(block) === 0) {
        // It stands for blocks whose positions are free now, and takes the one before it; always the same one.
        if (position - 1 >= this.#next) this.#add(gathered, position - 1, item.lines, 1)
        else unplaced.push(item.lines)
        continue
      }
      const skipped = Math.max(0, this.#next - position)
      if (skipped < block.lines)
        this.#add(gathered, position + skipped, behind(item.lines, skipped), block.lines - skipped)
    }
    return { ...piecesOf(gathered), damages, unplaced, isAll: false }
  }

  #add(gathered: Gathering[], position: number, lines: Buffer, count: number): void {
    const last = gathered.at(-1)
    this.#next = position + count
    if (last?.next === position) {
      last.chunks.push(lines)
      last.next = this.#next
    } else {
      gathered.push({ position, chunks: [lines], next: this.#next })
    }
  }
}

function piecesOf(gathered: readonly Gathering[]): Pick<Haul, 'pieces'> {
  return { pieces: gathered.map(({ position, chunks }) => ({ position, lines: joined(chunks) })) }
}

function joined(chunks: readonly Buffer[]): Buffer {
  const [first] = chunks
  return chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks)
}

/** Without the first `count` lines. */
function behind(lines: Buffer, count: number): Buffer {
  let at = 0
  for (let line = 0; line < count; line++) at = lines.indexOf(LF, at) + 1
  return lines.subarray(at)
}
