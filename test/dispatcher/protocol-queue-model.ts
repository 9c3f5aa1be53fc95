// What a queue of the line protocol should do, the naive way: arrays of records and lost ranges, every sum taken anew.

import type { LostReason } from '../../src/protocol/line.js'
import { emptyLedger, type DropReason } from '../../src/dispatcher/ledger.js'
import type { QueueLimits } from '../../src/dispatcher/settings.js'

/** Deaths of one record, after which it is sent alone. */
const PATIENCE = 3

/** `at` is where in the bytes written to the process it began. */
export type ModelRecord = { readonly kind: 'record'; readonly seq: number; readonly line: Buffer; at: number }
type ModelLost = {
  readonly kind: 'lost'
  count: number
  first: number
  last: number
  readonly reason: LostReason
  /** It has been on its way, and no other joins it. */
  isFixed: boolean
  at: number
}
type ModelItem = ModelRecord | ModelLost

export class ProtocolQueueModel {
  readonly ledger = emptyLedger()
  /** What the owner has been told. */
  readonly told: string[] = []
  flow: 'open' | 'losing' | 'suspended' | 'shut' = 'open'
  limits: QueueLimits
  sent: ModelItem[] = []
  waiting: ModelItem[] = []
  control: Buffer[] = []
  acks = true
  written = 0
  handedOver = 0
  ackedSeq = 0
  #sentSeq = 0
  #window = 0
  #gate: 'closed' | 'open' | 'paused' = 'closed'
  /** Bytes of the first line, of a record or beside the records, that have been written. */
  #partial = 0
  #controlPartial = 0
  #writesControl = false
  #streak = { seq: 0, deaths: 0 }
  #lastFirst = 0
  #shutBecause: 'failed' | 'stopped' = 'stopped'
  #lost = 0
  readonly #makeRoom: () => void

  constructor(limits: QueueLimits, makeRoom: () => void) {
    this.limits = limits
    this.#makeRoom = makeRoom
  }

  get unacked(): ModelItem[] {
    return this.acks ? this.sent : []
  }

  get isEmpty(): boolean {
    return this.waiting.length + this.unacked.length === 0
  }

  get isPaused(): boolean {
    return this.#gate === 'paused'
  }

  get blocks(): boolean {
    return this.limits.overflow === 'block' && this.flow !== 'shut' && this.#fills(1)
  }

  get unblocks(): boolean {
    return this.limits.overflow !== 'block' || this.flow === 'shut' || !this.#fills(0.75)
  }

  get firstSeq(): number {
    const [first] = [...this.unacked, ...this.waiting]
    return first === undefined ? 0 : firstOf(first)
  }

  get held(): { readonly from: number; readonly to: number } {
    const held = [...this.unacked, ...this.waiting].filter(isRecord)
    return { from: held.at(0)?.seq ?? Infinity, to: held.at(-1)?.seq ?? 0 }
  }

  /** Bytes of the records that count. */
  get heldBytes(): number {
    return sizeOf([...this.unacked, ...this.waiting])
  }

  /** Bytes of the first line in the queue that have been written. */
  get partial(): number {
    return this.#partial
  }

  /** The last that was written whole, or is in a piece that may be in already. */
  get sentSeq(): number {
    let sentSeq = this.#sentSeq
    let left = this.#writesControl ? 0 : this.#partial + this.handedOver
    for (const item of this.waiting) {
      left -= lineOf(item).length
      if (left < 0) break
      sentSeq = Math.max(sentSeq, lastOf(item))
    }
    return sentSeq
  }

  /** All that what comes next depends on. */
  get key(): string {
    const items = (list: readonly ModelItem[]) =>
      list.map((item) => (item.kind === 'record' ? item.seq : `${lineOf(item).toString()}${item.isFixed}`)).join()
    const { seq, deaths } = this.#streak
    const lines = [items(this.sent), items(this.waiting), this.#partial, this.#controlPartial, this.control.length]
    const taking = [this.flow, this.acks, this.#gate, this.#window, this.ackedSeq, this.#sentSeq, seq, deaths]
    return [...lines, ...taking, this.handedOver, this.#shutBecause].join('|')
  }

  open(acks: boolean, window: number): void {
    this.acks = acks
    this.#window = acks ? window : Infinity
    this.#gate = 'open'
    this.sent = []
    if (this.waiting.find(isRecord)?.seq !== this.#streak.seq) this.#streak = { seq: 0, deaths: 0 }
  }

  setPaused(isPaused: boolean): void {
    if (this.#gate !== 'closed') this.#gate = isPaused ? 'paused' : 'open'
  }

  closeGate(): void {
    this.#gate = 'closed'
  }

  acked(seq: number): void {
    this.ackedSeq = Math.max(this.ackedSeq, seq)
    if (this.#streak.seq <= seq) this.#streak = { seq: 0, deaths: 0 }
    this.#dropAcked()
  }

  offer(records: readonly ModelRecord[], own: boolean): void {
    if (this.flow === 'shut') return this.#lose(this.#shutBecause, records)
    if (this.flow === 'suspended') return this.#lose('suspended', records)
    if (this.limits.overflow === 'block' || this.#hasRoomFor(records)) return this.#take(records)
    const rest = this.#takeWhatFits(records)
    if (rest.length === 0) return
    if (own) return this.#lose('queue-full', rest)
    if (this.limits.overflow === 'drop-oldest') return this.#takeAllAndDropOldest(rest)
    const suspends = this.limits.overflow === 'suspend'
    this.#beginLoss(suspends ? 'suspended' : 'losing')
    this.#lose(suspends ? 'suspended' : 'queue-full', rest)
  }

  tooLong(seq: number): void {
    const reason =
      this.flow === 'shut'
        ? this.#shutBecause
        : this.flow === 'suspended'
          ? ('suspended' as const)
          : ('too-long' as const)
    this.#drop(reason, 1)
    this.#append(lostOf(reason, 1, seq))
  }

  noteGap(seq: number): void {
    this.#append(lostOf('input-gap', 0, seq))
  }

  /** Lines, or what is left of one, that may be written now, one after the other without a break. */
  *next(): Generator<Buffer> {
    const [control] = this.control
    this.#writesControl = control !== undefined && this.#partial === 0
    if (control !== undefined && this.#partial === 0) yield control.subarray(this.#controlPartial)
    else yield* this.#nextItems(control !== undefined)
  }

  /** `isInterrupted`: a line beside the records goes first, as soon as no record is in the middle. */
  *#nextItems(isInterrupted: boolean): Generator<Buffer> {
    let allowed = this.#allowed
    if (this.#partial > 0) {
      // What has been begun is finished. What was acknowledged while it was is not begun any more.
      const isAcked = this.waiting.slice(0, 1).some((item) => firstOf(item) <= this.ackedSeq)
      allowed = isInterrupted || isAcked ? 1 : Math.max(1, allowed)
    }
    let skip = this.#partial
    const [first] = this.waiting
    if (first?.kind === 'lost') {
      if (allowed > 0) first.isFixed = true
      if (allowed > 0) yield lineOf(first).subarray(skip)
      return
    }
    for (const item of this.waiting) {
      if (allowed-- <= 0 || item.kind === 'lost') return
      yield item.line.subarray(skip)
      skip = 0
    }
  }

  /** The next `count` bytes have been written. */
  write(count: number): void {
    this.handedOver = 0
    this.written += count
    if (count === 0) return
    if (this.#writesControl) {
      this.#controlPartial += count
      if (this.#controlPartial < (this.control[0]?.length ?? 0)) return
      this.control.shift()
      this.#controlPartial = 0
      return
    }
    this.#partial += count
    const before = this.waiting.length
    for (let first = this.waiting[0]; first !== undefined; first = this.waiting[0]) {
      const { length } = lineOf(first)
      if (this.#partial < length) break
      first.at = this.written - this.#partial
      this.#partial -= length
      this.waiting.shift()
      this.sent.push(first)
      this.#sentSeq = Math.max(this.#sentSeq, lastOf(first))
      if (this.acks || first.kind === 'lost') continue
      this.ledger.queued--
      this.ledger.delivered++
    }
    if (this.waiting.length < before) this.#dropAcked()
  }

  /** The process has gone and left so many bytes unread. */
  die(unread: number): void {
    const read = this.written - unread
    this.#noteFirst(read)
    const back = this.acks ? this.sent : this.sent.filter((item) => item.at + lineOf(item).length > read)
    const undelivered = this.acks ? 0 : back.filter(isRecord).length
    this.ledger.queued += undelivered
    this.ledger.delivered -= undelivered
    this.waiting = [...back, ...this.waiting]
    this.sent = []
    this.control = []
    this.#gate = 'closed'
    this.#partial = this.#controlPartial = this.handedOver = this.written = 0
    this.#dropAcked()
  }

  /** Returns the record that is never sent any more, if it has come to that. */
  countDeath(): ModelRecord | undefined {
    const seq = this.#lastFirst
    if (seq === 0) return undefined
    this.#streak = { seq, deaths: this.#streak.seq === seq ? this.#streak.deaths + 1 : 1 }
    if (this.#streak.deaths <= PATIENCE) return undefined
    const poison = this.waiting.find(isRecord)
    if (poison?.seq !== seq) return undefined
    this.ledger.queued--
    this.#drop('poison', 1)
    this.waiting[this.waiting.indexOf(poison)] = lostOf('poison', 1, seq)
    this.#merge()
    this.#streak = { seq: 0, deaths: 0 }
    return poison
  }

  resume(): void {
    if (this.flow === 'suspended') this.#endLoss()
  }

  shut(reason: 'failed' | 'stopped'): number {
    const waited = this.ledger.queued
    if (this.flow === 'open') this.#lost = 0
    this.flow = 'shut'
    this.#shutBecause = reason
    this.#drop(reason, waited)
    this.ledger.queued = 0
    this.waiting = this.waiting.map((item) => (item.kind === 'lost' ? item : lostOf(reason, 1, item.seq)))
    this.#merge()
    return waited
  }

  reopen(): number {
    if (this.flow !== 'shut') return 0
    this.flow = 'open'
    return this.#lost
  }

  get #allowed(): number {
    if (this.#gate !== 'open') return 0
    const isAlone = this.acks && this.#streak.deaths >= PATIENCE
    return (isAlone ? 1 : this.#window) - this.unacked.length
  }

  /** Bytes of entries that are written or may be at any moment. */
  get #begun(): number {
    return this.#partial + (this.#writesControl ? 0 : this.handedOver)
  }

  #noteFirst(read: number): void {
    const sent = this.sent.find(isRecord)
    const partial = this.#partial > 0 ? this.waiting.slice(0, 1).find(isRecord) : undefined
    const first = sent ?? partial
    const at = sent?.at ?? this.written - this.#partial
    const isRead = first !== undefined && read > at && first.seq > this.ackedSeq
    this.#lastFirst = this.acks && isRead ? first.seq : 0
  }

  #fills(share: number): boolean {
    return this.ledger.queued >= this.limits.depth * share || this.heldBytes >= this.limits.bytes * share
  }

  #hasRoomFor(records: readonly ModelRecord[]): boolean {
    const { depth, bytes } = this.limits
    const held = [...this.unacked, ...this.waiting].filter(isRecord)
    return held.length + records.length <= depth && sizeOf(held) + sizeOf(records) <= bytes
  }

  #take(records: readonly ModelRecord[]): void {
    this.waiting.push(...records)
    this.ledger.queued += records.length
  }

  /** Goes on as long as the plugin makes room; returns what is left. */
  #takeWhatFits(records: readonly ModelRecord[]): readonly ModelRecord[] {
    let rest = records
    for (let queued = -1; rest.length > 0 && queued !== this.ledger.queued;) {
      let fitting = 0
      while (fitting < rest.length && this.#hasRoomFor(rest.slice(0, fitting + 1))) fitting++
      this.#take(rest.slice(0, fitting))
      rest = rest.slice(fitting)
      ;({ queued } = this.ledger)
      if (rest.length > 0) this.#makeRoom()
    }
    return rest
  }

  #takeAllAndDropOldest(records: readonly ModelRecord[]): void {
    this.#take(records)
    this.#beginLoss('losing')
    let begun = 0
    for (let bytes = 0; bytes < this.#begun; begun++)
      bytes += this.waiting.slice(begun).map(lineOf).at(0)?.length ?? Infinity
    while (!this.#hasRoomFor([])) {
      const oldest = this.waiting.findIndex((item, at) => at >= begun && item.kind === 'record')
      const item = this.waiting[oldest]
      if (item === undefined) break
      this.waiting[oldest] = lostOf('queue-full', 1, firstOf(item))
      this.ledger.queued--
      this.#drop('queue-full', 1)
    }
    this.#merge()
  }

  #lose(reason: DropReason, records: readonly ModelRecord[]): void {
    this.#drop(reason, records.length)
    for (const { seq } of records) this.#append(lostOf(reason, 1, seq))
  }

  #append(lost: ModelLost): void {
    this.waiting.push(lost)
    this.#merge()
  }

  #drop(reason: DropReason, records: number): void {
    this.ledger.dropped[reason] += records
    if (this.flow !== 'open') this.#lost += records
  }

  /** Lost ranges for one reason with nothing between them are one. */
  #merge(): void {
    const merged: ModelItem[] = []
    for (const item of this.waiting) {
      const last = merged.at(-1)
      if (item.kind === 'lost' && last?.kind === 'lost' && areOne(last, item)) {
        merged.splice(-1, 1, { ...last, count: last.count + item.count, last: item.last })
      } else merged.push(item)
    }
    this.waiting = merged
  }

  #dropAcked(): void {
    if (this.acks) this.sent = this.#dropFrom(this.sent)
    if (this.unacked.length === 0 && this.#begun === 0) {
      this.waiting = this.#dropFrom(this.#withoutAckedLoss(this.waiting))
    }
    if (this.flow === 'losing' && !this.#fills(0.5)) this.#endLoss()
  }

  /** Of ranges in which nothing is but what was lost, only what is above what was acknowledged. What nobody was told was got. */
  #withoutAckedLoss(items: readonly ModelItem[]): ModelItem[] {
    return items.flatMap((item) => {
      if (item.kind === 'record' || item.first > this.ackedSeq) return [item]
      const isWhole = item.last <= this.ackedSeq
      if (!isWhole && item.count !== item.last - item.first + 1) return [item]
      const left = isWhole ? 0 : item.last - this.ackedSeq
      if (item.reason !== 'input-gap' && !item.isFixed) {
        this.ledger.dropped[item.reason] -= item.count - left
        this.ledger.delivered += item.count - left
      }
      return isWhole ? [] : [{ ...item, count: left, first: this.ackedSeq + 1 }]
    })
  }

  #dropFrom(items: ModelItem[]): ModelItem[] {
    const to = items.findIndex((item) => lastOf(item) > this.ackedSeq)
    const dropped = to === -1 ? items : items.slice(0, to)
    const records = dropped.filter(isRecord).length
    this.ledger.queued -= records
    this.ledger.delivered += records
    return items.slice(dropped.length)
  }

  #beginLoss(flow: 'losing' | 'suspended'): void {
    if (this.flow === flow) return
    if (this.flow === 'open') this.#lost = 0
    this.flow = flow
    this.told.push(`began ${flow === 'losing' ? 'queue-full' : 'suspended'}`)
  }

  #endLoss(): void {
    this.flow = 'open'
    this.told.push(`ended ${this.#lost}`)
  }
}

function areOne(before: ModelLost, after: ModelLost): boolean {
  return before.reason === after.reason && !before.isFixed && !after.isFixed
}

function isRecord(item: ModelItem): item is ModelRecord {
  return item.kind === 'record'
}

function firstOf(item: ModelItem): number {
  return item.kind === 'record' ? item.seq : item.first
}

function lastOf(item: ModelItem): number {
  return item.kind === 'record' ? item.seq : item.last
}

function lostOf(reason: LostReason, count: number, seq: number): ModelLost {
  return { kind: 'lost', count, first: seq, last: seq, reason, isFixed: false, at: -1 }
}

function lineOf(item: ModelItem): Buffer {
  if (item.kind === 'record') return item.line
  return Buffer.from(`LOST ${item.count} ${item.first} ${item.last} ${item.reason}\n`)
}

function sizeOf(items: readonly ModelItem[]): number {
  return items.reduce((sum, item) => sum + (item.kind === 'record' ? item.line.length : 0), 0)
}
