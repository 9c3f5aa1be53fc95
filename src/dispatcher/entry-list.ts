import type { LostReason } from '../protocol/line.js'
import {
  dropBeginning,
  gapOf,
  isRun,
  joined,
  moveTo,
  takeBeginning,
  upToSeq,
  widen,
  type Beginning,
  type Entry,
  type Run,
} from './entry.js'
import type { Segment, SegmentLog } from './segment.js'

/** Lost ranges in a row, of changing reasons; any more are told with the reason of the last. */
const MAX_GAPS_IN_A_ROW = 64

/** Runs of records and lost ranges in the order of their seqs; neighbours of a kind are one. */
export class EntryList {
  #entries: Entry[] = []
  #bytes = 0

  /** Bytes of the runs. */
  get bytes(): number {
    return this.#bytes
  }

  get length(): number {
    return this.#entries.length
  }

  get first(): Entry | undefined {
    return this.#entries[0]
  }

  at(index: number): Entry | undefined {
    return this.#entries[index]
  }

  get firstRun(): Run | undefined {
    return this.#entries.find(isRun)
  }

  /** Where the first run stands, or -1. */
  get firstRunAt(): number {
    return this.#entries.findIndex(isRun)
  }

  get lastRun(): Run | undefined {
    return this.#entries.findLast(isRun)
  }

  /** Takes over what the entry holds. */
  append(entry: Entry): void {
    this.#bytes += sizeOf(entry)
    const last = this.#entries.at(-1)
    if (joined(last, entry)) return
    if (entry.kind === 'gap' && last?.kind === 'gap' && last.line === undefined && this.#endsInGaps) widen(last, entry)
    else this.#entries.push(entry)
  }

  prepend(entry: Entry): void {
    this.#bytes += sizeOf(entry)
    const first = this.#entries[0]
    this.#entries.unshift(entry)
    if (first !== undefined && joined(entry, first)) this.#entries.splice(1, 1)
  }

  /** Takes the first entry off; the caller holds it. */
  takeFirst(): Entry | undefined {
    const first = this.#entries.shift()
    if (first !== undefined) this.#bytes -= sizeOf(first)
    return first
  }

  /** Takes the beginning of the run that stands first off, or all of it. */
  takeBeginning(run: Run, beginning: Beginning): Run {
    if (beginning.records === run.records) this.#entries.shift()
    const taken = beginning.records === run.records ? run : takeBeginning(run, beginning)
    this.#bytes -= sizeOf(taken)
    return taken
  }

  /** Parts the first run in two. */
  splitFirst(run: Run, beginning: Beginning): void {
    if (beginning.records < run.records) this.#entries.unshift(takeBeginning(run, beginning))
  }

  dropFirst(): void {
    letGo(this.takeFirst())
  }

  /** Drops everything up to `seq`; returns how many records and how many lost ranges that were. */
  dropTo(seq: number): { records: number; gaps: number } {
    let records = 0
    let gaps = 0
    for (let first = this.#entries[0]; first !== undefined && first.first <= seq; first = this.#entries[0]) {
      if (first.last <= seq) {
        if (first.kind === 'run') records += first.records
        else gaps++
        this.dropFirst()
        continue
      }
      // A lost range is acknowledged whole; of a run any beginning may be.
      if (first.kind === 'gap') break
      const beginning = upToSeq(first, seq)
      records += beginning.records
      this.#bytes -= beginning.end - first.start
      dropBeginning(first, beginning)
      break
    }
    return { records, gaps }
  }

  /** Puts a lost range in the place of the beginning of the run at `index`; returns where the range stands. */
  lose(index: number, run: Run, beginning: Beginning, reason: LostReason): number {
    const gap = gapOf(reason, beginning.records, run.first, beginning.last)
    this.#bytes -= beginning.end - run.start
    if (beginning.records < run.records) dropBeginning(run, beginning)
    else letGo(this.#entries.splice(index, 1)[0])
    const isMerged = index > 0 && joined(this.#entries[index - 1], gap)
    if (!isMerged) this.#entries.splice(index, 0, gap)
    const at = isMerged ? index - 1 : index
    // Two ranges may stand behind it, of which the first could not grow any more.
    for (let behind = this.#entries[at + 1]; behind?.kind === 'gap'; behind = this.#entries[at + 1]) {
      if (!joined(this.#entries[at], behind)) break
      this.#entries.splice(at + 1, 1)
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

  /** Copies what lies in `segment` into `log`. */
  moveOutOf(segment: Segment, log: SegmentLog): void {
    for (const entry of this.takeAll()) {
      if (entry.kind === 'run' && entry.segment === segment) moveTo(entry, log)
      this.append(entry)
    }
  }

  /** Bytes that lie in `segment`. */
  bytesIn(segment: Segment): number {
    let bytes = 0
    for (const entry of this.#entries) if (entry.kind === 'run' && entry.segment === segment) bytes += sizeOf(entry)
    return bytes
  }

  get #endsInGaps(): boolean {
    const end = this.#entries.slice(-MAX_GAPS_IN_A_ROW)
    return end.length === MAX_GAPS_IN_A_ROW && !end.some(isRun)
  }

  /** Takes everything; the caller holds it. */
  takeAll(): Entry[] {
    const entries = this.#entries
    this.#entries = []
    this.#bytes = 0
    return entries
  }

  clear(): void {
    for (const entry of this.takeAll()) letGo(entry)
  }
}

function sizeOf(entry: Entry): number {
  return entry.kind === 'run' ? entry.end - entry.start : 0
}

function letGo(entry: Entry | undefined): void {
  if (entry?.kind === 'run') entry.segment.release()
}
