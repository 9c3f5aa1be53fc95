// Records as bare lines on standard output, for `direction = in` with `format = string`. Nobody answers: a record is settled
// when it is written.

import { setImmediate as turn } from 'node:timers/promises'
import { LONGEST_LINE_BYTES } from '../protocol/line.js'
import { unminded } from './deferred.js'
import type { Output } from './output.js'
import type { PeerHost, RecordSender } from './peer.js'
import { asLine } from './record-line.js'
import { RefusedRecord, Stopped } from './sdk-error.js'

const LF = 0x0a
/** After so much the event loop has a turn: writing to a file, or to a pipe, never makes anybody wait. */
const TURN_BYTES = 64 * 1024

export class LineSender implements RecordSender {
  readonly unsettled = 0
  readonly #output: Output
  readonly #hasPositions: boolean
  readonly #host: Pick<PeerHost, 'settled' | 'refused' | 'complain'>
  /** One after the other, in the order in which they were asked for. */
  #sending: Promise<unknown> = Promise.resolve()
  #sinceTurn = 0
  #lastSent = 0
  #isOver = false

  constructor(output: Output, hasPositions: boolean, host: Pick<PeerHost, 'settled' | 'refused' | 'complain'>) {
    this.#output = output
    this.#hasPositions = hasPositions
    this.#host = host
  }

  get lastSent(): number {
    return this.#lastSent
  }

  send(record: Buffer | string, n: number | undefined): Promise<number> {
    if (n !== undefined && !this.#hasPositions) {
      return Promise.reject(new TypeError('a number can be given only by a plugin with `positions`'))
    }
    return this.#inTurn(() => this.#send(asLine(record), n))
  }

  sendLines(lines: Buffer, n: number): Promise<number> {
    if (!this.#hasPositions) {
      return Promise.reject(new TypeError('lines can be sent only by a plugin with `positions`'))
    }
    if (lines.length > 0 && lines[lines.length - 1] !== LF) {
      return Promise.reject(new TypeError('the last line has no end'))
    }
    return this.#inTurn(() => this.#sendLines(lines, n))
  }

  /** What is written is settled; what is on its way may have to wait for the reader. */
  async settled(): Promise<void> {
    await this.#sending
  }

  end(): void {
    this.#isOver = true
  }

  #inTurn(send: () => Promise<number>): Promise<number> {
    const sent = this.#sending.then(send)
    this.#sending = sent.catch(() => {
      // Told to whoever has asked for it.
    })
    return unminded(sent)
  }

  async #send(line: Buffer, given: number | undefined): Promise<number> {
    await this.#room()
    const n = this.#numbered(given ?? this.#lastSent + 1)
    if (line.length >= LONGEST_LINE_BYTES) {
      const refusal = tooLong(n, line)
      this.#host.complain(`a record was not sent: ${refusal.message}`)
      throw refusal
    }
    this.#write(line)
    this.#host.settled(n)
    return n
  }

  async #sendLines(lines: Buffer, first: number): Promise<number> {
    let n = first
    for (let at = 0; at < lines.length; n++) {
      await this.#room()
      const end = lines.indexOf(LF, at)
      const line = asLine(lines.subarray(at, end))
      at = end + 1
      this.#numbered(n)
      // It can never go, and what is behind it must not wait for that.
      if (line.length >= LONGEST_LINE_BYTES) this.#host.refused(tooLong(n, line))
      else this.#write(line)
    }
    if (n > first) this.#host.settled(n - 1)
    return n - 1
  }

  async #room(): Promise<void> {
    if (this.#sinceTurn >= TURN_BYTES) {
      this.#sinceTurn = 0
      await turn()
    }
    await this.#output.room()
    if (this.#isOver) throw new Stopped()
  }

  #write(line: Buffer): void {
    this.#output.bareLine(line)
    this.#sinceTurn += line.length + 1
  }

  #numbered(n: number): number {
    if (!Number.isSafeInteger(n) || n <= this.#lastSent) {
      throw new RangeError(`${n} is no number above ${this.#lastSent}, the one before`)
    }
    this.#lastSent = n
    return n
  }
}

function tooLong(n: number, line: Buffer): RefusedRecord {
  return new RefusedRecord(n, 'too-long', `a record of ${line.length} bytes does not fit into a line`)
}
