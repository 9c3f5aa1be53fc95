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

import { Bounds } from './bounds.js'
import { wholeRecords, type Format } from './format.js'
import { emptyLedger, type Ledger } from './ledger.js'
import type { FlowKind } from './loss-flow.js'
import type { Outbox, OutboxWatcher } from './outbox.js'
import { SegmentLog, type Segment, type SegmentPool } from './segment.js'
import type { QueueLimits } from './settings.js'
import { SpanList, type Span } from './span-list.js'

/** Written bytes kept for a death: more than a pipe holds, also one that its plugin has made larger (fs.pipe-max-size). */
export const KEPT_BYTES = (1 << 20) + (1 << 16)

/** A queue that holds less than this share of a sealed segment copies its records out of it. */
export const WORTH_PINNING = 0.9

export class Queue implements Outbox {
  readonly ledger: Ledger = emptyLedger()
  readonly format: Format
  readonly #pool: SegmentPool
  readonly #watcher: OutboxWatcher
  readonly #waiting = new SpanList()
  readonly #written = new SpanList()
  readonly #bounds: Bounds
  #partial = 0
  /** Bytes behind them that are on their way and may go in at any moment. */
  #handedOver = 0
  /** The process is to end: it gets only the rest of what it has begun to get. */
  #isEnding = false
  /** Copies of what would pin a shared segment; made when first needed. */
  #own: SegmentLog | undefined

  constructor(format: Format, limits: QueueLimits, pool: SegmentPool, watcher: OutboxWatcher) {
    this.format = format
    this.#pool = pool
    this.#watcher = watcher
    this.#bounds = new Bounds(limits, this.ledger, watcher, () => this.heldBytes)
  }

  get isEmpty(): boolean {
    return this.#waiting.bytes === 0
  }

  get heldBytes(): number {
    return this.#waiting.bytes - this.#partial
  }

  get flow(): FlowKind {
    return this.#bounds.flow.kind
  }

  get blocks(): boolean {
    return this.#bounds.blocks
  }

  get unblocks(): boolean {
    return this.#bounds.unblocks
  }

  setLimits(limits: QueueLimits): void {
    this.#bounds.limits = limits
  }

  /**
   * Takes `records` whole records, the bytes [start, end) of `segment`, or drops them as the overflow action says.
   * `ownRecord`: it is one that the daemon made, whose loss is counted but never told, nor the reason for a loss.
   */
  offer(segment: Segment, start: number, end: number, records: number, ownRecord = false): void {
    const { flow } = this.#bounds
    if (flow.refusal !== undefined) return flow.drop(flow.refusal, records)
    if (this.#bounds.takes(records, end - start)) return this.#append(segment, start, end, records)
    const rest = this.#takeWhatFits(segment, start, records)
    if (rest.records > 0) this.#overflow(segment, rest.start, end, rest.records, ownRecord)
  }

  offerAlone(record: Buffer): void {
    const { segment, start, end } = this.#ownLog.append(record)
    this.ledger.in++
    this.offer(segment, start, end, 1, true)
  }

  dropTooLong(): void {
    this.#bounds.flow.drop('too-long', 1)
    this.#watcher.tooLong()
  }

  /** Only the line protocol has words for that. */
  noteGap(): void {}

  /** The bytes to write next, within one segment; undefined when nothing waits. */
  next(): Span | undefined {
    const first = this.#waiting.first
    if (first === undefined || (this.#isEnding && this.#partial === 0)) return undefined
    const { segment } = first
    const end = this.#isEnding ? this.format.endOfRecord(segment.bytes, first.start) : first.end
    return { segment, start: first.start + this.#partial, end }
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
    this.#bounds.noticeRecovery()
  }

  /**
   * The process is gone and left the last `unread` bytes that were written to it unread. Records that it has not read whole
   * stand first in line again, whole. Returns how many unread bytes had been let go before and so cannot be given back.
   */
  takeBack(unread: number): number {
    let inWhole = Math.max(0, unread - this.#partial)
    this.#partial = 0
    this.#handedOver = 0
    this.#isEnding = false
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

  /** The process is to end: no record is begun any more, until it is gone. */
  endAtRecord(): void {
    this.#isEnding = true
  }

  /** No record has been begun and not finished. */
  get isBetweenRecords(): boolean {
    return this.#partial + this.#handedOver === 0
  }

  /** Takes records again after a suspension. */
  resume(): void {
    if (this.#bounds.flow.kind === 'suspended') this.#bounds.flow.end()
  }

  /** Drops what waits and all that is still to come, until reopen(). Returns how many records waited. */
  shut(reason: 'failed' | 'stopped'): number {
    const waited = this.ledger.queued
    this.#bounds.flow.shut(reason)
    this.#bounds.flow.drop(reason, waited)
    this.ledger.queued = 0
    this.#partial = 0
    this.#handedOver = 0
    this.#waiting.clear()
    this.#written.clear()
    return waited
  }

  /** Takes records again; returns how many were lost since it was shut, or since the loss that was going on then began. */
  reopen(): number {
    return this.#bounds.flow.reopen()
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
        if (!this.#bounds.hasRoom(taken + 1, next - from)) break
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
    const dropped = this.#bounds.overflow(ownRecord)
    if (dropped !== 'oldest') return this.#bounds.flow.drop(dropped, records)
    this.#append(segment, start, end, records)
    this.#dropOldest()
  }

  /** Drops from the front until the limits hold, but never a record that the plugin has begun to get. */
  #dropOldest(): void {
    const first = this.#waiting.first
    const begun = this.#partial + this.#handedOver
    if (first !== undefined && begun > 0) this.#waiting.splitFirst(this.#endOfRecordAt(first, first.start + begun))
    const at = begun > 0 ? 1 : 0
    while (!this.#bounds.hasRoom(0, 0)) {
      const span = this.#waiting.at(at)
      if (span === undefined) return
      this.#waiting.cut(at, this.format.endOfRecord(span.segment.bytes, span.start))
      this.ledger.queued--
      this.#bounds.flow.drop('queue-full', 1)
    }
  }

  /** The end of the record that the byte before `offset` belongs to. */
  #endOfRecordAt(span: Span, offset: number): number {
    let end = span.start
    while (end < offset) end = this.format.endOfRecord(span.segment.bytes, end)
    return end
  }
}
