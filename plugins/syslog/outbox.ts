// What is to be sent, in its order: first what is sent already and may have been lost on the way, then what waits. An entry goes when
// it is proven that the server has it. Nothing else in this plugin holds records.

import type { Entry } from './format.js'

/** An entry is an object beside its bytes. */
const ENTRY_BYTES = 96
/** The array is cut this often and not with each entry. */
const SPENT_ENTRIES = 1024

export class Outbox {
  readonly #maxBytes: () => number
  #entries: Entry[] = []
  /** Before it: proven, and only not cut off yet. */
  #first = 0
  /** Before it: the kernel has them. */
  #taken = 0
  /** From here on everything waits. */
  #next = 0
  /** Up to here entries have been sent before: sending one again is a repeat. */
  #reached = 0
  #bytes = 0
  #unprovenBytes = 0

  constructor(maxBytes: () => number) {
    this.#maxBytes = maxBytes
  }

  /** Entries that have not been sent, or are to be sent again. */
  get waiting(): number {
    return this.#entries.length - this.#next
  }

  /** Entries that were sent, and whose arrival is unproven. */
  get unproven(): number {
    return this.#next - this.#first
  }

  /** Of these: how many the kernel has taken. */
  get takenUnproven(): number {
    return this.#taken - this.#first
  }

  get unprovenBytes(): number {
    return this.#unprovenBytes
  }

  /** A single entry always has room: else the largest could never go. */
  get hasRoom(): boolean {
    return this.#bytes < this.#maxBytes()
  }

  /** The caller has looked whether there is room. */
  push(entry: Entry): void {
    this.#entries.push(entry)
    this.#bytes += sizeOf(entry)
  }

  /** The next ones, at most so many bytes and entries of them, but one at least if there is any. */
  take(maxBytes: number, maxEntries: number): readonly Entry[] {
    const from = this.#next
    let bytes = 0
    while (this.#next < this.#entries.length && this.#next - from < maxEntries) {
      const size = sizeOf(this.#at(this.#next))
      if (bytes > 0 && bytes + size > maxBytes) break
      bytes += size
      this.#next++
    }
    this.#unprovenBytes += bytes
    return this.#entries.slice(from, this.#next)
  }

  /** How many of the entries that were taken last have been sent before. */
  repeatsOf(taken: readonly Entry[]): number {
    const repeats = Math.max(0, Math.min(taken.length, this.#reached - (this.#next - taken.length)))
    this.#reached = Math.max(this.#reached, this.#next)
    return repeats
  }

  /** Records that are in it, split behind the dispatcher's number `seq`. */
  recordsLeft(seq: number): { readonly upTo: number; readonly beyond: number } {
    const left = this.#entries.slice(this.#first).filter(({ kind }) => kind === 'record')
    const upTo = left.filter((each) => each.seq <= seq).length
    return { upTo, beyond: left.length - upTo }
  }

  /** The kernel has the next so many of what was sent; the dispatcher's number of the last of them, 0 if they have none. */
  kernelHas(count: number): number {
    let seq = 0
    const end = Math.min(this.#taken + count, this.#next)
    for (; this.#taken < end; this.#taken++) seq = Math.max(seq, this.#at(this.#taken).seq)
    return seq
  }

  /** The server has the first so many. */
  prove(count: number): void {
    const end = Math.min(this.#first + count, this.#next)
    for (; this.#first < end; this.#first++) {
      const size = sizeOf(this.#at(this.#first))
      this.#bytes -= size
      this.#unprovenBytes -= size
    }
    this.#taken = Math.max(this.#taken, this.#first)
    if (this.#first < SPENT_ENTRIES && this.#first < this.#entries.length) return
    this.#entries.splice(0, this.#first)
    this.#taken -= this.#first
    this.#next -= this.#first
    this.#reached = Math.max(0, this.#reached - this.#first)
    this.#first = 0
  }

  /** Of what is unproven only the last so many bytes are kept to be sent again. */
  keep(maxBytes: number): void {
    while (this.#unprovenBytes > maxBytes && this.takenUnproven > 0) this.prove(1)
  }

  /** The connection is gone: what was sent and is unproven waits again. */
  rewind(): void {
    for (let at = this.#first; at < this.#next; at++) this.#unprovenBytes -= sizeOf(this.#at(at))
    this.#next = this.#first
    this.#taken = this.#first
  }

  #at(index: number): Entry {
    const entry = this.#entries[index]
    if (entry === undefined) throw new RangeError(`entry ${index} of ${this.#entries.length}`)
    return entry
  }
}

function sizeOf({ line }: Entry): number {
  return line.length + ENTRY_BYTES
}
