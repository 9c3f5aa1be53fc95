import type { LostReason } from '../protocol/line.js'
import { Deque } from './deque.js'
import {
  dropBeginning,
  gapOf,
  isDense,
  joined,
  moveTo,
  takeBeginning,
  trim,
  upToSeq,
  widened,
  type Beginning,
  type Entry,
  type Gap,
  type Run,
} from './entry.js'
import type { Segment, SegmentLog } from './segment.js'

/** Lost ranges in a row, of changing reasons; any more are told with the reason of the last. */
const MAX_GAPS_IN_A_ROW = 64

/** Runs of records and lost ranges in the order of their seqs; neighbours of a kind are one. */
export class EntryList {
  readonly #entries = new Deque<Entry>()
  #bytes = 0
  #runs = 0
  /** Lost ranges right behind the first entry, and at the end: so many at least, so as not to look for runs among them. */
  #gapsBehindFirst = 0
  #gapsAtEnd = 0
  /** What comes to a seq above it came since a segment was sealed. */
  #sealedTo = 0

  /** Bytes of the runs. */
  get bytes(): number {
    return this.#bytes
  }

  get length(): number {
    return this.#entries.length
  }

  get first(): Entry | undefined {
    return this.#entries.at(0)
  }

  at(index: number): Entry | undefined {
    return this.#entries.at(index)
  }

  get firstRun(): Run | undefined {
    return asRun(this.at(this.runFrom(0)))
  }

  /** Where the first run stands that is not before `index`, or -1. */
  runFrom(index: 0 | 1): number {
    if (this.#runs === 0) return -1
    if (index === 0 && this.first?.kind === 'run') return 0
    while (this.at(1 + this.#gapsBehindFirst)?.kind === 'gap') this.#gapsBehindFirst++
    return 1 + this.#gapsBehindFirst < this.length ? 1 + this.#gapsBehindFirst : -1
  }

  get lastRun(): Run | undefined {
    if (this.#runs === 0) return undefined
    while (this.at(this.length - 1 - this.#gapsAtEnd)?.kind === 'gap') this.#gapsAtEnd++
    return asRun(this.at(this.length - 1 - this.#gapsAtEnd))
  }

  /** Takes over what the entry holds. */
  append(entry: Entry): void {
    this.#bytes += sizeOf(entry)
    if (!this.#isOneWith(this.length - 1, entry)) this.#insert(this.length, entry)
  }

  /** Takes over what the entries hold, which stand before all others. */
  prepend(entries: readonly Entry[]): void {
    if (entries.length === 0) return
    const behind = this.takeAll()
    for (const entry of entries) this.append(entry)
    for (const entry of behind) this.append(entry)
  }

  /** Takes the first entry off; the caller holds it. */
  takeFirst(): Entry | undefined {
    const { first } = this
    if (first === undefined) return undefined
    this.#bytes -= sizeOf(first)
    this.#remove(0)
    return first
  }

  /** Takes the beginning of the run that stands first off, or all of it. */
  takeBeginning(run: Run, beginning: Beginning): Run {
    const isAll = beginning.records === run.records
    if (isAll) this.#remove(0)
    const taken = isAll ? run : takeBeginning(run, beginning)
    this.#bytes -= sizeOf(taken)
    return taken
  }

  /** Parts the first run in two. */
  splitFirst(run: Run, beginning: Beginning): void {
    if (beginning.records < run.records) this.#insert(0, takeBeginning(run, beginning))
  }

  dropFirst(): void {
    letGo(this.takeFirst())
  }

  /**
   * Drops everything up to `seq`; returns how many records and how many lost ranges that were. With `onGap` nothing here is
   * on its way: then of a lost range too any beginning goes, if no record in it is this plugin's but those that are lost.
   * It is called with each such range, before it changes, and with how many lost records go.
   */
  dropTo(seq: number, onGap?: (gap: Gap, count: number) => void): { records: number; gaps: number } {
    let records = 0
    let gaps = 0
    for (let first = this.first; first !== undefined && first.first <= seq; first = this.first) {
      if (first.last <= seq) {
        if (first.kind === 'run') records += first.records
        else {
          gaps++
          onGap?.(first, first.count)
        }
        this.dropFirst()
        continue
      }
      if (first.kind === 'run') {
        const beginning = upToSeq(first, seq)
        records += beginning.records
        this.#bytes -= beginning.end - first.start
        dropBeginning(first, beginning)
      } else if (onGap !== undefined && isDense(first)) {
        onGap(first, seq - first.first + 1)
        trim(first, seq)
      }
      break
    }
    return { records, gaps }
  }

  /** Puts a lost range in the place of the beginning of the run at `index`; returns where the range stands. */
  lose(index: number, run: Run, beginning: Beginning, reason: LostReason): number {
    const gap = gapOf(reason, beginning.records, run.first, beginning.last)
    this.#bytes -= beginning.end - run.start
    if (beginning.records < run.records) dropBeginning(run, beginning)
    else {
      this.#remove(index)
      letGo(run)
    }
    const at = this.#isOneWith(index - 1, gap) ? index - 1 : index
    if (at === index) this.#insert(index, gap)
    for (let behind = this.at(at + 1); behind?.kind === 'gap'; behind = this.at(at + 1)) {
      if (!this.#isOneWith(at, behind)) break
      this.#remove(at + 1)
    }
    return at
  }

  /** Makes lost ranges of all runs. */
  loseAll(reason: LostReason): void {
    for (const entry of this.takeAll()) {
      this.append(entry.kind === 'run' ? gapOf(reason, entry.records, entry.first, entry.last) : entry)
      if (entry.kind === 'run') entry.segment.release()
    }
  }

  /** Copies what lies in `segment`, of what came since noteSealed(), into `log`. */
  moveOutOf(segment: Segment, log: SegmentLog): void {
    for (const entry of this.#takeNew()) {
      if (entry.kind === 'run' && entry.segment === segment) moveTo(entry, log)
      this.append(entry)
    }
  }

  /** Bytes that lie in `segment`, of what came since noteSealed(). */
  bytesIn(segment: Segment): number {
    let bytes = 0
    for (let index = this.#firstNew; index < this.length; index++) {
      const run = asRun(this.at(index))
      if (run?.segment === segment) bytes += sizeOf(run)
    }
    return bytes
  }

  /** Takes everything; the caller holds it. */
  takeAll(): Entry[] {
    this.#bytes = this.#runs = this.#gapsBehindFirst = this.#gapsAtEnd = 0
    return this.#entries.takeAll()
  }

  clear(): void {
    for (const entry of this.takeAll()) letGo(entry)
  }

  /** A segment is full: nothing that comes from now on lies in it. */
  noteSealed(): void {
    this.#sealedTo = this.#entries.last?.last ?? this.#sealedTo
  }

  /** Where the first entry stands, or one before it, that came since noteSealed(). */
  get #firstNew(): number {
    let index = this.length
    while ((this.at(index - 1)?.last ?? 0) > this.#sealedTo) index--
    return index
  }

  #takeNew(): Entry[] {
    const index = this.#firstNew
    const entries = this.#entries.takeFrom(index)
    for (const entry of entries) {
      this.#bytes -= sizeOf(entry)
      if (entry.kind === 'run') this.#runs--
    }
    this.#gapsBehindFirst = Math.min(this.#gapsBehindFirst, Math.max(0, index - 1))
    this.#gapsAtEnd = 0
    return entries
  }

  /** Makes one of what stands at `index` and what follows it, if they are neighbours of a kind, or of too many. */
  #isOneWith(index: number, after: Entry): boolean {
    const before = this.at(index)
    return joined(before, after) || (this.#isRowBefore(index + 1) && widened(before, after))
  }

  /** Whether as many lost ranges as may be stand in a row before `index`. */
  #isRowBefore(index: number): boolean {
    if (index < MAX_GAPS_IN_A_ROW) return false
    for (let back = 1; back <= MAX_GAPS_IN_A_ROW; back++) if (this.at(index - back)?.kind === 'run') return false
    return true
  }

  #insert(index: number, entry: Entry): void {
    const behind = this.length - index
    const isGap = entry.kind === 'gap'
    if (!isGap) this.#runs++
    if (index === 0) this.#gapsBehindFirst = this.first?.kind === 'gap' ? this.#gapsBehindFirst + 1 : 0
    else if (index <= this.#gapsBehindFirst + 1) this.#gapsBehindFirst = isGap ? this.#gapsBehindFirst + 1 : index - 1
    if (behind <= this.#gapsAtEnd) this.#gapsAtEnd = isGap ? this.#gapsAtEnd + 1 : behind
    this.#entries.insert(index, entry)
  }

  #remove(index: number): void {
    if (this.at(index)?.kind === 'run') this.#runs--
    if (index <= this.#gapsBehindFirst) this.#gapsBehindFirst = Math.max(0, this.#gapsBehindFirst - 1)
    if (this.length - 1 - index < this.#gapsAtEnd) this.#gapsAtEnd--
    this.#entries.remove(index)
  }
}

function asRun(entry: Entry | undefined): Run | undefined {
  return entry?.kind === 'run' ? entry : undefined
}

function sizeOf(entry: Entry): number {
  return entry.kind === 'run' ? entry.end - entry.start : 0
}

function letGo(entry: Entry | undefined): void {
  if (entry?.kind === 'run') entry.segment.release()
}
