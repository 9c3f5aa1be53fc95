// Tells what happens twice: as a line in the log for the admin, and as a record of the daemon's own, for whoever reads the
// stream. Records are gathered here and published between two runs of records, never in the middle of one.

import type { Log } from '../log.js'
import { ownRecordLine, type Author, type OwnRecord } from '../protocol/own-record.js'

/** Own records that may wait to be published; more are left out, which the next one says. */
const MAX_PENDING = 256
const NOTHING: readonly Buffer[] = []

export class Herald {
  readonly log: Log
  readonly #author: Author
  readonly #onPending: () => void
  #isOn = true
  #node = ''
  #serial = 0
  #leftOut = 0
  #pending: Buffer[] = []

  /** `onPending`: something waits to be taken; called once until take(). */
  constructor(log: Log, author: Author, onPending: () => void) {
    this.log = log
    this.#author = author
    this.#onPending = onPending
  }

  setNode(node: string): void {
    this.#node = node
  }

  /** Whether own records are published at all; the log is always written. */
  setOn(isOn: boolean): void {
    this.#isOn = isOn
  }

  /** Publishes `record` to everyone; returns the line, empty when own records are off. */
  publish(record: OwnRecord): Buffer {
    if (!this.#isOn) return Buffer.alloc(0)
    if (this.#pending.length >= MAX_PENDING) {
      this.#leftOut++
      return Buffer.alloc(0)
    }
    const fields = this.#leftOut > 0 ? { ...record.fields, left_out: this.#leftOut } : record.fields
    this.#leftOut = 0
    const line = ownRecordLine({ ...record, fields }, this.#author, this.#node, Date.now(), ++this.#serial)
    if (this.#pending.push(line) === 1) this.#onPending()
    return line
  }

  get hasPending(): boolean {
    return this.#pending.length > 0
  }

  /** True while `line` waits to be published. */
  isPending(line: Buffer): boolean {
    return this.#pending.includes(line)
  }

  take(): readonly Buffer[] {
    if (this.#pending.length === 0) return NOTHING
    const taken = this.#pending
    this.#pending = []
    return taken
  }
}
