// What a collector knows of a sender's chain: the other side of own-chain.ts.

import { loadCheckpoint } from './checkpoint.js'
import type { Origin } from './entry.js'
import type { Work } from './file-port.js'
import { walkIndex } from './index-walk.js'
import type { Journal } from './journal.js'

/**
 * The chain behind each of `seqs` of a stream, aligned with them; undefined where no block of it ends, where that is purged, and for what
 * came before its first block here. The newest segments are read first, their indexes only, and none that a checkpoint rules out.
 */
export function* chainsOf(
  journal: Journal,
  of: Pick<Origin, 'principal' | 'stream'>,
  seqs: readonly number[],
): Work<readonly (Buffer | undefined)[]> {
  const state = journal.durable(of)
  if (state === undefined) return seqs.map(() => undefined)
  const search = new Search(seqs.filter((seq) => seq >= state.firstSeq && seq <= state.lastSeq))
  search.learn(state.lastSeq, state.chain)
  for (const stretch of search.isOver ? [] : (yield* journal.stretches(1)).toReversed()) {
    const checkpoint = yield* loadCheckpoint(stretch.segment)
    const before = checkpoint?.table.get(of)
    if (before !== undefined) search.learn(before.lastSeq, before.chain)
    if (search.wantsAbove(before?.lastSeq ?? 0))
      yield* walkIndex(stretch, ({ origin, block }) => {
        if (origin.principal === of.principal && origin.stream === of.stream)
          search.learn(block.firstSeq + block.count - 1, block.chain)
        return search.isOver ? 'enough' : 'on'
      })
    // A stream that the checkpoint does not know began in this segment.
    search.giveUpAbove(checkpoint === undefined ? Infinity : (before?.lastSeq ?? 0))
    if (search.isOver) break
  }
  return seqs.map((seq) => search.found(seq))
}

class Search {
  readonly #open: Set<number>
  readonly #found = new Map<number, Buffer>()

  constructor(seqs: readonly number[]) {
    this.#open = new Set(seqs)
  }

  get isOver(): boolean {
    return this.#open.size === 0
  }

  wantsAbove(seq: number): boolean {
    return [...this.#open].some((each) => each > seq)
  }

  learn(seq: number, chain: Buffer): void {
    // A copy: it shall not hold the window that it was read into.
    if (this.#open.delete(seq)) this.#found.set(seq, Buffer.from(chain))
  }

  giveUpAbove(seq: number): void {
    for (const each of this.#open) if (each > seq) this.#open.delete(each)
  }

  found(seq: number): Buffer | undefined {
    return this.#found.get(seq)
  }
}
