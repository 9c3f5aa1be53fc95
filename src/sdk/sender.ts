// Records from the plugin to the dispatcher. Fewer than `in-window` of them are ever unsettled: then a dispatcher neither
// refuses one for want of room nor stops reading, and an acknowledgement of ours never waits behind a record.

import { LONGEST_LINE_BYTES } from '../protocol/line.js'
import { deferred, type Deferred } from './deferred.js'
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

export class Sender {
  readonly #output: Output
  readonly #onWaiting: () => void
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
  #isOver = false

  /** `onWaiting` is called when somebody begins to wait for what only the dispatcher can say. */
  constructor(
    output: Output,
    onWaiting: () => void,
    { inWindow, received }: { readonly inWindow: number; readonly received: number },
    hasPositions: boolean,
  ) {
    this.#output = output
    this.#onWaiting = onWaiting
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
    } else if (this.#isOver) {
      sent.reject(new Stopped())
    } else {
      this.#waiting.push({ record: asLine(given), n, sent })
      this.#sendWaiting()
      if (this.#waiting.length > 0) this.#onWaiting()
    }
    return sent.promise
  }

  /** Resolves when all records up to n are settled. */
  settled(n: number): Promise<void> {
    const settled = deferred<void>()
    if ((this.#open[this.#firstOpen] ?? Infinity) > n) {
      settled.resolve()
    } else if (this.#isOver) {
      settled.reject(new Stopped())
    } else {
      this.#settling.push({ n, settled })
      this.#onWaiting()
    }
    return settled.promise
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

  /** Nothing can be sent or settled any more. */
  end(): void {
    this.#isOver = true
    const left = [...this.#waiting.splice(0).map(({ sent }) => sent), ...this.#settling.map(({ settled }) => settled)]
    this.#settling = []
    for (const { promise, reject } of left) {
      // Whoever does not wait for it shall not die of it now.
      promise.catch(() => {})
      reject(new Stopped())
    }
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
      sent.reject(new RefusedRecord(n, 'too-long', `a record of ${record.length} bytes does not fit into a line`))
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

/** The record as it may stand in a line: LF and NUL at its end go, inside they become blanks, as auditd has it. */
function asLine(given: Buffer | string): Buffer {
  const record = typeof given === 'string' ? Buffer.from(given) : given
  let end = record.length
  while (end > 0 && (record[end - 1] === LF || record[end - 1] === NUL)) end--
  const line = record.subarray(0, end)
  if (!line.includes(LF) && !line.includes(NUL)) return line
  return Buffer.from(line.map((byte) => (byte === LF || byte === NUL ? BLANK : byte)))
}
