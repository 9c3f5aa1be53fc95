import { positionAfter, type Entry } from './entry.js'
import type { Work } from './file-port.js'
import type { End, SegmentPath, Stretch } from './segment-path.js'
import { SegmentWalk } from './segment-walk.js'
import type { SegmentId } from './segment-name.js'

export interface ReadBlock {
  readonly kind: 'block'
  readonly segment: SegmentId
  readonly entry: Entry
  readonly lines: Buffer
}

/** What was durable and cannot be read. `entry` where the index still says what it was. */
export interface ReadDamage {
  readonly kind: 'damage'
  readonly segment: SegmentId
  readonly idxFrom: number
  readonly idxTo: number
  readonly entry: Entry | undefined
}

/** Blocks in the order of the journal, from a position on, with memory for one at a time. It never sees what is not durable. */
export class JournalReader {
  readonly #path: SegmentPath
  /** What ends above this position has still to be read. */
  readonly #position: number
  readonly #newest: () => End
  #stretches: Stretch[] = []
  #walk: SegmentWalk | undefined
  #at = 0

  constructor(path: SegmentPath, position: number, newest: () => End) {
    this.#path = path
    this.#position = position
    this.#newest = newest
  }

  /** The next one; undefined when there is none yet. */
  *next(): Work<ReadBlock | ReadDamage | undefined> {
    for (;;) {
      const stretch = this.#unchanged() ?? (yield* this.#stretch())
      if (stretch === undefined || this.#walk === undefined) return undefined
      const at = this.#at
      const found = at < stretch.end ? yield* this.#walk.lookAtIndex(at, stretch.end) : undefined
      if (found === undefined) {
        if (this.#stretches.length <= 1) return undefined
        this.#enter(this.#stretches.slice(1))
        continue
      }
      const { segment } = stretch
      this.#at = found.end
      if (found.kind === 'bad-entry')
        return { kind: 'damage', segment, idxFrom: at, idxTo: found.end, entry: undefined }
      const { entry } = found
      if (entry.position >= stretch.beforePosition || entry.block.kind === 'checkpoint') continue
      if (positionAfter(entry) <= this.#position && entry.position < this.#position) continue
      // Only of what is wanted: whoever begins near the end of a segment does not read all of it.
      const lines = yield* this.#walk.linesOf(entry, stretch.logEnd)
      if (lines === undefined) return { kind: 'damage', segment, idxFrom: at, idxTo: found.end, entry }
      return { kind: 'block', segment, entry, lines }
    }
  }

  /** The one being read, unless there is something new to be known of it. */
  #unchanged(): Stretch | undefined {
    const newest = this.#newest()
    const known = this.#stretches.at(-1)
    const isKnown = known !== undefined && isSame(known.segment, newest.segment)
    return isKnown && known.end === newest.idxBytes && known.logEnd === newest.logBytes ? this.#stretches[0] : undefined
  }

  /** The one being read. The newest grows, and when another has been begun behind it, its end is settled. */
  *#stretch(): Work<Stretch | undefined> {
    const newest = this.#newest()
    const current = this.#stretches[0]
    const known = this.#stretches.at(-1)
    if (current === undefined || known === undefined) {
      const stretches = yield* this.#path.from(this.#position, newest)
      this.#enter(stretches)
    } else if (!isSame(known.segment, newest.segment)) {
      const stretches = yield* this.#path.from(current.segment.firstSeq, newest)
      const same = stretches.findIndex(({ segment }) => isSame(segment, current.segment))
      // Given up with nothing in it: what it was to hold is in the next one.
      if (same < 0) this.#enter(stretches)
      else this.#stretches = stretches.slice(same)
    } else if (known.end !== newest.idxBytes || known.logEnd !== newest.logBytes) {
      this.#stretches = [...this.#stretches.slice(0, -1), { ...known, end: newest.idxBytes, logEnd: newest.logBytes }]
    }
    return this.#stretches[0]
  }

  #enter(stretches: Stretch[]): void {
    this.#stretches = stretches
    const first = stretches[0]
    this.#walk = first === undefined ? undefined : new SegmentWalk(first.segment)
    this.#at = first?.from ?? 0
  }
}

/** Asked for each block: names would be dear. */
function isSame(a: SegmentId, b: SegmentId): boolean {
  return a.firstSeq === b.firstSeq && a.retry === b.retry
}
