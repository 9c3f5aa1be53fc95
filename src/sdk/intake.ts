// What the dispatcher says, parted at once into what is answered at once (PING, and the answers to what the plugin itself
// sent) and what waits for its turn (records, LOST, RELOAD, STOP). Two buffers take turns: while the handlers work on what
// lies in one, the other fills. Nothing is copied out of them, and no object is made for a record.

import { LONGEST_LINE_BYTES, readDispatcherLine, recordNumber, type DispatcherLine } from '../protocol/line.js'
import { enlarged, FIRST_BYTES, KEPT_BYTES, type Hand, type Item, type Waiting } from './item.js'
import { NUMBERED_LINES } from './line-layout.js'
import { DispatcherViolation } from './sdk-error.js'

/**
 * Reading is paused when so much waits for the handlers, and a PING behind it is answered late. Records that the dispatcher
 * wants acknowledged are at most a window: one of 1023 records never comes that far, however long they are.
 */
export const READ_AHEAD_BYTES = 64 * 1024 * 1024
/** The same for records that nobody will send again: what was read is lost with the process. */
export const FORGOTTEN_AHEAD_BYTES = 64 * 1024

const LF = 0x0a
const BLANK = 0x20
const [R, E, C, O, D] = [0x52, 0x45, 0x43, 0x4f, 0x44]

/** What is not put off. */
export type UrgentLine = Extract<DispatcherLine, { verb: 'HELLO' | 'ACK' | 'PING' | 'OK' | 'ERR' | 'STOP' }>

export class Intake implements Waiting {
  readonly #onUrgent: (line: UrgentLine) => void
  readonly #now: () => number
  #arrivedMs = 0
  #filling: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES)
  #other: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES)
  #filled = 0
  /** Where the first line begins that has not been looked at. */
  #scanned = 0
  #items: Item[] = []
  #lastSeq = 0
  #isOpen = false
  /** What comes now is left to the next process, but for what is urgent. */
  #isLeaving = false

  /**
   * Throws, as push() does, what `onUrgent` throws. With `now`, records that arrived at different times are different items;
   * without it all that waits is one.
   */
  constructor(onUrgent: (line: UrgentLine) => void, now: () => number = () => 0) {
    this.#onUrgent = onUrgent
    this.#now = now
  }

  /** READY was said: before it nothing comes but HELLO, or STOP. */
  open(): void {
    this.#isOpen = true
  }

  /** Bytes that wait for the handlers. */
  get aheadBytes(): number {
    return this.#filled
  }

  /** Takes the next bytes; the caller may reuse them. Throws a DispatcherViolation. */
  push(chunk: Buffer): void {
    this.#arrivedMs = this.#now()
    const filled = this.#filled + chunk.length
    if (filled > this.#filling.length) this.#filling = enlarged(this.#filling, this.#filled, filled)
    chunk.copy(this.#filling, this.#filled)
    this.#filled = filled
    this.#scan(this.#filling.subarray(0, filled))
    if (filled - this.#scanned >= LONGEST_LINE_BYTES) throw tooLong()
    // Lines that do not wait for anything shall not fill the buffer: an input plugin may get no others.
    if (this.#items.length === 0 || this.#isLeaving) this.#forgetScanned()
  }

  /** Something that did not come through the input but has to wait for its turn all the same. */
  add(item: Item): void {
    if (!this.#isLeaving) this.#items.push(item)
  }

  /** Forgets all that waits, and all that comes, but for this and what is urgent. */
  leaveOnly(item: Item): void {
    this.#isLeaving = true
    this.#items = [item]
    // The beginning of a line stays: what is urgent may come behind its end.
    this.#forgetScanned()
  }

  /** All that waits; it is the caller's until the next call. */
  take(): Hand | undefined {
    if (this.#items.length === 0) return undefined
    const bytes = this.#filling
    const hand = { bytes, items: this.#items }
    const rest = this.#filled - this.#scanned
    if (rest > this.#other.length) this.#other = enlarged(this.#other, 0, rest)
    bytes.copy(this.#other, 0, this.#scanned, this.#filled)
    this.#filling = this.#other
    this.#other = bytes.length > KEPT_BYTES ? Buffer.alloc(0) : bytes
    this.#filled = rest
    this.#scanned = 0
    this.#items = []
    return hand
  }

  #forgetScanned(): void {
    this.#filling.copy(this.#filling, 0, this.#scanned, this.#filled)
    this.#filled -= this.#scanned
    this.#scanned = 0
  }

  #scan(bytes: Buffer): void {
    const end = bytes.lastIndexOf(LF) + 1
    let runStart = this.#scanned
    let lastStart = -1
    let count = 0
    for (let at = runStart; at < end;) {
      const next = bytes.indexOf(LF, at) + 1
      if (next - at > LONGEST_LINE_BYTES) throw tooLong()
      // Not isRecordLine(): without a compiler, a call for each record is dear.
      if (
        bytes[at] === R &&
        bytes[at + 1] === E &&
        bytes[at + 2] === C &&
        bytes[at + 3] === O &&
        bytes[at + 4] === R &&
        bytes[at + 5] === D &&
        bytes[at + 6] === BLANK
      ) {
        lastStart = at
        count++
      } else {
        this.#addRun(bytes, runStart, at, lastStart, count)
        this.#takeLine(bytes, at, next - 1)
        runStart = next
        count = 0
      }
      at = next
    }
    this.#addRun(bytes, runStart, end, lastStart, count)
    this.#scanned = end
  }

  #addRun(bytes: Buffer, start: number, end: number, lastStart: number, count: number): void {
    if (count === 0 || this.#isLeaving) return
    this.#demandOpen('RECORD')
    const last = recordNumber(bytes, lastStart, end)
    // As each RECORD counts at least one up, a run whose end is too low has been going back somewhere.
    if (last < this.#lastSeq + count) {
      throw new DispatcherViolation(`RECORD ${last}: seq does not rise from ${this.#lastSeq} over ${count} records`)
    }
    this.#lastSeq = last
    const before = this.#items.at(-1)
    if (before?.kind === 'records' && before.end === start && before.arrivedMs === this.#arrivedMs) {
      before.end = end
      before.count += count
      before.last = last
    } else {
      this.#items.push({
        kind: 'records',
        start,
        end,
        count,
        last,
        arrivedMs: this.#arrivedMs,
        layout: NUMBERED_LINES,
      })
    }
  }

  #takeLine(bytes: Buffer, start: number, end: number): void {
    const line = readDispatcherLine(bytes, start, end)
    switch (line.verb) {
      case '':
      case 'unknown':
        return
      case 'LOST':
        this.#demandOpen(line.verb)
        this.#lastSeq = Math.max(this.#lastSeq, line.last)
        this.add({ kind: 'lost', lost: line })
        return
      case 'RELOAD':
        this.#demandOpen(line.verb)
        this.add({ kind: 'reload' })
        return
      case 'STOP':
        this.add({ kind: 'stop', leavesOpen: false })
        // What it is the end of waits for its turn, and that it is the end is known at once.
        this.#onUrgent(line)
        return
      case 'HELLO':
        this.#onUrgent(line)
        return
      case 'ACK':
      case 'PING':
      case 'OK':
      case 'ERR':
        this.#demandOpen(line.verb)
        this.#onUrgent(line)
        return
      case 'RECORD':
      case 'wrong':
        throw new DispatcherViolation(line.verb === 'wrong' ? `${line.why}: ${line.text}` : 'RECORD out of its place')
      default:
        line satisfies never
    }
  }

  #demandOpen(verb: string): void {
    if (!this.#isOpen) throw new DispatcherViolation(`${verb} before READY`)
  }
}

function tooLong(): DispatcherViolation {
  return new DispatcherViolation(`a line of more than ${LONGEST_LINE_BYTES} bytes`)
}
