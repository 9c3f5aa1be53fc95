// The spool as messages. One block is read at a time, ahead of what is sent, and as its records are settled the source knows the chain
// that belongs to them.

import { CHAIN_BYTES } from '../../src/journal/block.js'
import { FileError } from '../../src/journal/file-port.js'
import type { GapLine } from '../../src/journal/gap.js'
import type { JournalReader, ReadBlock, ReadDamage } from '../../src/journal/journal-reader.js'
import type { JournalStore } from '../../src/journal/journal-store.js'
import type { Outgoing } from '../../src/remote/rmw/unsettled.js'
import { messagesOf, noticeOf } from './managed-messages.js'

export interface SourceHost {
  readonly store: JournalStore
  readonly gapLine: GapLine
  wallMs(): number
  /** There may be more to take. */
  ready(): void
  /** Blocks cannot be read: whether they are passed by. */
  damaged(firstSeq: number, lastSeq: number): 'stop' | 'skip'
  /** So many seqs will never be sent: they are gone from the spool, or damaged. */
  skipped(count: number): void
  /** Records that auditd would cut are replaced by a notice. */
  tooLong(count: number): void
  /** The disk does not let us read; `wake` tries again. */
  failed(why: string): void
}

/** `stopped`: at damage, for the admin to see to. */
type Reading = 'idle' | 'reading' | 'stopped' | 'closed'

interface BlockEnd {
  readonly lastSeq: number
  readonly before: Buffer
  readonly chain: Buffer
}

export class ManagedSource {
  readonly #host: SourceHost
  /** Read on when fewer are ready. */
  readonly #least: number
  #reader: JournalReader
  /** The next to be read, and to be taken. */
  #nextSeq: number
  #takeSeq: number
  #ready: Outgoing[] = []
  #blocks: BlockEnd[] = []
  #settledBlocks = 0
  #reading: Reading = 'idle'
  #ended: Promise<void> = Promise.resolve()

  constructor(host: SourceHost, fromSeq: number, least: number) {
    this.#host = host
    this.#least = least
    this.#nextSeq = fromSeq
    this.#takeSeq = fromSeq
    this.#reader = host.store.journal.reader(fromSeq)
  }

  get settledBlocks(): number {
    return this.#settledBlocks
  }

  /** The next, as many as that, none that begins beyond `toSeq`: one alone may stand for any number of seqs. */
  take(count: number, toSeq: number): Outgoing[] {
    const firstSeqOf = (index: number): number => (this.#ready[index - 1]?.seq ?? this.#takeSeq - 1) + 1
    const beyond = this.#ready.slice(0, count).findIndex((_, index) => firstSeqOf(index) > toSeq)
    const taken = this.#ready.splice(0, beyond < 0 ? count : beyond)
    this.#takeSeq = (taken.at(-1)?.seq ?? this.#takeSeq - 1) + 1
    this.wake()
    return taken
  }

  /** More may be durable, or readable. */
  wake(): void {
    if (this.#reading !== 'idle' || this.#ready.length >= this.#least) return
    this.#reading = 'reading'
    this.#ended = this.#readOn()
  }

  /** The admin says so: damage is looked at once more. */
  resume(): void {
    if (this.#reading === 'stopped') {
      this.#reader = this.#host.store.journal.reader(this.#nextSeq)
      this.#reading = 'idle'
    }
    this.wake()
  }

  /** The chain behind the last whole block up to there; what is settled is forgotten. */
  chainAt(seq: number): Buffer {
    const settled = this.#blocks.findLast(({ lastSeq }) => lastSeq <= seq)
    const left = this.#blocks.filter(({ lastSeq }) => lastSeq > seq)
    this.#settledBlocks += this.#blocks.length - left.length
    this.#blocks = left
    return settled?.chain ?? left[0]?.before ?? NO_CHAIN
  }

  async close(): Promise<void> {
    this.#reading = 'closed'
    await this.#ended
  }

  async #readOn(): Promise<void> {
    try {
      while (this.#reading === 'reading' && this.#ready.length < this.#least) {
        const item = await this.#host.store.read(this.#reader.next())
        // It may be a segment on its way out: when whoever removes it is done, it counts as freed.
        if (item?.kind === 'damage') await this.#host.store.write(function* () {})
        if (this.#isClosed() || item === undefined) break
        this.#take(item)
        if (this.#ready.length > 0) this.#host.ready()
      }
    } catch (error) {
      if (!(error instanceof FileError)) throw error
      this.#reader = this.#host.store.journal.reader(this.#nextSeq)
      if (!this.#isClosed()) this.#host.failed(error.message)
    }
    if (this.#reading === 'reading') this.#reading = 'idle'
  }

  #isClosed(): boolean {
    return this.#reading === 'closed'
  }

  #take(item: ReadBlock | ReadDamage): void {
    // What it was is known when the next block says where it begins.
    if (item.kind === 'damage') return
    const { block } = item.entry
    const lastSeq = block.firstSeq + block.count - 1
    if (lastSeq < this.#nextSeq) return
    if (block.firstSeq > this.#nextSeq && !this.#passTo(block.firstSeq - 1)) return
    const { records, tooLong } = messagesOf(item.entry, item.lines, this.#nextSeq, this.#host.gapLine)
    this.#ready.push(...records)
    this.#blocks.push({ lastSeq, before: Buffer.from(block.before), chain: Buffer.from(block.chain) })
    this.#nextSeq = lastSeq + 1
    if (tooLong > 0) this.#host.tooLong(tooLong)
  }

  /** Seqs that are not there: a notice stands in their place. */
  #passTo(lastSeq: number): boolean {
    const freedSeq = Math.min(lastSeq, this.#host.store.journal.firstPosition - 1)
    if (freedSeq >= this.#nextSeq) this.#pass('freed', freedSeq)
    if (lastSeq < this.#nextSeq) return true
    if (this.#host.damaged(this.#nextSeq, lastSeq) === 'stop') {
      this.#reading = 'stopped'
      return false
    }
    this.#pass('damaged', lastSeq)
    return true
  }

  #pass(why: 'freed' | 'damaged', lastSeq: number): void {
    const firstSeq = this.#nextSeq
    const frame = noticeOf('hole', why, firstSeq, lastSeq, this.#host.wallMs(), this.#host.gapLine)
    this.#ready.push({ seq: lastSeq, frame })
    this.#nextSeq = lastSeq + 1
    this.#host.skipped(lastSeq - firstSeq + 1)
  }
}

const NO_CHAIN = Buffer.alloc(CHAIN_BYTES)
