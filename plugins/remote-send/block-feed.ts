// Blocks of the spool for sending, many at a time: a look at the disk for each would be dear. Their lines are never copied.

import type { Block } from '../../src/journal/block.js'
import type { Work } from '../../src/journal/file-port.js'
import type { Journal } from '../../src/journal/journal.js'
import type { JournalReader } from '../../src/journal/journal-reader.js'
import type { JournalStore } from '../../src/journal/journal-store.js'
import type { BlockFacts } from '../../src/remote/sender-input.js'

/** What is read at once, and held until it is sent; the last block of it may go over. */
const READ_BYTES = 1024 * 1024
const READ_BLOCKS = 1024

/** No more than is sent: a thousand of them wait at once. */
export interface FedBlock extends BlockFacts {
  readonly head: Buffer
  readonly lines: Buffer
}

/** They are there no more. */
export interface Missing {
  readonly from: number
  readonly to: number
  /** Behind `to`. */
  readonly chain: string
  readonly reason: 'freed' | 'damaged'
}

export type Fed =
  | { readonly kind: 'blocks'; readonly blocks: readonly FedBlock[] }
  | ({ readonly kind: 'missing' } & Missing)

export class BlockFeed {
  readonly #store: JournalStore
  #reader: JournalReader | undefined
  /** Where the reader goes on. */
  #next = 0
  #ready: readonly FedBlock[] = []
  /** Before the first that was read last. */
  #before = ''
  #isDamaged = false

  constructor(store: JournalStore) {
    this.#store = store
  }

  /** From a durable seq on, where a block begins. One call at a time. Throws FileError. */
  async from(seq: number): Promise<Fed> {
    const [first] = this.#ready
    if (first?.firstSeq === seq) return { kind: 'blocks', blocks: this.#ready }
    const fed = await this.#store.read(this.#read(seq))
    if (fed.kind === 'blocks' || fed.reason === 'freed') return fed
    // What looks damaged may be a segment on its way out: when whoever removes it is done, it counts as freed.
    await this.#store.write(function* () {})
    this.#reader = undefined
    return this.#store.read(this.#read(seq))
  }

  /** The first so many of what from() has given are sent. */
  take(count: number): readonly FedBlock[] {
    const taken = this.#ready.slice(0, count)
    this.#ready = this.#ready.slice(count)
    return taken
  }

  *#read(seq: number): Work<Fed> {
    const { journal } = this.#store
    // As it is now: where nothing is found up to its end, more may have become durable behind that meanwhile.
    const own = journal.durable()
    const at = Math.max(seq, journal.firstPosition)
    if (this.#reader === undefined || this.#next !== at || this.#ready.length > 0) this.#startAt(at)
    yield* this.#fill(journal)
    while (this.#ready.length === 0 && this.#isDamaged) {
      this.#isDamaged = false
      yield* this.#fill(journal)
    }
    const [behind] = this.#ready
    if (behind?.firstSeq === seq) return { kind: 'blocks', blocks: this.#ready }
    const to = behind === undefined ? (own?.lastSeq ?? seq) : behind.firstSeq - 1
    const chain = behind === undefined ? (own?.chain.toString('hex') ?? '') : this.#before
    return { kind: 'missing', from: seq, to, chain, reason: seq < journal.firstPosition ? 'freed' : 'damaged' }
  }

  #startAt(seq: number): void {
    this.#reader = this.#store.journal.reader(seq)
    this.#next = seq
    this.#ready = []
    this.#isDamaged = false
  }

  /** Until there is enough, or nothing more, or damage. */
  *#fill(journal: Journal): Work<void> {
    const blocks: FedBlock[] = []
    let bytes = 0
    this.#reader ??= journal.reader(this.#next)
    while (!this.#isDamaged && bytes < READ_BYTES && blocks.length < READ_BLOCKS) {
      const item = yield* this.#reader.next()
      if (item === undefined) break
      if (item.kind === 'damage') {
        this.#isDamaged = true
        break
      }
      const { block } = item.entry
      if (blocks.length === 0) this.#before = block.before.toString('hex')
      const fed = fedBlock(block, item.lines)
      blocks.push(fed)
      bytes += fed.bytes
      this.#next = fed.lastSeq + 1
    }
    this.#ready = blocks
  }
}

function fedBlock(block: Block, lines: Buffer): FedBlock {
  const { firstSeq, count, head, chain } = block
  const bytes = head.length + lines.length
  return { firstSeq, lastSeq: firstSeq + count - 1, bytes, chain: chain.toString('hex'), head, lines }
}
