// Records from the plugin to the dispatcher. Fewer than `in-window` of them are ever unsettled: then a dispatcher neither
// refuses one for want of room nor stops reading, and an acknowledgement of ours never waits behind a record.

import { LONGEST_LINE_BYTES } from '../protocol/line.js'
import { deferred, unminded, type Deferred } from './deferred.js'
import type { Output } from './output.js'
import type { RecordSender } from './peer.js'
import { asLine } from './record-line.js'
import { RefusedRecord, Stopped } from './sdk-error.js'

const LF = 0x0a
const NUL = 0x00
/** A record of so few bytes fits into a line whatever its number. */
const SHORT_BYTES = LONGEST_LINE_BYTES - 32

/** `lines` are numbered from `n` on; `at` is where the next one begins. */
type Waiting =
  | {
      readonly kind: 'record'
      readonly record: Buffer
      readonly n: number | undefined
      readonly sent: Deferred<number>
    }
  | {
      readonly kind: 'lines'
      readonly lines: Buffer
      readonly hasNul: boolean
      at: number
      n: number
      readonly sent: Deferred<number>
    }

/** Numbers that follow each other. */
interface Run {
  first: number
  last: number
}

export interface SenderHost {
  /** Somebody begins to wait for what only the dispatcher can say. */
  waiting(): void
  /** A record was not sent, and nobody's promise says so. */
  refused(refusal: RefusedRecord): void
  /** A text for people. */
  complain(text: string): void
}

export class Sender implements RecordSender {
  readonly #output: Output
  readonly #host: SenderHost
  readonly #mostOpen: number
  readonly #hasPositions: boolean
  /** Numbers of sent records that are not settled, rising; as few runs as they make. */
  readonly #open: Run[] = []
  #unsettled = 0
  /** 0 before the first. */
  #lastSent = 0
  /** The number of the first record, if the author gives none. */
  readonly #firstNext: number
  readonly #waiting: Waiting[] = []
  #settling: { readonly n: number; readonly settled: Deferred<void> }[] = []
  #isWaitingForOutput = false
  /** `unanswered`: nothing will be settled any more, but what fits into the window is still taken. */
  #state: 'answered' | 'unanswered' | 'over' = 'answered'

  constructor(
    output: Output,
    host: SenderHost,
    { inWindow, received }: { readonly inWindow: number; readonly received: number },
    hasPositions: boolean,
  ) {
    this.#output = output
    this.#host = host
    this.#mostOpen = Math.max(1, inWindow - 1)
    this.#hasPositions = hasPositions
    this.#firstNext = hasPositions ? received + 1 : 1
  }

  /** Whether somebody waits for what only the dispatcher can say. */
  get isWaiting(): boolean {
    return this.#waiting.length > 0 || this.#settling.length > 0
  }

  get unsettled(): number {
    return this.#unsettled
  }

  /** Resolves with the record's number once it is on its way; until then the bytes must not be changed. */
  send(given: Buffer | string, n: number | undefined): Promise<number> {
    const sent = deferred<number>()
    if (n !== undefined && !this.#hasPositions) {
      sent.reject(new TypeError('a number can be given only by a plugin with `positions`'))
    } else if (this.#state === 'over') {
      refuse(sent, new Stopped())
    } else {
      this.#wait({ kind: 'record', record: asLine(given), n, sent })
    }
    return sent.promise
  }

  /** Whole lines, each with its LF, numbered from `n` on. Resolves with the last number; until then the bytes must not be changed. */
  sendLines(lines: Buffer, n: number): Promise<number> {
    const sent = deferred<number>()
    if (!this.#hasPositions) {
      sent.reject(new TypeError('lines can be sent only by a plugin with `positions`'))
    } else if (lines.length > 0 && lines[lines.length - 1] !== LF) {
      sent.reject(new TypeError('the last line has no end'))
    } else if (!Number.isSafeInteger(n) || n <= this.#lastSent) {
      sent.reject(notRising(n, this.#lastSent))
    } else if (this.#state === 'over') {
      refuse(sent, new Stopped())
    } else {
      this.#wait({ kind: 'lines', lines, hasNul: lines.includes(NUL), at: 0, n, sent })
    }
    return sent.promise
  }

  /** Resolves when all records up to n are settled. */
  settled(n: number): Promise<void> {
    const settled = deferred<void>()
    if (this.#firstOpen > n) {
      settled.resolve()
    } else if (this.#state !== 'answered') {
      settled.reject(new Stopped())
    } else {
      this.#settling.push({ n, settled })
      this.#host.waiting()
    }
    return unminded(settled.promise)
  }

  /** The number of the last record that was sent; 0 if there was none. */
  get lastSent(): number {
    return this.#lastSent
  }

  /** The dispatcher has settled all up to n. */
  acknowledged(n: number): void {
    for (let run = this.#open[0]; run !== undefined && run.first <= n; run = this.#open[0]) {
      const next = Math.min(n, run.last) + 1
      this.#unsettled -= next - run.first
      run.first = next
      if (run.first <= run.last) break
      this.#open.shift()
    }
    this.#onSettled()
  }

  /** The dispatcher has answered n with ERR; false if no such record is unsettled. */
  refused(n: number): boolean {
    const at = this.#open.findIndex(({ first, last }) => first <= n && n <= last)
    const run = this.#open[at]
    if (run === undefined) return false
    const parts = [
      { first: run.first, last: n - 1 },
      { first: n + 1, last: run.last },
    ]
    this.#open.splice(at, 1, ...parts.filter(({ first, last }) => first <= last))
    this.#unsettled--
    this.#onSettled()
    return true
  }

  /** Nothing will be settled any more. The dispatcher takes records until the process ends. */
  inputEnded(): void {
    if (this.#state === 'answered') this.#state = 'unanswered'
    for (const { settled } of this.#settling.splice(0)) settled.reject(new Stopped())
    this.#sendWaiting()
  }

  /** Nothing can be sent or settled any more. */
  end(): void {
    this.#state = 'over'
    for (const { settled } of this.#settling.splice(0)) settled.reject(new Stopped())
    for (const { sent } of this.#waiting.splice(0)) refuse(sent, new Stopped())
  }

  #onSettled(): void {
    if (this.#settling.length > 0) {
      const firstOpen = this.#firstOpen
      for (const { n, settled } of this.#settling) if (n < firstOpen) settled.resolve()
      this.#settling = this.#settling.filter(({ n }) => n >= firstOpen)
    }
    this.#sendWaiting()
  }

  #sendWaiting(): void {
    while (this.unsettled < this.#mostOpen && !this.#output.isFull) {
      const next = this.#waiting[0]
      if (next === undefined) return
      if (next.kind === 'lines' && !this.#sendSome(next)) continue
      this.#waiting.shift()
      if (next.kind === 'record') this.#sendNow(next)
    }
    if (this.unsettled >= this.#mostOpen && this.#state !== 'answered') {
      // There will be no more room.
      for (const { sent } of this.#waiting.splice(0)) refuse(sent, new Stopped())
    }
    if (this.#waiting.length > 0 && this.#output.isFull && !this.#isWaitingForOutput) {
      this.#isWaitingForOutput = true
      void this.#sendAfterOutput()
    }
  }

  async #sendAfterOutput(): Promise<void> {
    await this.#output.room()
    this.#isWaitingForOutput = false
    this.#sendWaiting()
  }

  #wait(waiting: Waiting): void {
    this.#waiting.push(waiting)
    this.#sendWaiting()
    if (this.#waiting.length > 0) this.#host.waiting()
  }

  #sendNow({ record, n = this.#next(), sent }: Waiting & { kind: 'record' }): void {
    if (!Number.isSafeInteger(n) || n <= this.#lastSent) {
      sent.reject(notRising(n, this.#lastSent))
    } else if (isTooLong(n, record)) {
      const refusal = tooLong(n, record)
      this.#host.complain(`a record was not sent: ${refusal.message}`)
      refuse(sent, refusal)
    } else {
      this.#put(n, record)
      sent.resolve(n)
    }
  }

  /** As many lines as there is room for; whether all of them are on their way now. */
  #sendSome(waiting: Waiting & { kind: 'lines' }): boolean {
    const { lines, hasNul } = waiting
    if (waiting.n <= this.#lastSent) {
      waiting.sent.reject(notRising(waiting.n, this.#lastSent))
      return true
    }
    while (waiting.at < lines.length) {
      if (this.#unsettled >= this.#mostOpen || this.#output.isFull) return false
      const end = lines.indexOf(LF, waiting.at)
      const line = lines.subarray(waiting.at, end)
      const n = waiting.n++
      waiting.at = end + 1
      // It can never go, and what is behind it must not wait for that.
      if (isTooLong(n, line)) this.#host.refused(tooLong(n, line))
      else this.#put(n, hasNul ? asLine(line) : line)
    }
    waiting.sent.resolve(waiting.n - 1)
    return true
  }

  #put(n: number, record: Buffer): void {
    const run = this.#open.at(-1)
    if (run?.last === n - 1) run.last = n
    else this.#open.push({ first: n, last: n })
    this.#unsettled++
    this.#lastSent = n
    this.#output.record(n, record)
  }

  /** The oldest that is not settled. */
  get #firstOpen(): number {
    return this.#open[0]?.first ?? Infinity
  }

  #next(): number {
    return this.#lastSent === 0 ? this.#firstNext : this.#lastSent + 1
  }
}

function isTooLong(n: number, record: Buffer): boolean {
  return record.length > SHORT_BYTES && `RECORD ${n} \n`.length + record.length > LONGEST_LINE_BYTES
}

function tooLong(n: number, record: Buffer): RefusedRecord {
  return new RefusedRecord(n, 'too-long', `a record of ${record.length} bytes does not fit into a line`)
}

function notRising(n: number, lastSent: number): RangeError {
  return new RangeError(`${n} is no number above ${lastSent}, the one before`)
}

/** The author may have left the promise alone; a mistake in the program is not refused this way, and is seen. */
function refuse({ promise, reject }: Deferred<number>, error: Error): void {
  void unminded(promise)
  reject(error)
}
