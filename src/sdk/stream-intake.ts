// What auditd writes, record lines or frames, as it waits for the handlers: as lines, one behind the other, in one of two buffers
// that take turns. Each is copied once, whole runs of lines at a time. Records are numbered in the order in which they come,
// and those that the reader had to leave out keep their numbers, told in their place.

import { maxLineBytes, writeLine } from '../protocol/record.js'
import { StreamReader } from '../protocol/stream.js'
import type { StreamTrouble } from '../protocol/stream-trouble.js'
import { TROUBLE_MEANING } from '../protocol/trouble-meaning.js'
import type { LostReason } from '../protocol/line.js'
import type { Clock } from './clock.js'
import { enlarged, FIRST_BYTES, KEPT_BYTES, type Hand, type Item, type Waiting } from './item.js'
import { LimitedVoice } from './limited-voice.js'
import { bareLines } from './line-layout.js'
import { UnreadableInput } from './sdk-error.js'

/** A broken stream could fill a log. */
const MOST_TROUBLES = 20
const TROUBLES_WINDOW_MS = 10_000
const NO_NODE = Buffer.alloc(0)
const UNENDED = 'stdin ended within a line that looks like a record; it is handled, and may be cut short'

export interface StreamIntakeHost {
  /** A text for people. */
  complain(text: string): void
  /** The time, for what arrives now. */
  nowMs(): number
}

export class StreamIntake implements Waiting {
  readonly #host: StreamIntakeHost
  readonly #voice: LimitedVoice
  readonly #reader: StreamReader
  #arrivedMs = 0
  #filling: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES)
  #other: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES)
  #filled = 0
  #items: Item[] = []
  #next = 1
  /** Records that the reader has left out and that have been told. */
  #toldTooLong = 0
  #toldDamaged = 0
  #isOver = false

  constructor(clock: Clock, host: StreamIntakeHost) {
    this.#host = host
    this.#voice = new LimitedVoice(
      MOST_TROUBLES,
      TROUBLES_WINDOW_MS,
      clock,
      (text) => {
        host.complain(text)
      },
      (count) => `more trouble on stdin than is told; lines left out: ${count}`,
    )
    this.#reader = new StreamReader({
      frame: (version, type, bytes, start, end, clean) => {
        this.#tellLeftOut()
        const from = this.#filled
        this.#reserve(maxLineBytes(end - start, 0))
        this.#filled = writeLine(this.#filling, from, version, type, bytes, start, end, clean, NO_NODE)
        this.#addRecords(from, 1)
      },
      lines: (bytes, start, end, count) => {
        this.#tellLeftOut()
        const from = this.#filled
        this.#reserve(end - start)
        this.#filled += bytes.copy(this.#filling, from, start, end)
        this.#addRecords(from, count)
      },
      trouble: (trouble) => {
        this.#voice.say(textOf(trouble))
        this.#tellLeftOut()
        this.#tellLost(trouble)
      },
    })
  }

  get aheadBytes(): number {
    return this.#filled
  }

  /** Takes the next bytes; the caller may reuse them. Throws an UnreadableInput when there are no records in them, nor in sight. */
  push(chunk: Buffer): void {
    if (this.#isOver) return
    this.#arrivedMs = this.#host.nowMs()
    const read = this.#reader.push(chunk)
    this.#tellLeftOut()
    if (read === 'gave-up') throw new UnreadableInput(TROUBLE_MEANING['gave-up'])
  }

  /**
   * Nothing more comes. A last line without its end is handed on: auditd writes a record at once or not at all, so it is rather
   * an end that somebody forgot to write than the beginning of a record, and nobody will send the rest.
   */
  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    if (this.#reader.finishLine()) this.#voice.say(UNENDED)
    this.#reader.end()
    this.#tellLeftOut()
  }

  add(item: Item): void {
    this.#items.push(item)
  }

  leaveOnly(item: Item): void {
    this.#isOver = true
    this.#items = [item]
    this.#filled = 0
  }

  take(): Hand | undefined {
    if (this.#items.length === 0) return undefined
    const bytes = this.#filling
    const hand = { bytes, items: this.#items }
    this.#filling = this.#other
    this.#other = bytes.length > KEPT_BYTES ? Buffer.alloc(0) : bytes
    this.#filled = 0
    this.#items = []
    return hand
  }

  /** Tells what is still to be told. */
  close(): void {
    this.#voice.close()
  }

  #reserve(bytes: number): void {
    const needed = this.#filled + bytes
    if (needed > this.#filling.length) this.#filling = enlarged(this.#filling, this.#filled, needed)
  }

  #addRecords(start: number, count: number): void {
    const end = this.#filled
    const before = this.#items.at(-1)
    const last = this.#next + count - 1
    if (before?.kind === 'records' && before.end === start && before.arrivedMs === this.#arrivedMs) {
      before.end = end
      before.count += count
      before.last = last
    } else {
      const layout = bareLines(this.#next)
      this.#items.push({ kind: 'records', start, end, count, last, arrivedMs: this.#arrivedMs, layout })
    }
    this.#next = last + 1
  }

  /** The reader tells a run of these once, and counts each. */
  #tellLeftOut(): void {
    const { tooLong, damaged } = this.#reader.counters
    if (tooLong > this.#toldTooLong) this.#lose(tooLong - this.#toldTooLong, 'too-long')
    if (damaged > this.#toldDamaged) this.#lose(damaged - this.#toldDamaged, 'input-gap')
    this.#toldTooLong = tooLong
    this.#toldDamaged = damaged
  }

  #tellLost(trouble: StreamTrouble): void {
    switch (trouble.code) {
      case 'partial-line':
        this.#lose(1, 'input-gap')
        return
      case 'torn-end':
        if (trouble.part !== 'padding') this.#lose(1, 'input-gap')
        return
      case 'resynchronised':
      case 'unrecognised':
      case 'gave-up':
        this.#lose(0, 'input-gap')
        return
      case 'line-too-long':
      case 'damaged-payload':
        // Told by their count.
        return
      case 'lost-tail':
      case 'unknown-version':
      case 'bad-header-length':
      case 'oversize':
        // No record is gone, or it is told where records go on.
        return
      default:
        trouble satisfies never
    }
  }

  /** 0 is unknown how many; the gap has a number all the same. */
  #lose(count: number, reason: LostReason): void {
    const first = this.#next
    this.#next += Math.max(1, count)
    this.#items.push({ kind: 'lost', lost: { count, first, last: this.#next - 1, reason } })
  }
}

/** `skippedBytes` and the like stand behind the meaning, as in the log of the dispatcher. */
function textOf({ code, offset, ...fields }: StreamTrouble): string {
  const shown = Object.entries({ offset, ...fields }).map(([name, value]) => {
    const text: unknown = Buffer.isBuffer(value) ? value.toString('hex') : value
    return `${name}=${String(text)}`
  })
  return `${TROUBLE_MEANING[code]} (${shown.join(' ')})`
}
