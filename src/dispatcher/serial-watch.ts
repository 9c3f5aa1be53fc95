// Watches the serials of what auditd sends, so that an event which the kernel or auditd has lost is known by its number.
//
// This is on the way of every record, so most are told by four bytes: where the last record of that type had the last four
// digits of its serial, this one has those of the newest event, or of the next. Lines say their type by its name only; there
// the digits are as far behind the name as they were last. Whatever else is the case, the record is read properly.
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
/** From the blank in `NAME msg=audit(` to the parenthesis. */
const OPEN_BEHIND_NAME = 10
/** By it most names that are long are known, and the length of those that end before it: it is then in ` msg=audit(`. */
const TELLING_BYTE = 7
/** Names have three bytes and more, so no second blank, which is behind the stamp, is as near as this to where one begins. */
const MAX_SURE_NAME = 22
/** Where bare text, `audit(...)`, opens it. */
const BARE_OPEN = 5
/** In no record: beyond the end of each. */
const NOWHERE = 0xffff
/** Types whose stamp is looked for where it was last. */
const TYPES = 4096
/** So much lower than the newest, a number is one of the events going on, and of no interest where none is missing. */
const ALONGSIDE = 1000
const LAST_CHARACTER = 0xff
const BLANK = 0x20
const ZERO = 0x30
const NINE = 0x39
const COLON = 0x3a
const CLOSE = 0x29
const LOWER_T = 0x74
const UPPER_A = 0x41
const UPPER_D = 0x44
const UPPER_N = 0x4e
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
  /** How far they are behind the name of a type. */
  #tailBehindName = 0
  /** How long a name was that had this for its telling byte. */
  readonly #nameLengths = new Uint8Array(256)
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
      } else if (this.#isAlongside(seen, this.#newest, bytes, at) && this.#prefix.begins(view, start)) return
    }
    if (version === 0) this.#readBare(type, bytes, start, end)
    else this.#readWhole(type, bytes, start, end)
  }

  /** A run of whole lines, each with its LF; `count` of them, and where each ends if there are several. */
  lines(bytes: Buffer, start: number, end: number, count: number, ends: readonly number[]): void {
    const view = count === 1 && this.#prefixEnd === 0 ? undefined : viewOf(bytes)
    for (let index = 0, at = start; index < count; index++) {
      index = this.#passKnown(bytes, view, at, end, count, ends, index)
      if (index === count) return
      const next = count === 1 ? end : (ends[index] ?? end)
      this.#readWhole(undefined, bytes, index === 0 ? start : (ends[index - 1] ?? end), next - 1)
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

  /**
   * Goes through the lines from `from` on, which begins at `start`, as long as their numbers tell nothing but the newest;
   * the index of the first one that has to be read. There is no blank before the stamp but the one behind the type's name,
   * and that is looked for where a name had it that looked alike.
   */
  #passKnown(
    bytes: Buffer,
    view: DataView | undefined,
    start: number,
    end: number,
    count: number,
    ends: readonly number[],
    from: number,
  ): number {
    const nameBehind = this.#prefixEnd + NAME_BEHIND_TYPE
    const tailBehind = this.#tailBehindName
    const lengths = this.#nameLengths
    const prefix = this.#prefixEnd === 0 ? undefined : this.#prefix
    let newest = this.#newest
    let next = this.#next
    if (newest === NO_TAIL) return from
    let at = start
    let index = from
    for (; index < count; index++) {
      const lineEnd = count === 1 ? end : (ends[index] ?? end)
      const nameAt = at + nameBehind
      const telling = bytes[nameAt + TELLING_BYTE] ?? 0
      let nameEnd = nameAt + (lengths[telling] ?? 0)
      if (bytes[nameEnd] !== BLANK) {
        nameEnd = findByte(bytes, BLANK, nameAt)
        if (nameEnd === -1) break
        if (nameEnd - nameAt <= MAX_SURE_NAME) lengths[telling] = nameEnd - nameAt
      }
      const tail = nameEnd + tailBehind
      if (tail + TAIL_DIGITS >= lineEnd || bytes[tail + TAIL_DIGITS] !== CLOSE) break
      // Or else it is the name of a machine.
      if (bytes[nameAt - NAME_BEHIND_TYPE] !== LOWER_T) break
      if (prefix !== undefined && view !== undefined && !prefix.begins(view, at)) break
      const seen = view === undefined ? tailAt(bytes, tail) : view.getUint32(tail)
      if (seen === next) {
        if (mayBeDaemons(bytes, nameAt)) break
        newest = seen
        next = (seen & LAST_CHARACTER) === NINE ? tailAfter(seen) : seen + 1
      } else if (seen !== newest && !this.#isAlongside(seen, newest, bytes, tail)) break
      at = lineEnd
    }
    this.#newest = newest
    this.#next = next
    return index
  }

  /** Whether it is a number a little below the newest, of no interest because none of those is missing. */
  #isAlongside(seen: number, newest: number, bytes: Buffer, at: number): boolean {
    if (bytes[at - 1] !== this.#fifth || newest === NO_TAIL || (seen & LAST_CHARACTER) < ZERO) return false
    if (this.#fifth !== COLON && bytes[at - 2] !== this.#sixth) return false
    const step = tailNumber(seen) - tailNumber(newest)
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
    this.#fifth = digitBefore(count.last, TAILS)
    this.#sixth = digitBefore(count.last, 10 * TAILS)
    this.#lead = this.#prefixEnd + tailBehindOpen
    this.#tailBehindName = OPEN_BEHIND_NAME + tailBehindOpen
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

/** Whether the name there may be that of a type of auditd's own: DAEMON_START, UNKNOWN[1299]. */
function mayBeDaemons(bytes: Buffer, nameAt: number): boolean {
  const second = bytes[nameAt + 1]
  return second === UPPER_A ? bytes[nameAt] === UPPER_D : second === UPPER_N && bytes[nameAt] === UPPER_U
}

/** What stands before as many digits as these in the text of a number: a digit, or the colon. */
function digitBefore(serial: number, power: number): number {
  return serial < power ? COLON : ZERO + (Math.floor(serial / power) % 10)
}
