// What a queue should do, the naive way: arrays of records, no segments, no runs, every sum taken anew.

import type { DropReason } from '../../src/dispatcher/ledger.js'
import { KEPT_BYTES } from '../../src/dispatcher/queue.js'
import type { QueueLimits } from '../../src/dispatcher/settings.js'

type ModelFlow = 'open' | 'losing' | 'suspended' | 'shut'

export class QueueModel {
  readonly ledger = {
    in: 0,
    delivered: 0,
    filtered: 0,
    dropped: { 'queue-full': 0, suspended: 0, failed: 0, stopped: 0, 'too-long': 0, poison: 0 },
    queued: 0,
  }
  /** What the owner has been told. */
  readonly told: string[] = []
  flow: ModelFlow = 'open'
  waiting: Buffer[] = []
  /** Bytes of the first waiting record that have been written. */
  partial = 0
  /** Bytes behind them that are on their way. */
  handedOver = 0
  /** Whole records that the process at hand was given. */
  written: Buffer[] = []
  limits: QueueLimits
  #shutBecause: 'failed' | 'stopped' = 'stopped'
  #lost = 0
  readonly #owed: Buffer
  readonly #makeRoom: () => void

  /** `owed` is offered to the plugin alone when a loss is over. */
  constructor(limits: QueueLimits, owed: Buffer, makeRoom: () => void) {
    this.limits = limits
    this.#owed = owed
    this.#makeRoom = makeRoom
  }

  get waitingBytes(): number {
    return sizeOf(this.waiting) - this.partial
  }

  get blocks(): boolean {
    return this.limits.overflow === 'block' && this.flow !== 'shut' && this.#fills(1)
  }

  get unblocks(): boolean {
    return this.limits.overflow !== 'block' || this.flow === 'shut' || !this.#fills(0.75)
  }

  /** The most bytes that a death may find unread and get back whole. */
  get returnableBytes(): number {
    return Math.min(sizeOf(this.written), KEPT_BYTES) + this.partial
  }

  /** The bytes of whole records that this queue may hold on to. */
  get heldBytes(): number {
    return sizeOf(this.waiting) + Math.min(sizeOf(this.written), KEPT_BYTES)
  }

  offer(records: readonly Buffer[], own = false): void {
    if (this.flow === 'shut') return this.#drop(this.#shutBecause, records.length)
    if (this.flow === 'suspended') return this.#drop('suspended', records.length)
    if (this.limits.overflow === 'block' || this.#hasRoomFor(records)) return this.#take(records)
    const rest = this.#takeWhatFits(records)
    if (rest.length === 0) return
    if (own) return this.#drop('queue-full', rest.length)
    if (this.limits.overflow === 'drop-oldest') return this.#takeAllAndDropOldest(rest)
    const suspends = this.limits.overflow === 'suspend'
    this.#beginLoss(suspends ? 'suspended' : 'losing')
    this.#drop(suspends ? 'suspended' : 'queue-full', rest.length)
  }

  offerAlone(record: Buffer): void {
    this.ledger.in++
    this.offer([record], true)
  }

  /** The next `count` bytes have been written. */
  write(count: number): void {
    this.handedOver = 0
    if (count === 0) return
    this.partial += count
    for (let first = this.waiting[0]; first !== undefined && this.partial >= first.length; first = this.waiting[0]) {
      this.partial -= first.length
      this.written.push(first)
      this.waiting.shift()
      this.ledger.queued--
      this.ledger.delivered++
    }
    if (this.flow === 'losing' && !this.#fills(0.5)) this.#endLoss()
  }

  /** Records of which a byte was left unread wait again; a partial one waits still. */
  die(unread: number): void {
    let ofWhole = unread - this.partial
    this.partial = 0
    this.handedOver = 0
    while (ofWhole > 0) {
      const last = this.written.pop()
      if (last === undefined) throw new Error('the model was told to die with more unread than written')
      this.waiting.unshift(last)
      this.ledger.queued++
      this.ledger.delivered--
      ofWhole -= last.length
    }
    this.written = []
  }

  adopt(limits: QueueLimits): void {
    this.limits = limits
    this.resume()
  }

  resume(): void {
    if (this.flow === 'suspended') this.#endLoss()
  }

  shut(reason: 'failed' | 'stopped'): number {
    const waited = this.waiting.length
    if (this.flow === 'open') this.#lost = 0
    this.flow = 'shut'
    this.#shutBecause = reason
    this.#drop(reason, waited)
    this.ledger.queued = 0
    this.waiting = []
    this.written = []
    this.partial = 0
    this.handedOver = 0
    return waited
  }

  reopen(): number {
    if (this.flow !== 'shut') return 0
    this.flow = 'open'
    return this.#lost
  }

  #fills(share: number): boolean {
    return this.waiting.length >= this.limits.depth * share || this.waitingBytes >= this.limits.bytes * share
  }

  #hasRoomFor(records: readonly Buffer[]): boolean {
    const { depth, bytes } = this.limits
    return this.waiting.length + records.length <= depth && this.waitingBytes + sizeOf(records) <= bytes
  }

  #take(records: readonly Buffer[]): void {
    this.waiting.push(...records)
    this.ledger.queued += records.length
  }

  /** Goes on as long as the plugin makes room; returns what is left. */
  #takeWhatFits(records: readonly Buffer[]): readonly Buffer[] {
    let rest = records
    for (let waited = -1; rest.length > 0 && waited !== this.waiting.length;) {
      let fitting = 0
      while (fitting < rest.length && this.#hasRoomFor(rest.slice(0, fitting + 1))) fitting++
      this.#take(rest.slice(0, fitting))
      rest = rest.slice(fitting)
      waited = this.waiting.length
      if (rest.length > 0) this.#makeRoom()
    }
    return rest
  }

  #takeAllAndDropOldest(records: readonly Buffer[]): void {
    this.#take(records)
    this.#beginLoss('losing')
    let begun = 0
    while (sizeOf(this.waiting.slice(0, begun)) < this.partial + this.handedOver) begun++
    while (!this.#hasRoomFor([]) && this.waiting.length > begun) {
      this.waiting.splice(begun, 1)
      this.ledger.queued--
      this.#drop('queue-full', 1)
    }
  }

  #drop(reason: DropReason, records: number): void {
    this.ledger.dropped[reason] += records
    if (this.flow !== 'open') this.#lost += records
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
    this.offerAlone(this.#owed)
  }
}

function sizeOf(records: readonly Buffer[]): number {
  return records.reduce((sum, { length }) => sum + length, 0)
}
