// What a spool knows of its own chain, for a sender and a receiver that look for the last block which both have. Only indexes are read.

import { loadCheckpoint } from './checkpoint.js'
import { OWN_ORIGIN, OWN_STREAM, type Entry } from './entry.js'
import type { Work } from './file-port.js'
import { walkIndex } from './index-walk.js'
import type { Journal } from './journal.js'
import type { Stretch } from './segment-path.js'

/** The chain behind a block that ends with this seq. */
export interface ChainPoint {
  readonly seq: number
  readonly chain: Buffer
}

/**
 * The chain behind `seq` of the journal's own stream, in a journal that has no other: what a receiver's memory of it is compared with.
 * Also behind the last block that is freed. Undefined if no block ends there, or its neighbours cannot be read any more.
 */
export function* ownChainAt(journal: Journal, seq: number): Work<Buffer | undefined> {
  const own = journal.durable()
  if (own === undefined || seq > own.lastSeq) return undefined
  if (seq === own.lastSeq) return own.chain
  const [stretch] = yield* journal.stretches(seq + 1)
  let chain: Buffer | undefined
  if (stretch !== undefined)
    yield* walkIndex(stretch, (entry) => {
      const { firstSeq, before } = entry.block
      if (isOwn(entry) && firstSeq === seq + 1) chain = before
      else if (isOwn(entry) && lastSeqOf(entry) === seq) ({ chain } = entry.block)
      return chain !== undefined || firstSeq > seq ? 'enough' : 'on'
    })
  // A copy: it shall not hold the window that it was read into.
  return chain === undefined ? undefined : Buffer.from(chain)
}

/**
 * Up to `count` ends of own blocks above `from` and up to `to`, evenly spread, in order. Where the range spans segments, their borders
 * are enough for a first look; within one it is the blocks, all of them if they are not more than `count`.
 */
export function* sampleOwn(journal: Journal, from: number, to: number, count: number): Work<readonly ChainPoint[]> {
  const last = Math.min(to, journal.durable()?.lastSeq ?? 0)
  if (count < 1 || last <= from) return []
  const stretches = yield* journal.stretches(from + 1)
  const isInside = ({ segment }: Stretch): boolean => segment.firstSeq - 1 > from && segment.firstSeq - 1 <= last
  const borders = stretches.filter(isInside)
  if (borders.some(({ segment }) => segment.firstSeq - 1 < last)) return yield* chainsAtBorders(evenly(borders, count))
  const blocks = new Thinned(count)
  // All before the first segment is freed, and only what it ended with is known.
  for (const point of yield* chainsAtBorders(stretches.slice(0, 1).filter(isInside))) blocks.add(point)
  for (const stretch of stretches)
    yield* walkIndex(stretch, (entry) => {
      const seq = lastSeqOf(entry)
      if (seq > last) return 'enough'
      if (isOwn(entry) && seq > from) blocks.add({ seq, chain: Buffer.from(entry.block.chain) })
      return 'on'
    })
  return blocks.all
}

/** Each checkpoint says what the stream had come to before its segment. */
function* chainsAtBorders(stretches: readonly Stretch[]): Work<ChainPoint[]> {
  const points: ChainPoint[] = []
  for (const { segment } of stretches) {
    const own = (yield* loadCheckpoint(segment))?.table.get(OWN_ORIGIN)
    if (own !== undefined && own.lastSeq > (points.at(-1)?.seq ?? 0))
      points.push({ seq: own.lastSeq, chain: Buffer.from(own.chain) })
  }
  return points
}

/** Points that come one by one, nobody knows how many: never more than twice as many are held as are wanted. */
class Thinned {
  readonly #count: number
  #kept: ChainPoint[] = []
  #seen = 0
  #step = 1
  #last: ChainPoint | undefined

  constructor(count: number) {
    this.#count = count
  }

  add(point: ChainPoint): void {
    if (point.seq <= (this.#last?.seq ?? -1)) return
    this.#last = point
    if (this.#seen++ % this.#step !== 0) return
    if (this.#kept.length === 2 * this.#count) {
      this.#kept = this.#kept.filter((_, index) => index % 2 === 0)
      this.#step *= 2
    }
    if ((this.#seen - 1) % this.#step === 0) this.#kept.push(point)
  }

  get all(): readonly ChainPoint[] {
    const isLastKept = this.#last === undefined || this.#kept.at(-1) === this.#last
    return evenly(
      isLastKept ? this.#kept : [...this.#kept, ...(this.#last === undefined ? [] : [this.#last])],
      this.#count,
    )
  }
}

/** At most `count` of them; the last is always among them. */
function evenly<T>(items: readonly T[], count: number): readonly T[] {
  if (items.length <= count) return items
  return Array.from(
    { length: count },
    (_, index) => items[Math.ceil(((index + 1) * items.length) / count) - 1],
  ).flatMap((item) => item ?? [])
}

function isOwn({ origin }: Entry): boolean {
  return origin.stream === OWN_STREAM && origin.principal === OWN_ORIGIN.principal
}

function lastSeqOf({ block }: Entry): number {
  return block.firstSeq + block.count - 1
}
