// What is on its way to one plugin of the line protocol: what it has been sent and has not acknowledged, what waits, and what
// was lost in between, all in the order of seqs.
//
//     #sent [ written whole to this process .... ]   #waiting [ first .......... ]
//                                                               ^^^ #partial bytes of it
//
// With `ack` a record stays here until it is acknowledged, and is sent again to the plugin's next process. Without it, what
// has been written is kept for as long as a pipe can hold it, as a dead process's unread bytes come back.
//
// Bounds: `depth` records and `bytes` bytes, waiting and unacknowledged together; then the overflow action decides. What has
// been sent is never dropped while the process lives. Lost ranges have no bound of their own: one that was sent is one of the
// `window`, and of those that wait only so many stand in a row.

import { Bounds } from './bounds.js'
import type { ControlLines } from './control-lines.js'
import { DeliveryGate, MAX_WINDOW } from './delivery-gate.js'
import { firstOf, gapOf, UNWRITTEN, type Entry } from './entry.js'
import { EntryList } from './entry-list.js'
import { PROTOCOL } from './format.js'
import { Intake } from './intake.js'
import { emptyLedger, type Ledger } from './ledger.js'
import type { FlowKind } from './loss-flow.js'
import type { Outbox, OutboxWatcher, Output } from './outbox.js'
import { ProcessStream } from './process-stream.js'
import { WORTH_PINNING } from './queue.js'
import { SegmentLog, type Segment, type SegmentPool } from './segment.js'
import type { QueueLimits } from './settings.js'
import { Sent } from './sent.js'
import { Suspect } from './suspect.js'

const NOTHING = new EntryList()

export class ProtocolQueue implements Outbox {
  readonly format = PROTOCOL
  readonly ledger: Ledger = emptyLedger()
  /** What goes beside the records. */
  readonly control: ControlLines
  readonly #pool: SegmentPool
  readonly #watcher: OutboxWatcher
  readonly #bounds: Bounds
  readonly #waiting = new EntryList()
  readonly #intake: Intake
  readonly #stream: ProcessStream
  readonly #gate = new DeliveryGate()
  readonly #suspect = new Suspect()
  #sent = new Sent(true)
  #ackedSeq = 0
  #sentSeq = 0
  #own: SegmentLog | undefined

  constructor(limits: QueueLimits, pool: SegmentPool, watcher: OutboxWatcher) {
    this.#pool = pool
    this.#watcher = watcher
    this.#bounds = new Bounds(limits, this.ledger, watcher, () => this.heldBytes)
    this.#intake = new Intake(this.#waiting, this.#bounds, this.ledger, {
      makeRoom: () => watcher.makeRoom(),
      begun: () => this.#stream.begun,
    })
    this.#stream = new ProcessStream(this.#waiting, {
      allowed: () => this.#allowed,
      ackedSeq: () => this.#ackedSeq,
      wroteWhole: (entry, written) => {
        this.#wroteWhole(entry, written)
      },
    })
    this.control = this.#stream.control
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0 && this.#sent.open === 0
  }

  get heldBytes(): number {
    return this.#waiting.bytes + this.#unacked.bytes
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

  /** Whether a record is delivered when it has been acknowledged; so it is taken as long as no process has been READY. */
  get acks(): boolean {
    return this.#sent.acks
  }

  /** Nothing is left of what goes beside the records. */
  get isAllSaid(): boolean {
    return this.control.isEmpty
  }

  get isPaused(): boolean {
    return this.#gate.isPaused
  }

  /** Everything up to here has been acknowledged by some process of this plugin. */
  get ackedSeq(): number {
    return this.#ackedSeq
  }

  /** The last seq that any process of this plugin has been sent, or may have. */
  get sentSeq(): number {
    return Math.max(this.#sentSeq, this.#stream.begunSeq)
  }

  /** The seq of what is to be sent or acknowledged first; 0 when there is nothing. */
  get firstSeq(): number {
    return (this.#unacked.first ?? this.#waiting.first)?.first ?? 0
  }

  /** Seqs of the first and the last record held; Infinity and 0 when there is none. */
  get held(): { readonly from: number; readonly to: number } {
    const from = (this.#unacked.firstRun ?? this.#waiting.firstRun)?.first ?? Infinity
    return { from, to: (this.#waiting.lastRun ?? this.#unacked.lastRun)?.last ?? 0 }
  }

  setLimits(limits: QueueLimits): void {
    this.#bounds.limits = limits
  }

  /** The process is READY. `acks`: it acknowledges, with at most `window` records and lost ranges open, and MAX_WINDOW. */
  open(acks: boolean, window: number): void {
    this.#sent = new Sent(acks)
    this.#gate.open(acks ? Math.min(window, MAX_WINDOW) : Infinity)
    this.#suspect.begin(this.#waiting.firstRun?.first ?? 0)
  }

  setPaused(isPaused: boolean): void {
    this.#gate.setPaused(isPaused)
  }

  /** Sends no more records to this process. */
  closeGate(): void {
    this.#gate.close()
  }

  /** Everything up to `seq` is safe with the plugin; not above sentSeq. */
  acked(seq: number): void {
    this.#ackedSeq = Math.max(this.#ackedSeq, seq)
    this.#suspect.acked(seq)
    this.#dropAcked()
  }

  offer(
    segment: Segment,
    start: number,
    end: number,
    records: number,
    ownRecord: boolean,
    first: number,
    last: number,
  ): void {
    this.#intake.take({ segment, start, end, records, first, last }, ownRecord)
  }

  offerAlone(record: Buffer, seq: number): void {
    const { segment, start, end } = this.#ownLog.append(record)
    this.ledger.in++
    this.offer(segment, start, end, 1, true, seq, seq)
  }

  dropTooLong(seq: number): void {
    const { refusal } = this.#bounds.flow
    // Where nothing is taken it is lost with its neighbours, so that a long shutdown makes one range and not one for each.
    this.#intake.lose(refusal ?? 'too-long', 1, seq, seq)
    if (refusal === undefined) this.#watcher.tooLong()
  }

  noteGap(seq: number): void {
    this.#waiting.append(gapOf('input-gap', 0, seq, seq))
  }

  next(): Output | undefined {
    return this.#stream.next()
  }

  handOver(limit: number): Buffer {
    return this.#stream.handOver(limit)
  }

  wrote(count: number): void {
    this.#stream.wrote(count)
  }

  takeBack(unread: number): number {
    const read = this.#stream.written - unread
    this.#suspect.end(this.#firstRead(read))
    this.#stream.end()
    this.#gate.close()
    const { entries, undelivered, beyond } = this.#sent.takeBack(read)
    this.ledger.queued += undelivered
    this.ledger.delivered -= undelivered
    for (const entry of entries) entry.at = UNWRITTEN
    this.#waiting.prepend(entries)
    this.#dropAcked()
    return beyond
  }

  /** The process died, it was not stopped: the record that it may have died of is counted, and lost if it is too often. */
  countDeath(): void {
    const seq = this.#suspect.countDeath()
    const at = this.#waiting.runFrom(0)
    const first = this.#waiting.at(at)
    if (seq === 0 || first?.kind !== 'run' || first.first !== seq) return
    const one = firstOf(first, 1)
    // Without its LF: a line for people.
    const line = Buffer.from(first.segment.bytes.subarray(first.start, one.end - 1))
    this.ledger.queued--
    this.#bounds.flow.drop('poison', 1)
    this.#waiting.lose(at, first, one, 'poison')
    this.#watcher.poisoned(line)
  }

  resume(): void {
    if (this.#bounds.flow.kind === 'suspended') this.#bounds.flow.end()
  }

  shut(reason: 'failed' | 'stopped'): number {
    this.#bounds.flow.shut(reason)
    this.takeBack(0)
    const waited = this.ledger.queued
    this.#bounds.flow.drop(reason, waited)
    this.ledger.queued = 0
    this.#waiting.loseAll(reason)
    return waited
  }

  reopen(): number {
    return this.#bounds.flow.reopen()
  }

  close(): void {
    this.#waiting.clear()
    this.#sent.list.clear()
    this.#own?.close()
  }

  settle(segment: Segment): void {
    const lists = [this.#sent.list, this.#waiting]
    const held = lists.reduce((bytes, list) => bytes + list.bytesIn(segment), 0)
    const isMoved = held > 0 && held < WORTH_PINNING * segment.used
    if (isMoved) for (const list of lists) list.moveOutOf(segment, this.#ownLog)
    for (const list of lists) list.noteSealed()
  }

  /** What has been sent and still counts. */
  get #unacked(): EntryList {
    return this.#sent.acks ? this.#sent.list : NOTHING
  }

  get #ownLog(): SegmentLog {
    this.#own ??= new SegmentLog(this.#pool, () => {})
    return this.#own
  }

  /** How many more records and lost ranges may be on their way. */
  get #allowed(): number {
    const { window } = this.#gate
    const isAlone = this.#sent.acks && this.#suspect.isAlone
    return (isAlone ? Math.min(1, window) : window) - this.#sent.open
  }

  #wroteWhole(entry: Entry, written: number): void {
    this.#sentSeq = Math.max(this.#sentSeq, entry.last)
    this.#sent.add(entry, written)
    if (!this.#sent.acks && entry.kind === 'run') {
      this.ledger.queued -= entry.records
      this.ledger.delivered += entry.records
    }
    this.#dropAcked()
  }

  #dropAcked(): void {
    let records = this.#sent.ackedTo(this.#ackedSeq)
    // What an earlier process had got, and this one has said to be safe before it got it again.
    if (this.#unacked.length === 0 && this.#stream.begun === 0) {
      records += this.#waiting.dropTo(this.#ackedSeq, this.#intake.regain).records
    }
    this.ledger.queued -= records
    this.ledger.delivered += records
    this.#bounds.noticeRecovery()
  }

  /** The record that was first in line of a process that acknowledges, if it had begun to read it; else 0. */
  #firstRead(read: number): number {
    const sent = this.#unacked.firstRun
    const { partial, written } = this.#stream
    const first = sent ?? (partial > 0 ? this.#waiting.first : undefined)
    const at = sent?.at ?? written - partial
    const isRead = this.#sent.acks && first?.kind === 'run' && read > at
    return isRead ? first.first : 0
  }
}
