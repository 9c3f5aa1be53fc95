// How much of the journal each principal has, in bytes of its lines and heads: what its quota is measured by. A fold over the journal,
// by segment, so that it goes down when segments are purged.

import type { Entry } from '../../src/journal/entry.js'
import { FileError, type Work } from '../../src/journal/file-port.js'
import { walkIndex } from '../../src/journal/index-walk.js'
import type { JournalStore } from '../../src/journal/journal-store.js'
import { segmentName, type SegmentId } from '../../src/journal/segment-name.js'

export class Holdings {
  readonly #store: JournalStore
  readonly #quotaOf: (principal: string) => number
  /** By segment, then by principal. */
  readonly #segments = new Map<string, Map<string, number>>()
  readonly #sums = new Map<string, number>()
  /** The segment that a block was taken into last, with its name: it is the same for many. */
  #newest: { readonly segment: SegmentId; readonly name: string } | undefined

  /** A quota of 0 is none. */
  constructor(store: JournalStore, quotaOf: (principal: string) => number) {
    this.#store = store
    this.#quotaOf = quotaOf
  }

  /** Reads what lies in the journal already; until it has, nobody is over a quota for that. */
  async begin(failed: (text: string) => void): Promise<void> {
    try {
      await this.#store.read(this.#readAll())
    } catch (error) {
      if (!(error instanceof FileError)) throw error
      failed(error.message)
    }
  }

  /** A block of so many bytes was taken. It counts to the segment that is written to now, or may go to the next. */
  took(principal: string, bytes: number): void {
    const newest = this.#store.journal.segments.at(-1)
    if (newest === undefined) return
    if (this.#newest?.segment !== newest) this.#newest = { segment: newest, name: segmentName(newest) }
    this.#add(this.#newest.name, principal, bytes)
  }

  /** Whether it has as much as it may. */
  isFull(principal: string): boolean {
    const quota = this.#quotaOf(principal)
    return quota > 0 && (this.#sums.get(principal) ?? 0) >= quota
  }

  /** Segments may be gone. */
  purged(): void {
    const left = new Set(this.#store.journal.segments.map(segmentName))
    for (const [segment, held] of this.#segments) {
      if (left.has(segment)) continue
      this.#segments.delete(segment)
      for (const [principal, bytes] of held) this.#count(principal, -bytes)
    }
  }

  *#readAll(): Work<void> {
    for (const stretch of yield* this.#store.journal.stretches(1)) {
      const segment = segmentName(stretch.segment)
      yield* walkIndex(stretch, ({ origin, block }: Entry) => {
        this.#add(segment, origin.principal, block.head.length + block.lineBytes)
        return 'on'
      })
    }
  }

  #add(segment: string, principal: string, bytes: number): void {
    const known = this.#segments.get(segment)
    const held = known ?? new Map<string, number>()
    if (known === undefined) this.#segments.set(segment, held)
    held.set(principal, (held.get(principal) ?? 0) + bytes)
    this.#count(principal, bytes)
  }

  #count(principal: string, bytes: number): void {
    const sum = (this.#sums.get(principal) ?? 0) + bytes
    if (sum > 0) this.#sums.set(principal, sum)
    else this.#sums.delete(principal)
  }
}
