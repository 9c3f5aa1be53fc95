// Watches the serials of what auditd sends, so that an event which the kernel or auditd has lost is known by its number.
//
// This is on the way of every record, so most are told by four bytes: where the last record of that type had the last four
// digits of its serial, this one has those of the newest event, or of the next. Whatever else is the case, the record is
// read properly.
//
// Four digits can be mistaken: when ten thousand events are lost at once, or a multiple of that, or one less. verify() has
// the next record read properly, whatever it looks like: called every few seconds it finds such a gap too. Only where it
// lies is then known no better than that, and of one less than ten thousand one more is missing.

import { findByte } from '../protocol/find-byte.js'
import { viewOf } from '../protocol/frame.js'
import type { Clock } from './clock.js'
import { NodePrefix } from './node-prefix.js'
import { SerialCount, type SerialCountView } from './serial-count.js'
import {
  bareStamp,
  FIRST_DAEMON_TYPE,
  isKernelCounted,
  LAST_DAEMON_TYPE,
  textStamp,
  type SerialStamp,
} from './serial-stamp.js'
import { NO_TAIL, TAIL_DIGITS, tailAfter, tailNumber, tailOf, TAILS } from './serial-tail.js'

/** Machines whose events are counted; the records of others only are. */
const MAX_NODES = 1000
/** Ranges of missing events that a view names, of all machines together. */
const MAX_RANGES = 1000
/** From the parenthesis of `(1700000000.123:4567)` to the serial: seconds have ten digits until the year 2286. */
const SERIAL_BEHIND_OPEN = 16
/** Where bare text, `audit(...)`, opens it. */
const BARE_OPEN = 5
/** In no record: beyond the end of each. */
const NOWHERE = 0xffff
/** Types whose stamp is looked for where it was last. */
const TYPES = 4096
/** So much lower than the newest, a number is one of the events going on, and of no interest where none is missing. */
const ALONGSIDE = 1000
const LAST_CHARACTER = 0xff
const ZERO = 0x30
const NINE = 0x39
const CLOSE = 0x29
const LOWER_T = 0x74
const UPPER_D = 0x44
const UPPER_U = 0x55
const NAME_BEHIND_TYPE = 5

export interface NodeSerials extends SerialCountView {
  /** Empty: those that name none. */
  readonly node: string
}

export interface SerialView {
  readonly nodes: readonly NodeSerials[]
  /** Records of machines beyond the number of those that are watched. */
  readonly untracked: number
}

export class SerialWatch {
  readonly #clock: Pick<Clock, 'nowMs'>
  readonly #counts = new Map<string, SerialCount>()
  #untracked = 0
  /** Whose numbers the following are about. */
  #count: SerialCount | undefined
  /** The last digits of its newest serial, and of the one that comes after it. */
  #newest = NO_TAIL
  #next = NO_TAIL
  /** By how much a number may be lower without being read properly, and its digits before the last ones. */
  #floor = 0
  #fifth = 0
  #sixth = 0
  /** What each of its whole records begins with. */
  #prefix = new NodePrefix(Buffer.alloc(0))
  /** Where that ends; 0: there is none. */
  #prefixEnd = 0
  /** From where a whole record would open the parenthesis, were there no prefix, to these digits. */
  #lead = NOWHERE
  /** Where they are in bare text. */
  #bareTail = NOWHERE
  /** Where whole records open the parenthesis, from `type=` on, by the number of their type. */
  readonly #opens = new Uint16Array(TYPES).fill(NOWHERE)

  constructor(clock: Pick<Clock, 'nowMs'>) {
    this.#clock = clock
  }

  /** One record with its header; `view` is of the same bytes. */
  frame(version: 0 | 1, type: number, bytes: Buffer, start: number, end: number, view: DataView): void {
    // A whole record with a name in front, where none is followed, has any digits at this place: those of its seconds, say.
    const at = start + (version === 0 ? this.#bareTail : (this.#opens[type] ?? NOWHERE) + this.#lead)
    if (at <= end - TAIL_DIGITS && (version === 0 || this.#prefixEnd > 0 || bytes[start] === LOWER_T)) {
      const seen = view.getUint32(at)
      if (seen === this.#newest) {
        if (this.#prefixEnd === 0 || this.#prefix.begins(view, start)) return
      } else if (seen === this.#next && (type < FIRST_DAEMON_TYPE || type > LAST_DAEMON_TYPE)) {
        if (this.#prefixEnd === 0 || this.#prefix.begins(view, start)) {
          this.#newest = seen
          this.#next = (seen & LAST_CHARACTER) === NINE ? tailAfter(seen) : seen + 1
          return
        }
      } else if (this.#isAlongside(seen, bytes, at) && this.#prefix.begins(view, start)) return
    }
    if (version === 0) this.#readBare(type, bytes, start, end)
    else this.#readWhole(type, bytes, start, end)
  }

  /** A run of whole lines, each with its LF; `count` of them, and where each ends if there are several. */
  lines(bytes: Buffer, start: number, end: number, count: number, ends: readonly number[]): void {
    if (count === 1) return this.#line(bytes, start, end - 1, this.#prefixEnd === 0 ? undefined : viewOf(bytes))
    const view = viewOf(bytes)
    let at = start
    for (let index = 0; index < count; index++) {
      const next = ends[index] ?? end
      this.#line(bytes, at, next - 1, view)
      at = next
    }
  }

  /** Has the next record read properly. */
  verify(): void {
    this.#settle()
    this.#newest = NO_TAIL
    this.#next = NO_TAIL
  }

  view(): SerialView {
    this.#settle()
    const nowMs = this.#clock.nowMs()
    let left = MAX_RANGES
    const nodes = [...this.#counts].map(([node, count]) => {
      const view = count.view(nowMs)
      const ranges = view.ranges.slice(Math.max(0, view.ranges.length - left))
      left -= ranges.length
      return { node, ...view, ranges }
    })
    return { nodes, untracked: this.#untracked }
  }

  /** The first parenthesis that closes in a record is that of its stamp. */
  #line(bytes: Buffer, start: number, end: number, view: DataView | undefined): void {
    const typeAt = start + this.#prefixEnd
    const at = findByte(bytes, CLOSE, typeAt) - TAIL_DIGITS
    if (at > typeAt && at <= end - TAIL_DIGITS && bytes[typeAt] === LOWER_T) {
      const seen = view === undefined ? tailAt(bytes, at) : view.getUint32(at)
      const isNext = seen === this.#next && !mayBeDaemons(bytes[typeAt + NAME_BEHIND_TYPE])
      const isKnown = isNext || seen === this.#newest || this.#isAlongside(seen, bytes, at)
      if (isKnown && (view === undefined || this.#prefix.begins(view, start))) {
        if (!isNext) return
        this.#newest = seen
        this.#next = tailAfter(seen)
        return
      }
    }
    this.#readWhole(undefined, bytes, start, end)
  }

  /** Whether it is a number a little below the newest, of no interest because none of those is missing. */
  #isAlongside(seen: number, bytes: Buffer, at: number): boolean {
    if (bytes[at - 1] !== this.#fifth || bytes[at - 2] !== this.#sixth || this.#newest === NO_TAIL) return false
    const step = tailNumber(seen) - tailNumber(this.#newest)
    return step < 0 && step > this.#floor
  }

  #readBare(type: number, bytes: Buffer, start: number, end: number): void {
    if (!isKernelCounted(type)) return
    const stamp = bareStamp(bytes, start, end)
    if (stamp !== undefined) this.#take('', bytes.subarray(start, start), stamp)
  }

  #readWhole(type: number | undefined, bytes: Buffer, start: number, end: number): void {
    const text = textStamp(bytes, start, end)
    if (text === undefined) return
    const { typeAt, stamp } = text
    const open = stamp.openAt - typeAt
    if (type !== undefined) this.#opens[type] = open
    const node = typeAt === start ? '' : bytes.toString('utf8', start + 'node='.length, typeAt - 1)
    this.#take(node, bytes.subarray(start, typeAt), stamp)
  }

  #take(node: string, prefix: Buffer, stamp: SerialStamp): void {
    this.#settle()
    const { serial, seconds, digits } = stamp
    const count = this.#counts.get(node) ?? this.#begin(node, stamp)
    if (count === undefined) {
      this.#untracked++
      return
    }
    count.take(serial, seconds, this.#clock.nowMs())
    if (!this.#prefix.bytes.equals(prefix)) this.#prefix = new NodePrefix(Buffer.from(prefix))
    this.#prefixEnd = prefix.length
    this.#count = count
    this.#newest = tailOf(count.last)
    this.#next = tailAfter(this.#newest)
    const tailBehindOpen = SERIAL_BEHIND_OPEN + digits - TAIL_DIGITS
    this.#floor = -Math.min(ALONGSIDE, count.sinceGap)
    this.#fifth = ZERO + (Math.floor(count.last / TAILS) % 10)
    this.#sixth = ZERO + (Math.floor(count.last / (10 * TAILS)) % 10)
    this.#lead = this.#prefixEnd + tailBehindOpen
    this.#bareTail = node === '' ? BARE_OPEN + tailBehindOpen : NOWHERE
  }

  #begin(node: string, { serial, seconds }: SerialStamp): SerialCount | undefined {
    if (this.#counts.size >= MAX_NODES) return undefined
    const count = new SerialCount(serial, seconds)
    this.#counts.set(node, count)
    return count
  }

  /** Tells the count what was seen in passing. */
  #settle(): void {
    const count = this.#count
    if (count !== undefined && this.#newest !== NO_TAIL) count.advance(this.#newest)
  }
}

function tailAt(bytes: Buffer, at: number): number {
  return ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)
}

/** Whether the name of a type that begins so may be that of auditd's own: DAEMON_START, UNKNOWN[1299]. */
function mayBeDaemons(first: number | undefined): boolean {
  return first === UPPER_D || first === UPPER_U
}
