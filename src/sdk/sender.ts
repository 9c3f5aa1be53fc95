// Records from the plugin to the dispatcher. Fewer than `in-window` of them are ever unsettled: then a dispatcher neither
// refuses one for want of room nor stops reading, and an acknowledgement of ours never waits behind a record.

import { LONGEST_LINE_BYTES } from '../protocol/line.js'
import { deferred, unminded, type Deferred } from './deferred.js'
import type { Output } from './output.js'
import { RefusedRecord, Stopped } from './sdk-error.js'

const LF = 0x0a
const NUL = 0x00
const BLANK = 0x20
/** Numbers that are settled are taken out of the list when there are so many. */
const MOST_SETTLED_KEPT = 4096

interface Waiting {
  readonly record: Buffer
  readonly n: number | undefined
  readonly sent: Deferred<number>
}

export interface SenderHost {
  /** Somebody begins to wait for what only the dispatcher can say. */
  waiting(): void
  /** A text for people. */
  complain(text: string): void
}

export class Sender {
  readonly #output: Output
  readonly #host: SenderHost
  readonly #mostOpen: number
  readonly #hasPositions: boolean
  /** Numbers of sent records, rising; those before #firstOpen are settled. */
  #open: number[] = []
  #firstOpen = 0
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
    return this.#open.length - this.#firstOpen
  }

  /** Resolves with the record's number once it is on its way; until then the bytes must not be changed. */
  send(given: Buffer | string, n: number | undefined): Promise<number> {
    const sent = deferred<number>()
    if (n !== undefined && !this.#hasPositions) {
      sent.reject(new TypeError('a number can be given only by a plugin with `positions`'))
    } else if (this.#state === 'over') {
      refuse(sent, new Stopped())
    } else {
      this.#waiting.push({ record: asLine(given), n, sent })
      this.#sendWaiting()
      if (this.#waiting.length > 0) this.#host.waiting()
    }
    return sent.promise
  }

  /** Resolves when all records up to n are settled. */
  settled(n: number): Promise<void> {
    const settled = deferred<void>()
    if ((this.#open[this.#firstOpen] ?? Infinity) > n) {
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
    const open = this.#open
    while (this.#firstOpen < open.length && (open[this.#firstOpen] ?? 0) <= n) this.#firstOpen++
    if (this.#firstOpen === open.length) {
      open.length = 0
      this.#firstOpen = 0
    } else if (this.#firstOpen >= MOST_SETTLED_KEPT) {
      this.#open = open.slice(this.#firstOpen)
      this.#firstOpen = 0
    }
    this.#onSettled()
  }

  /** The dispatcher has answered n with ERR; false if no such record is unsettled. */
  refused(n: number): boolean {
    const at = this.#open.indexOf(n, this.#firstOpen)
    if (at === -1) return false
    this.#open.splice(at, 1)
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
      const firstOpen = this.#open[this.#firstOpen] ?? Infinity
      for (const { n, settled } of this.#settling) if (n < firstOpen) settled.resolve()
      this.#settling = this.#settling.filter(({ n }) => n >= firstOpen)
    }
    this.#sendWaiting()
  }

  #sendWaiting(): void {
    while (this.unsettled < this.#mostOpen && !this.#output.isFull) {
      const next = this.#waiting.shift()
      if (next === undefined) return
      this.#sendNow(next)
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

  #sendNow({ record, n = this.#next(), sent }: Waiting): void {
    if (!Number.isSafeInteger(n) || n <= this.#lastSent) {
      sent.reject(new RangeError(`${n} is no number above ${this.#lastSent}, the one before`))
    } else if (`RECORD ${n} \n`.length + record.length > LONGEST_LINE_BYTES) {
      const refusal = new RefusedRecord(n, 'too-long', `a record of ${record.length} bytes does not fit into a line`)
      this.#host.complain(`a record was not sent: ${refusal.message}`)
      refuse(sent, refusal)
    } else {
      this.#lastSent = n
      this.#open.push(n)
      this.#output.record(n, record)
      sent.resolve(n)
    }
  }

  #next(): number {
    return this.#lastSent === 0 ? this.#firstNext : this.#lastSent + 1
  }
}

/** The author may have left the promise alone; a mistake in the program is not refused this way, and is seen. */
function refuse({ promise, reject }: Deferred<number>, error: Error): void {
  void unminded(promise)
  reject(error)
}

/** The record as it may stand in a line: LF and NUL at its end go, inside they become blanks, as auditd has it. */
function asLine(given: Buffer | string): Buffer {
  const record = typeof given === 'string' ? Buffer.from(given) : given
  let end = record.length
  while (end > 0 && (record[end - 1] === LF || record[end - 1] === NUL)) end--
  const line = record.subarray(0, end)
  if (!line.includes(LF) && !line.includes(NUL)) return line
  return Buffer.from(line.map((byte) => (byte === LF || byte === NUL ? BLANK : byte)))
}
