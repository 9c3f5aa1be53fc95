// From the records that come in to the queues of all plugins. Each record gets its number and is written once a format, into
// that format's lane; queues get spans of it. Formats that nobody reads are not written.

import { HEADER_BYTES, MAX_PAYLOAD_BYTES, writeHeader } from '../protocol/frame.js'
import { LONGEST_LINE_BYTES } from '../protocol/line.js'
import { lineNode, lineType, maxLineBytes, writeLine } from '../protocol/record.js'
import type { Selector } from '../protocol/selector.js'
import { Audience, type Outlet, type PickyOutlet } from './audience.js'
import { BINARY, PROTOCOL, STRING } from './format.js'
import { Gatherer } from './gatherer.js'
import { Lane } from './lane.js'
import type { Outbox } from './outbox.js'
import { RecordPrefix } from './record-prefix.js'
import { SEGMENT_BYTES, type SegmentPool } from './segment.js'

const LF = 0x0a
const TEXT_VERSION = 1
/** What the dispatcher itself is called among the sources. */
const AUDITD = 'auditd'
const SELF = 'self'
/** Names that a plugin which sends records cannot have. */
export const OWN_SOURCES: readonly string[] = [AUDITD, SELF]

export type { Outlet } from './audience.js'

/** What the lanes' audiences for one source need to be told apart by. */
interface SourceAudiences {
  readonly strings: Audience
  readonly binaries: Audience
  readonly protocols: Audience
}

export class FanOut {
  readonly #pool: SegmentPool
  readonly #strings: Lane
  readonly #binaries: Lane
  readonly #protocols: Lane
  readonly #lanes: readonly Lane[]
  #outlets: (Outlet | PickyOutlet)[] = []
  #bySource = new Map<string, SourceAudiences>()
  #source = AUDITD
  #node = ''
  #nodePrefix: Buffer = Buffer.alloc(0)
  #needsNode = false
  /** Records since the last offer(), for the plugins' ledgers. */
  #came = 0
  /** The last record's number, as the lines of the protocol begin with it. */
  readonly #prefix = new RecordPrefix()

  constructor(pool: SegmentPool) {
    this.#pool = pool
    const nobody = new Audience(AUDITD, [], [])
    this.#strings = new Lane(STRING, pool, nobody)
    this.#binaries = new Lane(BINARY, pool, nobody)
    this.#protocols = new Lane(PROTOCOL, pool, nobody)
    this.#lanes = [this.#strings, this.#binaries, this.#protocols]
  }

  /** The seq of the last record that came, whoever got it. */
  get seq(): number {
    return this.#prefix.seq
  }

  /** The name that version 0 records get as `node=NAME `; empty: none. */
  setNode(node: string): void {
    this.#node = node
    this.#nodePrefix = Buffer.from(node === '' ? '' : `node=${node} `)
  }

  add({ queue, selector, name }: Outlet): void {
    this.offer()
    const outlet = { queue, selector, name }
    this.#outlets.push(
      selector === undefined ? outlet : { ...outlet, selector, gatherer: new Gatherer(queue, this.#pool) },
    )
    this.#sort()
  }

  remove(queue: Outbox): void {
    this.offer()
    const leaving = this.#outlets.find((outlet) => outlet.queue === queue)
    if (leaving === undefined) return
    this.#outlets = this.#outlets.filter((outlet) => outlet !== leaving)
    if (isPicky(leaving)) leaving.gatherer.close()
    this.#sort()
  }

  /** From the next record on `queue` gets what `selector` says. */
  select(queue: Outbox, selector: Selector | undefined): void {
    const outlet = this.#outlets.find((each) => each.queue === queue)
    if (outlet === undefined) return
    this.remove(queue)
    this.add({ ...outlet, selector })
  }

  /** One record with its header: payload is bytes[start, end), valid only during the call. */
  frame(version: 0 | 1, type: number, bytes: Buffer, start: number, end: number, clean: boolean): void {
    if (this.#source !== AUDITD) this.#comesFrom(AUDITD)
    this.#came++
    const seq = this.#prefix.step()
    const node = this.#needsNode ? this.#frameNode(version, bytes, start, end) : ''
    if (!this.#strings.isIdle && this.#strings.wants(type, node)) {
      const segment = this.#strings.log.reserve(maxLineBytes(end - start, this.#nodePrefix.length))
      const at = segment.used
      const to = writeLine(segment.bytes, at, version, type, bytes, start, end, clean, this.#nodePrefix)
      this.#strings.wrote(segment, to, seq)
    }
    if (!this.#protocols.isIdle && this.#protocols.wants(type, node)) {
      // A frame's record is far shorter than the longest line.
      const most = this.#prefix.length + maxLineBytes(end - start, this.#nodePrefix.length)
      const segment = this.#protocols.log.reserve(most)
      const at = this.#prefix.write(segment.bytes, segment.used)
      const to = writeLine(segment.bytes, at, version, type, bytes, start, end, clean, this.#nodePrefix)
      this.#protocols.wrote(segment, to, seq)
    }
    if (!this.#binaries.isIdle && this.#binaries.wants(type, node)) this.#writeFrame(version, type, bytes, start, end)
  }

  /** A run of whole lines, each with its LF: bytes[start, end), valid only during the call. */
  lines(bytes: Buffer, start: number, end: number, count: number, source = AUDITD): void {
    this.#comesFrom(source)
    this.#came += count
    const { audience, isIdle } = this.#strings
    if (audience.isPicky || !this.#binaries.isIdle || !this.#protocols.isIdle) {
      return this.#eachLine(bytes, start, end)
    }
    this.#prefix.skip(count)
    if (!isIdle) this.#wholeLines(bytes, start, end, count)
  }

  /** Publishes one line of the daemon's own, LF included, to everybody. */
  publish(line: Buffer): void {
    this.offer()
    this.#areOwn(true)
    this.lines(line, 0, line.length, 1, SELF)
    this.offer()
    this.#areOwn(false)
  }

  /** Publishes one line of the daemon's own to one plugin. */
  publishAlone(queue: Outbox, line: Buffer): void {
    this.offer()
    const seq = this.#prefix.step()
    queue.offerAlone(queue.format.encode(line, seq), seq)
  }

  /** Some of the input could not be read: nobody knows how many records were in it. */
  noteGap(): void {
    this.offer()
    const seq = this.#prefix.step()
    for (const { queue } of this.#outlets) queue.noteGap(seq)
  }

  /** Hands what has come since the last call to the queues. */
  offer(): void {
    for (const lane of this.#lanes) lane.offer()
    const came = this.#came
    this.#came = 0
    if (came === 0) return
    for (const outlet of this.#outlets) {
      outlet.queue.ledger.in += came
      if (isPicky(outlet)) outlet.queue.ledger.filtered += came - outlet.gatherer.flush()
      else if (outlet.name === this.#source) outlet.queue.ledger.filtered += came
    }
  }

  #sort(): void {
    for (const lane of this.#lanes) {
      const outlets = this.#outlets.filter(({ queue }) => queue.format === lane.format)
      lane.queues = outlets.map(({ queue }) => queue)
      lane.gatherers = outlets.filter(isPicky).map(({ gatherer }) => gatherer)
    }
    this.#bySource = new Map()
    this.#listen()
  }

  /** The next records come from there. */
  #comesFrom(source: string): void {
    if (source === this.#source) return
    this.offer()
    this.#source = source
    this.#listen()
  }

  #listen(): void {
    const { strings, binaries, protocols } = this.#audiences()
    this.#strings.turnTo(strings)
    this.#binaries.turnTo(binaries)
    this.#protocols.turnTo(protocols)
    this.#needsNode = strings.needsNode || binaries.needsNode || protocols.needsNode
  }

  #audiences(): SourceAudiences {
    const known = this.#bySource.get(this.#source)
    if (known !== undefined) return known
    const found = {
      strings: this.#audience(this.#strings),
      binaries: this.#audience(this.#binaries),
      protocols: this.#audience(this.#protocols),
    }
    this.#bySource.set(this.#source, found)
    return found
  }

  #audience({ format }: Lane): Audience {
    const outlets = this.#outlets.filter(({ queue }) => queue.format === format)
    const whole = outlets.filter((outlet) => !isPicky(outlet))
    return new Audience(this.#source, whole, outlets.filter(isPicky))
  }

  #areOwn(areOwn: boolean): void {
    for (const lane of this.#lanes) {
      lane.ownRecords = areOwn
      for (const gatherer of lane.gatherers) gatherer.ownRecords = areOwn
    }
  }

  #wholeLines(bytes: Buffer, start: number, end: number, count: number): void {
    let from = start
    let left = count
    while (end - from > SEGMENT_BYTES) {
      const cut = bytes.lastIndexOf(LF, from + SEGMENT_BYTES - 1) + 1
      const records = countLines(bytes, from, cut)
      left -= records
      this.#copyRun(bytes, from, cut, records, left)
      from = cut
    }
    this.#copyRun(bytes, from, end, left, 0)
  }

  /** `left`: how many lines of those at hand come behind these. */
  #copyRun(bytes: Buffer, start: number, end: number, records: number, left: number): void {
    const segment = this.#strings.log.reserve(end - start)
    const to = segment.used + bytes.copy(segment.bytes, segment.used, start, end)
    this.#strings.wroteRun(segment, to, records, this.seq - left)
  }

  #eachLine(bytes: Buffer, start: number, end: number): void {
    for (let from = start; from < end;) {
      const lf = bytes.indexOf(LF, from)
      this.#prefix.step()
      const type = lineType(bytes, from, lf)
      const node = this.#needsNode ? lineNode(bytes, from, lf) : ''
      if (!this.#strings.isIdle && this.#strings.wants(type, node)) {
        const segment = this.#strings.log.reserve(lf + 1 - from)
        const to = segment.used + bytes.copy(segment.bytes, segment.used, from, lf + 1)
        this.#strings.wrote(segment, to, this.seq)
      }
      if (!this.#protocols.isIdle && this.#protocols.wants(type, node)) this.#writeRecord(bytes, from, lf + 1)
      if (!this.#binaries.isIdle && this.#binaries.wants(type, node))
        this.#writeFrame(TEXT_VERSION, type, bytes, from, lf)
      from = lf + 1
    }
  }

  #writeRecord(bytes: Buffer, start: number, end: number): void {
    const size = this.#prefix.length + end - start
    if (size > LONGEST_LINE_BYTES) return this.#protocols.tooLong(this.seq)
    const segment = this.#protocols.log.reserve(size)
    const at = this.#prefix.write(segment.bytes, segment.used)
    this.#protocols.wrote(segment, at + bytes.copy(segment.bytes, at, start, end), this.seq)
  }

  #writeFrame(version: 0 | 1, type: number, bytes: Buffer, start: number, end: number): void {
    const size = end - start
    if (size > MAX_PAYLOAD_BYTES) return this.#binaries.tooLong(this.seq)
    const segment = this.#binaries.log.reserve(HEADER_BYTES + size)
    writeHeader(segment.bytes, segment.used, version, type, size)
    bytes.copy(segment.bytes, segment.used + HEADER_BYTES, start, end)
    this.#binaries.wrote(segment, segment.used + HEADER_BYTES + size, this.seq)
  }

  /** Version 0 text has no node= of its own; version 1 has one if auditd, or the machine it came from, put it there. */
  #frameNode(version: 0 | 1, bytes: Buffer, start: number, end: number): string {
    return version === 1 ? lineNode(bytes, start, end) : this.#node
  }
}

function isPicky(outlet: Outlet | PickyOutlet): outlet is PickyOutlet {
  return 'gatherer' in outlet
}

function countLines(bytes: Buffer, start: number, end: number): number {
  let count = 0
  for (let at = start; at < end; count++) at = bytes.indexOf(LF, at) + 1
  return count
}
