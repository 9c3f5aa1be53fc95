// From the records that come in to the queues of all plugins. Each record is formatted once a format, into that format's
// segment log; queues get spans of it. Plugins without a selector are offered everything since the last turn as one run;
// only plugins with a selector cost work by the record. Formats that nobody reads are not written.

import { HEADER_BYTES, MAX_PAYLOAD_BYTES, writeHeader } from '../protocol/frame.js'
import { lineNode, lineType, maxLineBytes, writeLine } from '../protocol/record.js'
import { selectorMatches, selectorNeeds, type Selector } from '../protocol/selector.js'
import { BINARY, STRING, type Format } from './format.js'
import type { Queue } from './queue.js'
import { SEGMENT_BYTES, SegmentLog, type Segment, type SegmentPool } from './segment.js'

const LF = 0x0a
const TEXT_VERSION = 1

/** One plugin as the fan-out sees it: a queue, and the selector if it does not want everything. */
export interface Outlet {
  readonly queue: Queue
  readonly selector: Selector | undefined
}

/** What the selectors look at in one record. */
interface Traits {
  readonly type: number
  readonly node: string
}

interface PickyQueue {
  readonly queue: Queue
  readonly selector: Selector
  /** Whether it wants the record at hand. */
  wants: boolean
}

/** The writing side of one format: its log, and the queues that read it. */
class Lane {
  readonly format: Format
  readonly log: SegmentLog
  readonly whole: Queue[] = []
  readonly picky: PickyQueue[] = []
  /** The records at hand are the daemon's own. */
  ownRecords = false
  /** Where the run begins that the whole queues have not been offered yet. */
  #from = 0
  #records = 0

  constructor(format: Format, pool: SegmentPool) {
    this.format = format
    this.log = new SegmentLog(pool, (segment) => this.#seal(segment))
  }

  get isRead(): boolean {
    return this.whole.length + this.picky.length > 0
  }

  get needsNode(): boolean {
    return this.picky.some(({ selector }) => selectorNeeds(selector).node)
  }

  /** Asks the picky queues about the record at hand; true if anybody wants it written. */
  wants(traits: Traits | undefined, source: string): boolean {
    let wanted = this.whole.length > 0
    for (const picky of this.picky) {
      picky.wants = traits !== undefined && selectorMatches(picky.selector, traits.type, traits.node, source)
      if (picky.wants) wanted = true
      else picky.queue.ledger.filtered++
    }
    return wanted
  }

  /** The record at hand has been written, ending at `end`. */
  wrote(segment: Segment, end: number): void {
    const start = segment.used
    segment.used = end
    if (this.whole.length > 0) this.#records++
    for (const picky of this.picky) if (picky.wants) picky.queue.offer(segment, start, end, 1, this.ownRecords)
  }

  /** The record at hand cannot be written in this format. */
  tooLong(): void {
    for (const queue of this.whole) queue.dropTooLong(1)
    for (const picky of this.picky) if (picky.wants) picky.queue.dropTooLong(1)
  }

  /** A run of records has been written, ending at `end`; only where there is no picky queue. */
  wroteRun(segment: Segment, end: number, records: number): void {
    segment.used = end
    this.#records += records
  }

  offer(): void {
    const segment = this.log.segment
    const end = segment.used
    if (this.#records > 0) {
      for (const queue of this.whole) queue.offer(segment, this.#from, end, this.#records, this.ownRecords)
    }
    this.#from = end
    this.#records = 0
  }

  #seal(segment: Segment): void {
    this.offer()
    for (const queue of this.whole) queue.settle(segment)
    for (const { queue } of this.picky) queue.settle(segment)
    this.#from = 0
  }
}

export class FanOut {
  readonly #strings: Lane
  readonly #binaries: Lane
  #outlets: Outlet[] = []
  #node = ''
  #nodePrefix: Buffer = Buffer.alloc(0)
  #needsTraits = false
  #needsNode = false
  /** Records since the last offer(), for the plugins' ledgers. */
  #came = 0

  constructor(pool: SegmentPool) {
    this.#strings = new Lane(STRING, pool)
    this.#binaries = new Lane(BINARY, pool)
  }

  /** The name that version 0 records get as `node=NAME `; empty: none. */
  setNode(node: string): void {
    this.#node = node
    this.#nodePrefix = Buffer.from(node === '' ? '' : `node=${node} `)
  }

  add(outlet: Outlet): void {
    this.offer()
    this.#outlets.push(outlet)
    this.#sort()
  }

  remove(queue: Queue): void {
    this.offer()
    this.#outlets = this.#outlets.filter((outlet) => outlet.queue !== queue)
    this.#sort()
  }

  /** One record with its header: payload is bytes[start, end), valid only during the call. */
  frame(version: 0 | 1, type: number, bytes: Buffer, start: number, end: number, clean: boolean): void {
    this.#came++
    const traits = this.#needsTraits ? this.#frameTraits(version, type, bytes, start, end) : undefined
    const strings = this.#strings
    if (strings.isRead && strings.wants(traits, 'auditd')) {
      const segment = strings.log.reserve(maxLineBytes(end - start, this.#nodePrefix.length))
      const at = segment.used
      const to = writeLine(segment.bytes, at, version, type, bytes, start, end, clean, this.#nodePrefix)
      strings.wrote(segment, to)
    }
    const binaries = this.#binaries
    if (binaries.isRead && binaries.wants(traits, 'auditd')) {
      this.#writeFrame(version, type, bytes, start, end)
    }
  }

  /** A run of whole lines, each with its LF: bytes[start, end), valid only during the call. */
  lines(bytes: Buffer, start: number, end: number, count: number, source = 'auditd'): void {
    this.#came += count
    if (this.#binaries.isRead || this.#strings.picky.length > 0) this.#eachLine(bytes, start, end, source)
    else if (this.#strings.isRead) this.#wholeLines(bytes, start, end, count)
  }

  /** Publishes one line of the daemon's own, LF included, to everybody. */
  publish(line: Buffer): void {
    this.offer()
    this.#strings.ownRecords = this.#binaries.ownRecords = true
    this.lines(line, 0, line.length, 1, 'self')
    this.offer()
    this.#strings.ownRecords = this.#binaries.ownRecords = false
  }

  /** Hands what has come since the last call to the queues. */
  offer(): void {
    this.#strings.offer()
    this.#binaries.offer()
    if (this.#came === 0) return
    for (const { queue } of this.#outlets) queue.ledger.in += this.#came
    this.#came = 0
  }

  #sort(): void {
    for (const lane of [this.#strings, this.#binaries]) {
      lane.whole.length = 0
      lane.picky.length = 0
      for (const { queue, selector } of this.#outlets) {
        if (queue.format !== lane.format) continue
        if (selector === undefined) lane.whole.push(queue)
        else lane.picky.push({ queue, selector, wants: false })
      }
    }
    this.#needsTraits = this.#strings.picky.length + this.#binaries.picky.length > 0
    this.#needsNode = this.#strings.needsNode || this.#binaries.needsNode
  }

  #wholeLines(bytes: Buffer, start: number, end: number, count: number): void {
    let from = start
    let left = count
    while (end - from > SEGMENT_BYTES) {
      const cut = bytes.lastIndexOf(LF, from + SEGMENT_BYTES - 1) + 1
      const records = countLines(bytes, from, cut)
      this.#copyRun(bytes, from, cut, records)
      from = cut
      left -= records
    }
    this.#copyRun(bytes, from, end, left)
  }

  #copyRun(bytes: Buffer, start: number, end: number, records: number): void {
    const segment = this.#strings.log.reserve(end - start)
    const to = segment.used + bytes.copy(segment.bytes, segment.used, start, end)
    this.#strings.wroteRun(segment, to, records)
  }

  #eachLine(bytes: Buffer, start: number, end: number, source: string): void {
    for (let from = start; from < end;) {
      const lf = bytes.indexOf(LF, from)
      const type = lineType(bytes, from, lf)
      const traits = this.#needsTraits ? { type, node: this.#needsNode ? lineNode(bytes, from, lf) : '' } : undefined
      if (this.#strings.isRead && this.#strings.wants(traits, source)) {
        const segment = this.#strings.log.reserve(lf + 1 - from)
        const to = segment.used + bytes.copy(segment.bytes, segment.used, from, lf + 1)
        this.#strings.wrote(segment, to)
      }
      if (this.#binaries.isRead && this.#binaries.wants(traits, source)) {
        this.#writeFrame(TEXT_VERSION, type, bytes, from, lf)
      }
      from = lf + 1
    }
  }

  #writeFrame(version: 0 | 1, type: number, bytes: Buffer, start: number, end: number): void {
    const size = end - start
    if (size > MAX_PAYLOAD_BYTES) return this.#binaries.tooLong()
    const segment = this.#binaries.log.reserve(HEADER_BYTES + size)
    writeHeader(segment.bytes, segment.used, version, type, size)
    bytes.copy(segment.bytes, segment.used + HEADER_BYTES, start, end)
    this.#binaries.wrote(segment, segment.used + HEADER_BYTES + size)
  }

  #frameTraits(version: 0 | 1, type: number, bytes: Buffer, start: number, end: number): Traits {
    if (!this.#needsNode) return { type, node: '' }
    // Version 0 text has no node= of its own; version 1 has one if auditd, or the machine it came from, put it there.
    return { type, node: version === 1 ? lineNode(bytes, start, end) : this.#node }
  }
}

function countLines(bytes: Buffer, start: number, end: number): number {
  let count = 0
  for (let at = start; at < end; count++) at = bytes.indexOf(LF, at) + 1
  return count
}
