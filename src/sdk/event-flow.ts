// Records in, events out to the plugin, one after the other. What may be acknowledged is what the assembler holds nothing of:
// a record of an event that is still open is in memory only.
//
// An event is old by the times at which its records arrived, not by those at which the plugin got to them: however slow its
// handler is, what has arrived together stays together. So records carry the time of their arrival, an expiry waits for its
// turn behind what arrived before it, and while a handler keeps the process from reading, time stands still.

import { EventAssembler, type AuditEvent, type EventLimits } from '../protocol/event.js'
import { readRecord } from '../protocol/record-fields.js'
import type { Clock } from './clock.js'
import type { RecordBatch } from './record-batch.js'

export interface EventTaker {
  give(event: AuditEvent): Promise<void> | undefined
  /** All up to seq is dealt with. */
  safe(seq: number): void
  /** An event has been open for too long: `expire(atMs)` is to be called, in its turn. */
  expired(atMs: number): void
}

export class EventFlow {
  readonly #assembler: EventAssembler
  readonly #clock: Clock
  readonly #taker: EventTaker
  #cancelTimer: (() => void) | undefined
  /** So long handlers have kept the process from reading. */
  #heldUpMs = 0
  #handlerSinceMs: number | undefined
  /** An expiry waits for its turn. */
  #isExpiring = false

  constructor(limits: EventLimits, clock: Clock, taker: EventTaker) {
    this.#assembler = new EventAssembler(limits)
    this.#clock = clock
    this.#taker = taker
  }

  /** The time, for what arrives now. */
  get nowMs(): number {
    return (this.#handlerSinceMs ?? this.#clock.nowMs()) - this.#heldUpMs
  }

  records(batch: RecordBatch, arrivedMs: number): Promise<void> | undefined {
    return this.#handle(this.#eventsOf(batch, arrivedMs))
  }

  /** These will never come: nothing of theirs is in an event. */
  pass(seq: number): void {
    this.#assembler.pass(seq)
    this.#taker.safe(this.#assembler.safeSeq)
  }

  expire(atMs: number): Promise<void> | undefined {
    this.#isExpiring = false
    return this.#handle(this.#assembler.expire(atMs).values())
  }

  /** All that is open, as nothing more comes. */
  flush(): Promise<void> | undefined {
    return this.#handle(this.#assembler.flush().values())
  }

  end(): void {
    this.#cancelTimer?.()
  }

  *#eventsOf(batch: RecordBatch, arrivedMs: number): Generator<AuditEvent, void, undefined> {
    for (const { bytes, seq } of batch) {
      // The batch's bytes are used again, while the event may be open for long.
      const record = readRecord(Buffer.from(bytes))
      if (record === undefined) this.#assembler.pass(seq)
      else yield* this.#assembler.push(record, arrivedMs, seq)
    }
  }

  /** Makes a promise only for a plugin that takes its time. */
  #handle(events: Iterator<AuditEvent>): Promise<void> | undefined {
    for (let next = events.next(); next.done !== true; next = events.next()) {
      const giving = this.#give(next.value)
      if (giving !== undefined) return this.#handleRest(giving, next.value, events)
      this.#taker.safe(next.value.safeSeq)
    }
    this.#settle()
    return undefined
  }

  async #handleRest(giving: Promise<void>, first: AuditEvent, events: Iterator<AuditEvent>): Promise<void> {
    await giving
    this.#taker.safe(first.safeSeq)
    for (let next = events.next(); next.done !== true; next = events.next()) {
      await this.#give(next.value)
      this.#taker.safe(next.value.safeSeq)
    }
    this.#settle()
  }

  #give(event: AuditEvent): Promise<void> | undefined {
    const sinceMs = this.#clock.nowMs()
    this.#handlerSinceMs = sinceMs
    try {
      return this.#taker.give(event)
    } finally {
      this.#handlerSinceMs = undefined
      this.#heldUpMs += this.#clock.nowMs() - sinceMs
    }
  }

  /** All events that there were are dealt with. */
  #settle(): void {
    this.#taker.safe(this.#assembler.safeSeq)
    this.#arm()
  }

  #arm(): void {
    const { nextExpiryMs } = this.#assembler
    if (nextExpiryMs === undefined || this.#cancelTimer !== undefined || this.#isExpiring) return
    this.#cancelTimer = this.#clock.after(Math.max(1, Math.ceil(nextExpiryMs - this.nowMs)), () => {
      this.#cancelTimer = undefined
      this.#look()
    })
  }

  /** The time has come, unless handlers have held it up. */
  #look(): void {
    const { nextExpiryMs } = this.#assembler
    const { nowMs } = this
    if (nextExpiryMs === undefined || nowMs < nextExpiryMs) {
      this.#arm()
      return
    }
    this.#isExpiring = true
    this.#taker.expired(nowMs)
  }
}
