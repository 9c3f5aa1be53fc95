// Records in, events out to the plugin, one after the other. What may be acknowledged is what the assembler holds nothing of:
// a record of an event that is still open is in memory only.

import { EventAssembler, type AuditEvent, type EventLimits } from '../protocol/event.js'
import { readRecord } from '../protocol/record-fields.js'
import type { Clock } from './clock.js'
import type { RecordBatch } from './record-batch.js'

export interface EventTaker {
  give(event: AuditEvent): Promise<void> | undefined
  /** All up to seq is dealt with. */
  safe(seq: number): void
  /** An event has been open for too long: `expire` is to be called, in its turn. */
  expired(): void
}

export class EventFlow {
  readonly #assembler: EventAssembler
  readonly #clock: Clock
  readonly #taker: EventTaker
  #cancelTimer: (() => void) | undefined

  constructor(limits: EventLimits, clock: Clock, taker: EventTaker) {
    this.#assembler = new EventAssembler(limits)
    this.#clock = clock
    this.#taker = taker
  }

  records(batch: RecordBatch): Promise<void> | undefined {
    return this.#handle(this.#eventsOf(batch))
  }

  /** These will never come: nothing of theirs is in an event. */
  pass(seq: number): void {
    this.#assembler.pass(seq)
    this.#taker.safe(this.#assembler.safeSeq)
  }

  expire(): Promise<void> | undefined {
    this.#cancelTimer = undefined
    return this.#handle(this.#assembler.expire(this.#clock.nowMs()).values())
  }

  /** All that is open, as nothing more comes. */
  flush(): Promise<void> | undefined {
    return this.#handle(this.#assembler.flush().values())
  }

  end(): void {
    this.#cancelTimer?.()
  }

  *#eventsOf(batch: RecordBatch): Generator<AuditEvent, void, undefined> {
    const nowMs = this.#clock.nowMs()
    for (const { bytes, seq } of batch) {
      // The batch's bytes are used again, while the event may be open for long.
      const record = readRecord(Buffer.from(bytes))
      if (record === undefined) this.#assembler.pass(seq)
      else yield* this.#assembler.push(record, nowMs, seq)
    }
  }

  /** Makes a promise only for a plugin that takes its time. */
  #handle(events: Iterator<AuditEvent>): Promise<void> | undefined {
    for (let next = events.next(); next.done !== true; next = events.next()) {
      const giving = this.#taker.give(next.value)
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
      await this.#taker.give(next.value)
      this.#taker.safe(next.value.safeSeq)
    }
    this.#settle()
  }

  /** All events that there were are dealt with. */
  #settle(): void {
    this.#taker.safe(this.#assembler.safeSeq)
    const { nextExpiryMs } = this.#assembler
    if (nextExpiryMs === undefined || this.#cancelTimer !== undefined) return
    this.#cancelTimer = this.#clock.after(Math.max(0, Math.ceil(nextExpiryMs - this.#clock.nowMs())), () => {
      this.#taker.expired()
    })
  }
}
