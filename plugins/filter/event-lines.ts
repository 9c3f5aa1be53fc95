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
const NOT_FOUND = -1
const NODE = 'node='
const TYPE = 'type='
const STAMP = ' msg=audit('
/** A node, a type and a time take less; what has no end of its stamp in here is no record. */
const MAX_HEADER_BYTES = 1024
const REMEMBERED_EVENTS = 4096
/** How many spellings of types are known by their bytes; others are looked up each time. */
const MAX_TYPES = 1024
/** Stands in no line. */
const NO_STAMP = LF
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
  /** A part of its piece's text, until the event is parked. */
  key: string
  /** Other events have come since it began, and it is found by its key. */
  isParked: boolean
  readonly openedMs: number
  /** What may be acknowledged although this event is open. */
  readonly safeSeq: number
  readonly records: Buffer[]
  bytes: number
  /** The piece that records of it lie in, at the end of which they are copied. */
  piece: Buffer | undefined
}

/** Where the records of a type stand in an event: the last of it is known by its type, and an EOE comes behind all. */
type Place = 'within' | 'last' | 'behind'

/** The header of the last record, as parts of its piece's text: whoever keeps one keeps a copy. */
interface Header {
  /** All up to the type. */
  head: string
  /** From behind the type to the parenthesis. */
  stamp: string
  key: string
  /** As it is written. */
  type: string
}

export class EventLines {
  readonly #limits: EventLimits
  readonly #taker: EventTaker
  /** The oldest first; all that are open but the last one that began, unless others came after it. */
  readonly #parked = new Map<string, OpenEvent>()
  readonly #kept = new RememberedKeys(REMEMBERED_EVENTS)
  readonly #places = new Map<string, Place>()
  readonly #header: Header = { head: TYPE, stamp: NO_STAMP, key: '', type: '' }
  /** The open event of the last header. */
  #last: OpenEvent | undefined
  /** Parked events with records in the piece that is being taken. */
  #inPiece: OpenEvent[] = []
  #bytes = 0

  constructor(limits: EventLimits, taker: EventTaker) {
    this.#limits = limits
    this.#taker = taker
  }

  get openEvents(): number {
    return this.#parked.size + (this.#last?.isParked === false ? 1 : 0)
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
    const header = this.#header
    for (let at = 0; at < text.length;) {
      const lf = text.indexOf(LF, at)
      const end = lf === NOT_FOUND ? text.length : lf
      const record = piece.subarray(at, end)
      // Most records have all but their type of the record before.
      if (readType(text, at, end, header) || this.#turn(text.slice(at, end))) this.#line(piece, record, safeSeq, nowMs)
      else this.#taker.event([record])
      at = end + 1
    }
    this.#leave(piece)
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

  /** Reads another header than the last one; false: this is no record. */
  #turn(line: string): boolean {
    const header = this.#header
    if (!readHeader(line, header)) return false
    const last = this.#last
    if (last?.key === header.key) return true
    if (last?.isParked === false) this.#park(last)
    this.#last = this.#parked.size === 0 ? undefined : this.#parked.get(header.key)
    return true
  }

  #line(piece: Buffer, record: Buffer, safeSeq: number, nowMs: number): void {
    const { key, type } = this.#header
    const place = this.#places.get(type) ?? this.#place(type)
    if (this.#last === undefined && place !== 'within') {
      // Most events of one record never have to be remembered as open.
      if (place === 'behind') this.#taker.late(record, this.#kept.has(key))
      else if (this.#taker.event([record])) this.#kept.add(textCopy(key))
      return
    }
    const event = this.#last ?? this.#begin(key, safeSeq, nowMs)
    event.records.push(record)
    if (event.piece !== piece) {
      event.piece = piece
      if (event.isParked) this.#inPiece.push(event)
    }
    const bytes = record.length + RECORD_OVERHEAD_BYTES
    event.bytes += bytes
    this.#bytes += bytes
    if (place !== 'within' || event.records.length >= this.#limits.maxRecords) this.#close(event)
    while (this.#bytes > this.#limits.maxBytes) this.#closeOldest()
  }

  #place(name: string): Place {
    const type = recordTypeNumber(name)
    const place = type === EOE ? 'behind' : endsEvent(type) ? 'last' : 'within'
    // The name is a part of a text, which is not to be kept for it.
    if (this.#places.size < MAX_TYPES) this.#places.set(textCopy(name), place)
    return place
  }

  #begin(key: string, safeSeq: number, openedMs: number): OpenEvent {
    if (this.openEvents >= this.#limits.maxEvents) this.#closeOldest()
    this.#last = { key, isParked: false, openedMs, safeSeq, records: [], bytes: 0, piece: undefined }
    return this.#last
  }

  /** The last event goes to those that are found by their keys. */
  #park(event: OpenEvent): void {
    event.key = textCopy(event.key)
    event.isParked = true
    this.#parked.set(event.key, event)
    if (event.piece !== undefined) this.#inPiece.push(event)
  }

  #oldest(): OpenEvent | undefined {
    if (this.#parked.size === 0) return this.#last
    const [oldest] = this.#parked.values()
    return oldest
  }

  #closeOldest(): void {
    const oldest = this.#oldest()
    if (oldest !== undefined) this.#close(oldest)
  }

  #close(event: OpenEvent): void {
    if (event.isParked) this.#parked.delete(event.key)
    if (this.#last === event) this.#last = undefined
    this.#bytes -= event.bytes
    if (this.#taker.event(event.records)) this.#kept.add(event.isParked ? event.key : textCopy(event.key))
  }

  /** Nothing of the piece, nor of its text, is kept. */
  #leave(piece: Buffer): void {
    const last = this.#last
    if (last?.isParked === false) this.#park(last)
    for (const event of this.#inPiece) if (this.#parked.has(event.key)) this.#copyOut(event, piece)
    this.#inPiece = []
    Object.assign(this.#header, { head: TYPE, stamp: NO_STAMP, key: last?.key ?? '', type: '' })
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

/** Reads the type of a line whose header is the last one's otherwise; false: look at all of it. */
function readType(text: string, at: number, end: number, header: Header): boolean {
  const { head, stamp } = header
  if (!text.startsWith(head, at)) return false
  const typeAt = at + head.length
  const typeEnd = text.indexOf(BLANK, typeAt)
  if (typeEnd === NOT_FOUND || !text.startsWith(stamp, typeEnd)) return false
  const stampEnd = typeEnd + stamp.length
  if (stampEnd > end || stampEnd - at > MAX_HEADER_BYTES) return false
  header.type = text.slice(typeAt, typeEnd)
  return true
}

/** Reads node, time and serial as one text, and the type. False: this is no record. */
function readHeader(line: string, header: Header): boolean {
  const nodeEnd = line.startsWith(NODE) ? blankAfter(line, NODE.length) + 1 : 0
  if (!line.startsWith(TYPE, nodeEnd)) return false
  const typeAt = nodeEnd + TYPE.length
  const typeEnd = blankAfter(line, typeAt)
  if (!line.startsWith(STAMP, typeEnd)) return false
  const stampAt = typeEnd + STAMP.length
  const end = line.indexOf(CLOSE, stampAt)
  if (end === NOT_FOUND || end > MAX_HEADER_BYTES) return false
  const time = line.slice(stampAt, end)
  header.head = line.slice(0, typeAt)
  header.stamp = line.slice(typeEnd, end + 1)
  header.key = nodeEnd === 0 ? time : `${line.slice(0, nodeEnd)}${time}`
  header.type = line.slice(typeAt, typeEnd)
  return true
}

function blankAfter(line: string, from: number): number {
  const blank = line.indexOf(BLANK, from)
  return blank === NOT_FOUND ? line.length : blank
}
