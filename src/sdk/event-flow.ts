// Records in, events out to the plugin, one after the other. What may be acknowledged is what the assembler holds nothing of:
// a record of an event that is still open is in memory only.
//
// An event is old by the times at which its records arrived, not by those at which the plugin got to them: however slow its
// handler is, what has arrived together stays together. So records carry the time of their arrival, an expiry waits for its
// turn behind what arrived before it, and while nothing is read, as handlers are slow, time stands still.

import { EventAssembler, type AuditEvent, type EventLimits } from '../protocol/event.js'
import { readRecord } from '../protocol/record-fields.js'
import type { ReadingClock } from './reading-clock.js'
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
  readonly #clock: ReadingClock
  readonly #taker: EventTaker
  #cancelTimer: (() => void) | undefined
  /** An expiry waits for its turn. */
  #isExpiring = false

  constructor(limits: EventLimits, clock: ReadingClock, taker: EventTaker) {
    this.#assembler = new EventAssembler(limits)
    this.#clock = clock
    this.#taker = taker
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

  /** Time goes on, after it has stood still. */
  goOn(): void {
    this.#arm()
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
    // Until it returns or waits, it keeps the process from reading.
    this.#clock.hold()
    try {
      return this.#taker.give(event)
    } finally {
      this.#clock.release()
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
    if (this.#clock.isHeld) return
    this.#cancelTimer = this.#clock.after(Math.max(1, Math.ceil(nextExpiryMs - this.#clock.nowMs())), () => {
      this.#cancelTimer = undefined
      this.#look()
    })
  }

  /** The time has come, unless it has stood still. */
  #look(): void {
    const { nextExpiryMs } = this.#assembler
    const nowMs = this.#clock.nowMs()
    if (nextExpiryMs === undefined || nowMs < nextExpiryMs) {
      this.#arm()
      return
    }
    this.#isExpiring = true
    this.#taker.expired(nowMs)
  }
}
