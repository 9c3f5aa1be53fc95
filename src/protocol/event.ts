// Records put together into events: the records that share node, time and serial.
//
// Records of different events interleave, and within an event nothing promises an order, so an event stays open until a
// record of it says that it is the last, or until it is old. The kernel writes PROCTITLE last but for EOE, and EOE is not in
// log files; so PROCTITLE ends an event, and the EOE after it finds nothing open and is passed over. Some records come
// alone by their type and are handed on at once. LOGIN is one of them although the kernel also counts it to the system call
// that wrote the login uid: the records of that call make a second event with the same serial, which says that it is late.
// ausearch splits the same way.
//
// What a peer sends must not fill memory: events, the records of one and the bytes of all are counted, and at a limit the
// oldest event is handed out as it is. Whatever came in goes out in exactly one event, EOE excepted, which holds nothing.

import { EOE, endsEvent } from './event-end.js'
import { RememberedKeys } from './event-memory.js'
import type { AuditRecord } from './record-fields.js'

const DEFAULT_TIMEOUT_MS = 2000
const DEFAULT_MAX_EVENTS = 1024
/** The longest list of arguments that the kernel takes makes about 600 records. */
const DEFAULT_MAX_RECORDS = 2048
const DEFAULT_MAX_BYTES = 16 * 1024 * 1024
/** What is kept about a record besides its bytes; without it the shortest records would take many times the limit. */
const RECORD_OVERHEAD_BYTES = 512
/** How many events are remembered after their end, so that a record which comes later is known as late. */
const REMEMBERED_EVENTS = 4096

/** Limits of an EventAssembler; all have defaults. */
export interface EventLimits {
  /** How long an event stays open after its first record, in milliseconds: 2000, as auditd's end_of_event_timeout. */
  readonly timeoutMs?: number
  /** How many events may be open at once: 1024. */
  readonly maxEvents?: number
  /** How many records one event may have: 2048. */
  readonly maxRecordsPerEvent?: number
  /** How many bytes the records of all open events may take together, 512 for each record besides its own: 16 MiB. */
  readonly maxBytes?: number
}

/**
 * Why an event was handed out before a record said that it is whole: `timeout`, its time was over, which is also how an
 * event ends whose last record nothing marks (TTY, ANOM_ABEND, BPF outside of system calls); `overflow`, a limit was
 * reached; `end`, nothing more comes.
 */
export type Incomplete = 'timeout' | 'overflow' | 'end'

/** Records which share node, time and serial. */
export interface AuditEvent {
  /** The machine it happened on; empty if its records do not say. */
  readonly node: string
  /** Milliseconds since the epoch. */
  readonly timeMs: number
  /** What tells it from others of the same time. */
  readonly serial: number
  /** In the order in which they came; at least one, and none of type EOE. */
  readonly records: readonly AuditRecord[]
  /** Undefined if the event is whole. */
  readonly incomplete: Incomplete | undefined
  /** Whether an event of the same node, time and serial was handed out before: this is the rest of it. */
  readonly isLate: boolean
  /** What may be acknowledged once this event and all before it are dealt with: see `EventAssembler.safeSeq`. */
  readonly safeSeq: number
}

/** A link of the list of open events, oldest first: which is also the order of their deadlines and of their first seqs. */
interface OpenEvent {
  readonly key: string
  readonly openedMs: number
  readonly isLate: boolean
  /** The highest seq that was pushed before its first record's. */
  readonly seqBefore: number
  readonly first: AuditRecord
  readonly records: AuditRecord[]
  bytes: number
  older: OpenEvent | undefined
  newer: OpenEvent | undefined
}

/** Puts records together into events. It has no clock: times come in as milliseconds of any clock that does not go back. */
export class EventAssembler {
  readonly #timeoutMs: number
  readonly #maxEvents: number
  readonly #maxRecords: number
  readonly #maxBytes: number
  readonly #open = new Map<string, OpenEvent>()
  readonly #ended = new RememberedKeys(REMEMBERED_EVENTS)
  #oldest: OpenEvent | undefined
  #newest: OpenEvent | undefined
  #bytes = 0
  #nowMs = -Infinity
  #highestSeq = 0

  /** Throws a RangeError for a limit that is not above zero. */
  constructor(limits: EventLimits = {}) {
    this.#timeoutMs = positive('timeoutMs', limits.timeoutMs ?? DEFAULT_TIMEOUT_MS)
    this.#maxEvents = positive('maxEvents', limits.maxEvents ?? DEFAULT_MAX_EVENTS)
    this.#maxRecords = positive('maxRecordsPerEvent', limits.maxRecordsPerEvent ?? DEFAULT_MAX_RECORDS)
    this.#maxBytes = positive('maxBytes', limits.maxBytes ?? DEFAULT_MAX_BYTES)
  }

  /** How many events are open. */
  get openEvents(): number {
    return this.#open.size
  }

  /** How many bytes the records of open events take, as `maxBytes` counts them. */
  get openBytes(): number {
    return this.#bytes
  }

  /** When `expire` has something to hand out, in the clock of `nowMs`; undefined if no event is open. */
  get nextExpiryMs(): number | undefined {
    return this.#oldest && this.#oldest.openedMs + this.#timeoutMs
  }

  /**
   * The highest seq so far such that no record of it or below is in an open event; 0 before there is one. Acknowledge it,
   * when all events handed out so far are dealt with: a record which is here only is then never acknowledged.
   */
  get safeSeq(): number {
    return this.#oldest?.seqBefore ?? this.#highestSeq
  }

  /**
   * Takes a record and hands out the events that end by it or before it, oldest first. `seq` is the number it is
   * acknowledged by and must be higher than any before, or it is a RangeError; leave it out if nothing is acknowledged.
   */
  push(record: AuditRecord, nowMs: number, seq?: number): readonly AuditEvent[] {
    this.#checkSeq(seq)
    const events: AuditEvent[] = []
    this.#expireInto(events, nowMs)
    const key = `${record.node} ${record.timeMs}:${record.serial}`
    const open = this.#open.get(key)
    if (record.type === EOE) {
      this.pass(seq)
      if (open !== undefined) events.push(this.#close(open, undefined))
      return events
    }
    if (open === undefined && this.#open.size >= this.#maxEvents) this.#closeOldest(events, 'overflow')
    const event = open ?? this.#begin(key, record)
    this.pass(seq)
    event.records.push(record)
    event.bytes += record.bytes.length + RECORD_OVERHEAD_BYTES
    this.#bytes += record.bytes.length + RECORD_OVERHEAD_BYTES
    if (endsEvent(record.type)) events.push(this.#close(event, undefined))
    else if (event.records.length >= this.#maxRecords) events.push(this.#close(event, 'overflow'))
    while (this.#bytes > this.#maxBytes) this.#closeOldest(events, 'overflow')
    return events
  }

  /** Takes note of a seq that has no record for an event: a LOST line's last, a line that is no record. */
  pass(seq?: number): void {
    this.#checkSeq(seq)
    if (seq !== undefined) this.#highestSeq = seq
  }

  /** Hands out the events whose time is over, oldest first. */
  expire(nowMs: number): readonly AuditEvent[] {
    const events: AuditEvent[] = []
    this.#expireInto(events, nowMs)
    return events
  }

  /** Hands out all that is open, oldest first, when no more records come. */
  flush(): readonly AuditEvent[] {
    const events: AuditEvent[] = []
    while (this.#oldest !== undefined) this.#closeOldest(events, 'end')
    return events
  }

  #checkSeq(seq: number | undefined): void {
    if (seq === undefined || seq > this.#highestSeq) return
    throw new RangeError(`seq ${seq} comes after ${this.#highestSeq}`)
  }

  #expireInto(events: AuditEvent[], nowMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, nowMs)
    while (this.#oldest !== undefined && this.#oldest.openedMs + this.#timeoutMs <= this.#nowMs) {
      this.#closeOldest(events, 'timeout')
    }
  }

  #begin(key: string, first: AuditRecord): OpenEvent {
    const event: OpenEvent = {
      key,
      openedMs: this.#nowMs,
      isLate: this.#ended.has(key),
      seqBefore: this.#highestSeq,
      first,
      records: [],
      bytes: 0,
      older: this.#newest,
      newer: undefined,
    }
    this.#open.set(key, event)
    if (this.#newest === undefined) this.#oldest = event
    else this.#newest.newer = event
    this.#newest = event
    return event
  }

  #closeOldest(events: AuditEvent[], incomplete: Incomplete): void {
    if (this.#oldest !== undefined) events.push(this.#close(this.#oldest, incomplete))
  }

  #close(event: OpenEvent, incomplete: Incomplete | undefined): AuditEvent {
    this.#open.delete(event.key)
    this.#ended.add(event.key)
    this.#bytes -= event.bytes
    if (event.older === undefined) this.#oldest = event.newer
    else event.older.newer = event.newer
    if (event.newer === undefined) this.#newest = event.older
    else event.newer.older = event.older
    return handedOut(event, incomplete, this.safeSeq)
  }
}

function handedOut(event: OpenEvent, incomplete: Incomplete | undefined, safeSeq: number): AuditEvent {
  const { first, records, isLate } = event
  return { node: first.node, timeMs: first.timeMs, serial: first.serial, records, incomplete, isLate, safeSeq }
}

function positive(name: string, limit: number): number {
  if (!(limit > 0)) throw new RangeError(`${name} is ${limit}`)
  return limit
}
