// Every byte of a journal is read again and judged, step by step, so that it can be done beside whatever else goes on. What is purged
// meanwhile is no finding: the oldest segments go first, so when one that has just been read is still there, it was whole while it was
// read, and when it is gone, all before it is gone too and the judgement begins anew behind it.

import { loadCheckpoint } from './checkpoint.js'
import { listFiles, type ListedFile, type Work } from './file-port.js'
import { Judge, type Verification } from './judge.js'
import { newestOf } from './newest.js'
import type { Stretch } from './segment-path.js'
import { SegmentWalk } from './segment-walk.js'
import { idxName, logName, segmentName, type SegmentId } from './segment-name.js'

/** A walk over a journal with no more memory than a block, a row a stream, and the findings. */
export class Scrub {
  readonly #stretches: readonly Stretch[]
  #judge = new Judge()
  /** The stretch that is being read. */
  #index = 0
  #walk: SegmentWalk | undefined
  #at = 0
  #logEnd = 0
  #judged = 0;

  /** All that lies in the directory; of a journal that is open elsewhere, as far as it is written now. */
  static *ofFiles(): Work<Scrub> {
    const newest = yield* newestOf()
    return new Scrub(newest === undefined ? [] : yield* newest.path.from(0, newest.end))
  }

  /** What `Journal.stretches` says: of one that is open here, as far as it is durable now. */
  constructor(stretches: readonly Stretch[]) {
    this.#stretches = stretches
    this.#enter(0)
  }

  /** Reads about so many bytes; the verdict when all is read. */
  *step(bytes: number): Work<Verification | undefined> {
    let left = bytes
    while (left > 0) {
      const stretch = this.#stretches[this.#index]
      if (stretch === undefined) return this.#verdict()
      const { segment } = stretch
      this.#walk ??= yield* this.#begin(segment)
      const at = this.#at
      const found = at < stretch.end ? yield* this.#walk.look(at, stretch.end, stretch.logEnd) : undefined
      if (found === undefined || (found.kind !== 'bad-entry' && found.entry.position >= stretch.beforePosition)) {
        yield* this.#finish(stretch)
        continue
      }
      this.#at = found.kind === 'bad-entry' ? found.end : at + found.entry.size
      left -= this.#at - at
      if (found.kind === 'bad-entry') {
        this.#judge.see({ kind: 'damage', segment, idxFrom: at, idxTo: found.end, entry: undefined })
        continue
      }
      const { entry } = found
      left -= entry.block.lineBytes
      this.#logEnd = Math.max(this.#logEnd, entry.offset + entry.block.lineBytes)
      if (entry.block.kind === 'checkpoint') continue
      if (found.kind === 'block') this.#judge.see({ kind: 'block', segment, entry, lines: found.lines })
      else this.#judge.see({ kind: 'damage', segment, idxFrom: at, idxTo: this.#at, entry })
    }
    return undefined
  }

  *#begin(segment: SegmentId): Work<SegmentWalk> {
    const checkpoint = yield* loadCheckpoint(segment)
    if (checkpoint !== undefined) this.#judge.begin(checkpoint.table)
    return new SegmentWalk(segment)
  }

  /** At the end of a segment: what it was worth. */
  *#finish(stretch: Stretch): Work<void> {
    const files = yield* listFiles()
    const isNewest = this.#index === this.#stretches.length - 1
    const isGone = !isNewest && !files.some(({ name }) => name === idxName(stretch.segment))
    const extra = Math.min(sizeOf(files, logName(stretch.segment)), isNewest ? stretch.logEnd : Infinity) - this.#logEnd
    if (isGone) this.#judge = new Judge()
    else if (extra > 0) this.#judge.leftOver(stretch.segment, extra)
    this.#judged = isGone ? 0 : this.#judged + 1
    this.#enter(this.#index + 1)
  }

  #enter(index: number): void {
    const stretch = this.#stretches[index]
    this.#index = index
    this.#walk = undefined
    this.#at = stretch?.from ?? 0
    this.#logEnd = 0
  }

  #verdict(): Verification {
    const newest = this.#stretches.at(-1)?.segment
    return this.#judge.verdict(this.#judged, newest === undefined ? '' : segmentName(newest))
  }
}

/** The whole of it at once. */
export function* verify(): Work<Verification> {
  const scrub = yield* Scrub.ofFiles()
  for (;;) {
    const verification = yield* scrub.step(Infinity)
    if (verification !== undefined) return verification
  }
}

function sizeOf(files: readonly ListedFile[], name: string): number {
  return files.find((file) => file.name === name)?.bytes ?? 0
}
