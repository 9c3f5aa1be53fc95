// What one process of a plugin has been written, in the order of its bytes: until it is acknowledged, or, where the plugin
// does not do that, for as long as a pipe can hold it unread.

import { dropBeginning, lineOf, wholeUpTo, type Entry } from './entry.js'
import { EntryList } from './entry-list.js'
import { KEPT_BYTES } from './queue.js'

/** What comes again after a process. */
export interface Again {
  readonly entries: readonly Entry[]
  /** Records among them that counted as delivered. */
  readonly undelivered: number
  /** Bytes left unread that are not kept any more. */
  readonly beyond: number
}

export class Sent {
  readonly list = new EntryList()
  readonly acks: boolean
  /** Records and lost ranges that are not acknowledged. */
  #open = 0
  /** How much of what was written is not kept any more. */
  #letGo = 0

  constructor(acks: boolean) {
    this.acks = acks
  }

  get open(): number {
    return this.#open
  }

  /** `entry.at` is where it began; `written`: bytes that have been written in all. */
  add(entry: Entry, written: number): void {
    if (this.acks) this.#open += entry.kind === 'run' ? entry.records : 1
    this.list.append(entry)
    if (this.acks) return
    for (let first = this.list.first; first !== undefined; first = this.list.first) {
      if (written - endOf(first) < KEPT_BYTES) return
      this.#letGo = endOf(first)
      this.list.dropFirst()
    }
  }

  /** Returns how many records were acknowledged. */
  ackedTo(seq: number): number {
    if (!this.acks) return 0
    const { records, gaps } = this.list.dropTo(seq)
    this.#open -= records + gaps
    return records
  }

  /** The process has gone, having read `read` bytes. With acks all comes again, else what was not read whole. */
  takeBack(read: number): Again {
    const beyond = this.acks ? 0 : Math.max(0, this.#letGo - read)
    const entries: Entry[] = []
    let undelivered = 0
    for (const entry of this.list.takeAll()) {
      if (!this.acks && !leaveUnread(entry, read)) continue
      if (entry.kind === 'run' && !this.acks) undelivered += entry.records
      entries.push(entry)
    }
    this.#open = 0
    return { entries, undelivered, beyond }
  }
}

/** Where in the bytes written to the process it ends. */
function endOf(entry: Entry): number {
  return entry.at + (entry.kind === 'run' ? entry.end - entry.start : lineOf(entry).length)
}

/** Leaves of an entry what was not read whole; false when that is nothing. */
function leaveUnread(entry: Entry, read: number): boolean {
  if (endOf(entry) <= read) {
    if (entry.kind === 'run') entry.segment.release()
    return false
  }
  if (entry.kind === 'gap') return true
  const whole = wholeUpTo(entry, entry.start + read - entry.at)
  if (whole.records > 0) dropBeginning(entry, whole)
  return true
}
