// One plugin's queue: the records that wait for it, and the last that it was given.
//
// Both are lists of spans, each a run of whole records in a shared segment. `#waiting` is what the plugin has not been
// given yet; `#partial` bytes of its first record are in the FIFO already. `#written` is what has been written to the
// FIFO, kept for as long as a pipe can hold it, because a dead plugin's unread bytes come back (takeBack).
//
//     #written [ ........ may come back ........ ]   #waiting [ first record .......... ]
//                                                              ^^^ #partial bytes of it
//
// A turn costs a healthy plugin no object per record: runs grow at their end and are moved whole, and records are counted
// as runs. Boundaries are looked for only where a run must be cut: at a short write, a full queue, a death.
//
// Bounds: `depth` records and `bytes` bytes wait at most; then the overflow action decides. What a death brings back may
// stand above that by what a pipe holds, and with `block` by what one read brought in. Segments of which a queue holds
// little are not pinned by it for longer than until they are sealed: settle() then copies that little out, so that a
// thousand rare records do not keep a thousand segments alive.

import { wholeRecords, type Format } from './format.js'
import { emptyLedger, type DropReason, type Ledger } from './ledger.js'
import { SegmentLog, type Segment, type SegmentPool } from './segment.js'
import type { QueueLimits } from './settings.js'
import { SpanList, type Span } from './span-list.js'

/** Written bytes kept for a death: more than a pipe holds, also one that its plugin has made larger (fs.pipe-max-size). */
export const KEPT_BYTES = (1 << 20) + (1 << 16)

/** A queue that has lost records counts as recovered when it is down to this share of its limits. */
const RECOVERED_SHARE = 0.5

/** A queue with `block` that made the door shut lets it open again at this share of its limits. */
const UNBLOCKED_SHARE = 0.75

/** A queue that holds less than this share of a sealed segment copies its records out of it. */
const WORTH_PINNING = 0.9

type Flow =
  | { readonly kind: 'open' }
  | { readonly kind: 'losing'; readonly lost: number }
  | { readonly kind: 'suspended'; readonly lost: number }
  /** Nothing is taken any more: the plugin has failed or is being removed. */
  | { readonly kind: 'shut'; readonly reason: 'failed' | 'stopped'; readonly lost: number }

const OPEN: Flow = { kind: 'open' }

/** The queue's owner. It is called in the middle of taking records, so of a loss it must only take note. */
export interface QueueWatcher {
  /** The queue is full and more is to come: writes what the plugin takes now. */
  makeRoom(): void
  lossBegan(reason: DropReason): void
  lossEnded(lost: number): void
}

export class Queue {
  readonly ledger: Ledger = emptyLedger()
  readonly format: Format
  readonly #pool: SegmentPool
  readonly #watcher: QueueWatcher
  readonly #waiting = new SpanList()
  readonly #written = new SpanList()
  #limits: QueueLimits
  #flow: Flow = OPEN
  #partial = 0
  /** Bytes behind them that are on their way and may go in at any moment. */
  #handedOver = 0
  /** Copies of what would pin a shared segment; made when first needed. */
  #own: SegmentLog | undefined

  constructor(format: Format, limits: QueueLimits, pool: SegmentPool, watcher: QueueWatcher) {
    this.format = format
    this.#limits = limits
    this.#pool = pool
    this.#watcher = watcher
  }

  get isEmpty(): boolean {
    return this.#waiting.bytes === 0
  }

  get waitingBytes(): number {
    return this.#waiting.bytes - this.#partial
  }

  get flow(): Flow['kind'] {
    return this.#flow.kind
  }

  /** True while a plugin with `overflow_action = block` wants the door shut. */
  get blocks(): boolean {
    return this.#limits.overflow === 'block' && this.#flow.kind !== 'shut' && this.#isAbove(1)
  }

  /** False as long as a door that this queue made shut should stay so. */
  get unblocks(): boolean {
    return this.#limits.overflow !== 'block' || this.#flow.kind === 'shut' || !this.#isAbove(UNBLOCKED_SHARE)
  }

  setLimits(limits: QueueLimits): void {
    this.#limits = limits
  }

  /**
   * Takes `records` whole records, the bytes [start, end) of `segment`, or drops them as the overflow action says.
   * `ownRecord`: it is one that the daemon made, whose loss is counted but never told, nor the reason for a loss.
   */
  offer(segment: Segment, start: number, end: number, records: number, ownRecord = false): void {
    const flow = this.#flow
    if (flow.kind === 'shut') return this.#drop(flow.reason, records)
    if (flow.kind === 'suspended') return this.#drop('suspended', records)
    if (this.#limits.overflow === 'block' || this.#hasRoom(records, end - start)) {
      return this.#append(segment, start, end, records)
    }
    const rest = this.#takeWhatFits(segment, start, records)
    if (rest.records > 0) this.#overflow(segment, rest.start, end, rest.records, ownRecord)
  }

  /** Takes one record that is for this plugin alone, in its format. */
  offerAlone(record: Buffer): void {
    const segment = this.#ownLog.reserve(record.length)
    const start = segment.used
    segment.used += record.copy(segment.bytes, start)
    this.ledger.in++
    this.offer(segment, start, segment.used, 1, true)
  }

  /** Counts records that this plugin's format cannot carry. */
  dropTooLong(records: number): void {
    this.#drop('too-long', records)
  }

  /** The bytes to write next, within one segment; undefined when nothing waits. */
  next(): Span | undefined {
    const first = this.#waiting.first
    if (first === undefined) return undefined
    return { segment: first.segment, start: first.start + this.#partial, end: first.end }
  }

  /** A copy of the first of these bytes, at most `limit`, to be written later; they stay in their place until wrote(). */
  handOver(limit: number): Buffer {
    const run = this.next()
    if (run === undefined) return Buffer.alloc(0)
    this.#handedOver = Math.min(limit, run.end - run.start)
    return Buffer.from(run.segment.bytes.subarray(run.start, run.start + this.#handedOver))
  }

  /** `count` bytes of next() have been written. */
  wrote(count: number): void {
    const first = this.#waiting.first
    this.#handedOver = 0
    if (first === undefined || count === 0) return
    const to = first.start + this.#partial + count
    const everything = to === first.end && this.#waiting.length === 1
    const run = everything
      ? { end: to, records: this.ledger.queued }
      : wholeRecords(this.format, first.segment.bytes, first.start, to)
    this.#partial = to - run.end
    this.ledger.queued -= run.records
    this.ledger.delivered += run.records
    this.#written.append(first.segment, first.start, run.end)
    this.#waiting.cutFirst(run.end)
    while (this.#written.length > 1 && this.#written.bytes - this.#written.firstBytes >= KEPT_BYTES) {
      this.#written.dropFirst()
    }
    this.#noticeRecovery()
  }

  /**
   * The process is gone and left the last `unread` bytes that were written to it unread. Records that it has not read whole
   * stand first in line again, whole. Returns how many unread bytes had been let go before and so cannot be given back.
   */
  takeBack(unread: number): number {
    let inWhole = Math.max(0, unread - this.#partial)
    this.#partial = 0
    this.#handedOver = 0
    while (inWhole > 0) {
      const last = this.#written.takeLast()
      if (last === undefined) break
      const length = last.end - last.start
      const begun =
        length > inWhole
          ? wholeRecords(this.format, last.segment.bytes, last.start, last.end - inWhole).end
          : last.start
      const { records } = wholeRecords(this.format, last.segment.bytes, begun, last.end)
      inWhole = Math.max(0, inWhole - length)
      this.ledger.queued += records
      this.ledger.delivered -= records
      this.#waiting.prepend(last.segment, begun, last.end)
      last.segment.release()
    }
    this.#written.clear()
    return inWhole
  }

  /** Takes records again after a suspension. */
  resume(): void {
    if (this.#flow.kind === 'suspended') this.#endLoss(this.#flow.lost)
  }

  /** Drops what waits and all that is still to come, until reopen(). Returns how many records waited. */
  shut(reason: 'failed' | 'stopped'): number {
    const waited = this.ledger.queued
    this.#flow = { kind: 'shut', reason, lost: this.#lost }
    this.#drop(reason, waited)
    this.ledger.queued = 0
    this.#partial = 0
    this.#handedOver = 0
    this.#waiting.clear()
    this.#written.clear()
    return waited
  }

  /** Takes records again; returns how many were lost since it was shut, or since the loss that was going on then began. */
  reopen(): number {
    if (this.#flow.kind !== 'shut') return 0
    const { lost } = this.#flow
    this.#flow = OPEN
    return lost
  }

  /** Lets all memory go; the queue is not used afterwards. */
  close(): void {
    this.#waiting.clear()
    this.#written.clear()
    this.#own?.close()
  }

  /** `segment` is sealed: copies this queue's records out of it if they are only a small part of it. */
  settle(segment: Segment): void {
    const held = this.#waiting.bytesIn(segment) + this.#written.bytesIn(segment)
    if (held === 0 || held >= WORTH_PINNING * segment.used) return
    this.#written.moveOutOf(segment, this.#ownLog)
    this.#waiting.moveOutOf(segment, this.#ownLog)
  }

  get #ownLog(): SegmentLog {
    this.#own ??= new SegmentLog(this.#pool, () => {})
    return this.#own
  }

  /** Records lost in the loss that is going on. */
  get #lost(): number {
    return this.#flow.kind === 'open' ? 0 : this.#flow.lost
  }

  #isAbove(share: number): boolean {
    return this.ledger.queued >= this.#limits.depth * share || this.waitingBytes >= this.#limits.bytes * share
  }

  #hasRoom(records: number, bytes: number): boolean {
    return this.ledger.queued + records <= this.#limits.depth && this.waitingBytes + bytes <= this.#limits.bytes
  }

  #append(segment: Segment, start: number, end: number, records: number): void {
    this.ledger.queued += records
    this.#waiting.append(segment, start, end)
  }

  /** Takes records as long as there is room, or the plugin makes some. Returns the rest. */
  #takeWhatFits(segment: Segment, start: number, records: number): { start: number; records: number } {
    let from = start
    let left = records
    while (left > 0) {
      let to = from
      let taken = 0
      while (taken < left) {
        const next = this.format.endOfRecord(segment.bytes, to)
        if (!this.#hasRoom(taken + 1, next - from)) break
        to = next
        taken++
      }
      this.#append(segment, from, to, taken)
      from = to
      left -= taken
      const { queued } = this.ledger
      if (left > 0) this.#watcher.makeRoom()
      if (this.ledger.queued === queued) break
    }
    return { start: from, records: left }
  }

  #overflow(segment: Segment, start: number, end: number, records: number, ownRecord: boolean): void {
    if (ownRecord) return this.#drop('queue-full', records)
    const { overflow } = this.#limits
    switch (overflow) {
      case 'drop-oldest':
        this.#append(segment, start, end, records)
        return this.#dropOldest()
      case 'suspend':
        this.#beginLoss('suspended')
        return this.#drop('suspended', records)
      case 'drop-newest':
      case 'ignore':
      case 'single':
      case 'halt':
        this.#beginLoss('losing')
        return this.#drop('queue-full', records)
      case 'block':
        // It has room for everything: the door is shut instead.
        return
      default:
        overflow satisfies never
    }
  }

  /** Drops from the front until the limits hold, but never a record that the plugin has begun to get. */
  #dropOldest(): void {
    this.#beginLoss('losing')
    const first = this.#waiting.first
    const begun = this.#partial + this.#handedOver
    if (first !== undefined && begun > 0) this.#waiting.splitFirst(this.#endOfRecordAt(first, first.start + begun))
    const at = begun > 0 ? 1 : 0
    while (!this.#hasRoom(0, 0)) {
      const span = this.#waiting.at(at)
      if (span === undefined) return
      this.#waiting.cut(at, this.format.endOfRecord(span.segment.bytes, span.start))
      this.ledger.queued--
      this.#drop('queue-full', 1)
    }
  }

  #drop(reason: DropReason, records: number): void {
    this.ledger.dropped[reason] += records
    const flow = this.#flow
    if (flow.kind !== 'open') this.#flow = { ...flow, lost: flow.lost + records }
  }

  #beginLoss(kind: 'losing' | 'suspended'): void {
    if (this.#flow.kind === kind) return
    this.#flow = { kind, lost: this.#lost }
    this.#watcher.lossBegan(kind === 'losing' ? 'queue-full' : 'suspended')
  }

  #noticeRecovery(): void {
    if (this.#flow.kind === 'losing' && !this.#isAbove(RECOVERED_SHARE)) this.#endLoss(this.#flow.lost)
  }

  #endLoss(lost: number): void {
    this.#flow = OPEN
    this.#watcher.lossEnded(lost)
  }

  /** The end of the record that the byte before `offset` belongs to. */
  #endOfRecordAt(span: Span, offset: number): number {
    let end = span.start
    while (end < offset) end = this.format.endOfRecord(span.segment.bytes, end)
    return end
  }
}
