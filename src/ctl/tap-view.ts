// What of the records that come is shown, and how: lines as they are, JSON, or events put together.

import { EventAssembler, type AuditEvent } from '../protocol/event.js'
import { readRecord, type AuditRecord } from '../protocol/record-fields.js'
import { eventJson } from '../show/event-json.js'
import { eventLine } from '../show/event-line.js'
import { harmlessLines } from '../show/line.js'
import type { Paint } from '../show/paint.js'
import { asciiJson } from '../show/ascii-json.js'
import { loneRecordJson } from '../show/record-json.js'
import { isWanted, type Selection } from '../show/selection.js'
import type { TapSink } from './tap-stream.js'

const LF = 0x0a

export interface TapWish {
  readonly shows: 'records' | 'events'
  /** `raw`: byte for byte. */
  readonly form: 'text' | 'json' | 'raw'
  readonly selection: Selection
  /** Login uids, one of which must be there; none is everybody. */
  readonly auids: readonly string[]
  /** So many are shown at the most; 0 is no limit. */
  readonly limit: number
}

/** Takes what comes, and gives what is to be written. */
export class TapView implements TapSink {
  readonly #wish: TapWish
  readonly #paint: Paint
  readonly #nowMs: () => number
  readonly #assembler = new EventAssembler()
  readonly #picks: boolean
  #output: (string | Buffer)[] = []
  #shown = 0
  #lost = 0

  constructor(wish: TapWish, paint: Paint, nowMs: () => number) {
    this.#wish = wish
    this.#paint = paint
    this.#nowMs = nowMs
    this.#picks = wish.selection.keys.length > 0 || wish.auids.length > 0 || wish.form === 'json' || wish.limit > 0
  }

  /** Records or events that were shown. */
  get shown(): number {
    return this.#shown
  }

  /** Records that are missing in this view. */
  get lostRecords(): number {
    return this.#lost
  }

  /** All that was asked for is shown. */
  get isDone(): boolean {
    return this.#wish.limit > 0 && this.#shown >= this.#wish.limit
  }

  /** What is to be written of all that has come since the last call. */
  output(): (string | Buffer)[] {
    const output = this.#output
    this.#output = []
    return output
  }

  records(bytes: Buffer, start: number, end: number): void {
    if (this.#wish.shows === 'records' && !this.#picks) return this.#whole(bytes, start, end)
    for (let at = start; at < end && !this.isDone;) {
      const next = bytes.indexOf(LF, at) + 1
      if (this.#wish.shows === 'events') this.#intoEvents(bytes, at, next - 1)
      else this.#record(bytes, at, next)
      at = next
    }
  }

  lost(count: number): void {
    this.#lost += count
    if (this.#wish.form === 'json') this.#output.push(`{"lost":${count}}\n`)
  }

  /** Events whose time is over. */
  expire(): void {
    this.#events(this.#assembler.expire(this.#nowMs()))
  }

  /** Nothing more comes. */
  end(): void {
    this.#events(this.#assembler.flush())
  }

  /** Nobody looks at any of them more closely. */
  #whole(bytes: Buffer, start: number, end: number): void {
    for (let at = start; at < end; at = bytes.indexOf(LF, at) + 1) this.#shown++
    this.#output.push(this.#asIs(bytes, start, end))
  }

  #asIs(bytes: Buffer, start: number, end: number): string | Buffer {
    if (this.#wish.form === 'raw') return Buffer.from(bytes.subarray(start, end))
    return harmlessLines(bytes.toString('latin1', start, end))
  }

  #record(bytes: Buffer, start: number, next: number): void {
    const record = readRecord(bytes, start, next - 1)
    if (!this.#wants(record === undefined ? [] : [record])) return
    this.#shown++
    if (this.#wish.form !== 'json') this.#output.push(this.#asIs(bytes, start, next))
    // What is no record has no fields either.
    else
      this.#output.push(
        `${asciiJson(record ? loneRecordJson(record) : { text: bytes.toString('utf8', start, next - 1) })}\n`,
      )
  }

  #intoEvents(bytes: Buffer, start: number, end: number): void {
    // The bytes are used again, while the event may be open for long.
    const record = readRecord(Buffer.from(bytes.subarray(start, end)))
    if (record !== undefined) this.#events(this.#assembler.push(record, this.#nowMs()))
  }

  #events(events: readonly AuditEvent[]): void {
    for (const event of events) {
      if (this.isDone) return
      if (!this.#wants(event.records)) continue
      this.#shown++
      this.#output.push(`${this.#wish.form === 'json' ? eventJson(event) : eventLine(event, this.#paint)}\n`)
    }
  }

  #wants(records: readonly AuditRecord[]): boolean {
    const { selection, auids } = this.#wish
    return isWanted(selection, records) && (auids.length === 0 || records.some((record) => hasAuid(record, auids)))
  }
}

function hasAuid(record: AuditRecord, auids: readonly string[]): boolean {
  const auid = record.get('auid')
  return auid !== undefined && auids.includes(auid)
}
