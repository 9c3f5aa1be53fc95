// Lines put together into events where they lie: the lines that share node, time and serial. The rules of when an event ends
// are those of the SDK's EventAssembler; but no object is made for a record, as most records of a busy machine are looked
// at once and passed on or not. What is open when a piece of input is done with is copied out of it.

import { EOE, endsEvent } from '../../src/protocol/event-end.js'
import { RememberedKeys } from '../../src/protocol/event-memory.js'
import { recordTypeNumber } from '../../src/protocol/record-type.js'
import { textCopy } from './field-scan.js'

const LF = '\n'
const BLANK = ' '
const CLOSE = ')'
const NODE = 'node='
const TYPE = 'type='
const STAMP = 'msg=audit('
/** A node, a type and a time take less; what has no end of its stamp in here is no record. */
const MAX_HEADER_BYTES = 1024
const REMEMBERED_EVENTS = 4096
/** What is kept about a record besides its bytes. */
const RECORD_OVERHEAD_BYTES = 256

export interface EventLimits {
  readonly timeoutMs: number
  readonly maxEvents: number
  readonly maxRecords: number
  readonly maxBytes: number
}

/** As the SDK's events have them; at a limit the oldest event is handed out as it is. */
export const EVENT_LIMITS = { maxEvents: 1024, maxRecords: 2048, maxBytes: 16 * 1024 * 1024 } as const

export interface EventTaker {
  /** All that there is of one event, without LFs; says whether it is kept. Valid during the call. */
  event(records: readonly Buffer[]): boolean
  /** The EOE record of an event that has been given already, or never came. */
  late(record: Buffer, isKept: boolean): void
}

interface OpenEvent {
  readonly key: string
  readonly openedMs: number
  /** What may be acknowledged although this event is open. */
  readonly safeSeq: number
  readonly records: Buffer[]
  bytes: number
  /** The piece that records of it lie in, at the end of which they are copied. */
  piece: Buffer | undefined
}

/** The key is a part of its piece's text: whoever keeps it keeps a copy. */
interface Header {
  key: string
  type: number
}

export class EventLines {
  readonly #limits: EventLimits
  readonly #taker: EventTaker
  /** The oldest first. */
  readonly #open = new Map<string, OpenEvent>()
  readonly #kept = new RememberedKeys(REMEMBERED_EVENTS)
  readonly #header: Header = { key: '', type: 0 }
  #last: OpenEvent | undefined
  /** Events with records in the piece that is being taken. */
  #inPiece: OpenEvent[] = []
  #bytes = 0

  constructor(limits: EventLimits, taker: EventTaker) {
    this.#limits = limits
    this.#taker = taker
  }

  get openEvents(): number {
    return this.#open.size
  }

  /** When `expire` has something to hand out; undefined if no event is open. */
  get nextExpiryMs(): number | undefined {
    const oldest = this.#oldest()
    return oldest === undefined ? undefined : oldest.openedMs + this.#limits.timeoutMs
  }

  /** What may be acknowledged, though later records have come; undefined: all, as nothing is open. */
  get safeSeq(): number | undefined {
    return this.#oldest()?.safeSeq
  }

  /** Takes whole lines; `safeSeq` is the last seq before all of them. */
  take(piece: Buffer, safeSeq: number, nowMs: number): void {
    // One text for all lines, a character a byte: Node searches texts many times as fast as a loop goes over bytes.
    const text = piece.toString('latin1')
    for (let at = 0; at < text.length;) {
      const lf = text.indexOf(LF, at)
      const end = lf === -1 ? text.length : lf
      const isRecord = readHeader(text.slice(at, end), this.#header)
      this.#line(piece, piece.subarray(at, end), isRecord, safeSeq, nowMs)
      at = end + 1
    }
    for (const event of this.#inPiece) if (this.#open.has(event.key)) this.#copyOut(event, piece)
    this.#inPiece = []
  }

  expire(nowMs: number): void {
    for (let oldest = this.#oldest(); oldest !== undefined; oldest = this.#oldest()) {
      if (oldest.openedMs + this.#limits.timeoutMs > nowMs) return
      this.#close(oldest)
    }
  }

  /** Hands out all that is open. */
  flush(): void {
    for (let oldest = this.#oldest(); oldest !== undefined; oldest = this.#oldest()) this.#close(oldest)
  }

  #line(piece: Buffer, record: Buffer, isRecord: boolean, safeSeq: number, nowMs: number): void {
    if (!isRecord) {
      this.#taker.event([record])
      return
    }
    const { key, type } = this.#header
    const open = this.#last?.key === key ? this.#last : this.#open.get(key)
    if (open === undefined) {
      if (type === EOE) {
        this.#taker.late(record, this.#kept.has(key))
        return
      }
      // Most events of one record never have to be remembered as open.
      if (endsEvent(type)) {
        if (this.#taker.event([record])) this.#kept.add(textCopy(key))
        return
      }
    }
    const event = open ?? this.#begin(textCopy(key), safeSeq, nowMs)
    event.records.push(record)
    if (event.piece !== piece) {
      event.piece = piece
      this.#inPiece.push(event)
    }
    event.bytes += record.length + RECORD_OVERHEAD_BYTES
    this.#bytes += record.length + RECORD_OVERHEAD_BYTES
    if (type === EOE || endsEvent(type) || event.records.length >= this.#limits.maxRecords) this.#close(event)
    while (this.#bytes > this.#limits.maxBytes) this.#closeOldest()
  }

  #begin(key: string, safeSeq: number, openedMs: number): OpenEvent {
    if (this.#open.size >= this.#limits.maxEvents) this.#closeOldest()
    const event: OpenEvent = { key, openedMs, safeSeq, records: [], bytes: 0, piece: undefined }
    this.#open.set(key, event)
    this.#last = event
    return event
  }

  #oldest(): OpenEvent | undefined {
    if (this.#open.size === 0) return undefined
    const [oldest] = this.#open.values()
    return oldest
  }

  #closeOldest(): void {
    const oldest = this.#oldest()
    if (oldest !== undefined) this.#close(oldest)
  }

  #close(event: OpenEvent): void {
    this.#open.delete(event.key)
    if (this.#last === event) this.#last = undefined
    this.#bytes -= event.bytes
    if (this.#taker.event(event.records)) this.#kept.add(event.key)
  }

  /** The records that lie in the piece; they are the last ones. */
  #copyOut(event: OpenEvent, piece: Buffer): void {
    const { records } = event
    event.piece = undefined
    for (let index = records.length - 1; index >= 0; index--) {
      const record = records[index]
      if (record === undefined || record.buffer !== piece.buffer) return
      records[index] = copyOf(record)
    }
  }
}

/** Never of the pool that small buffers share: that is another's buffer as well. */
function copyOf(record: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(record.length)
  record.copy(copy)
  return copy
}

/** Reads node, time and serial as one text, and the type. False: this is no record. */
function readHeader(line: string, header: Header): boolean {
  const nodeEnd = line.startsWith(NODE) ? blankAfter(line, NODE.length) + 1 : 0
  if (!line.startsWith(TYPE, nodeEnd)) return false
  const typeAt = nodeEnd + TYPE.length
  const typeEnd = blankAfter(line, typeAt)
  if (!line.startsWith(STAMP, typeEnd + 1)) return false
  const stampAt = typeEnd + 1 + STAMP.length
  const end = line.indexOf(CLOSE, stampAt)
  if (end === -1 || end > MAX_HEADER_BYTES) return false
  const stamp = line.slice(stampAt, end)
  header.key = nodeEnd === 0 ? stamp : `${line.slice(0, nodeEnd)}${stamp}`
  header.type = recordTypeNumber(line.slice(typeAt, typeEnd))
  return true
}

function blankAfter(line: string, from: number): number {
  const blank = line.indexOf(BLANK, from)
  return blank === -1 ? line.length : blank
}
