import { makeBlock, MAX_BLOCK_BYTES, NO_SOURCE, type Block, type SourceCursor } from './block.js'
import { isOrigin, OWN_ORIGIN, spanOf, type Origin } from './entry.js'
import { soundBlock, type Unsound } from './foreign-block.js'
import { endOf, lossNotice, statedGap, type GapLine } from './gap.js'
import { encodeForkNote, type ForkNote, type GapNote } from './notes.js'
import type { EntryDraft } from './segment-writer.js'
import type { StreamState, StreamTable } from './stream-table.js'

/** What one commit writes at most, beyond its first block. */
const MAX_COMMIT_BYTES = 4 * 1024 * 1024

/** Why a sender's block is not taken. `bad-block`, `bad-lines`: not what it claims; `gap`, `clash`: not next in its stream. */
export type Refusal = 'bad-origin' | Unsound | 'gap' | 'clash'

/** An entry to be, and what its stream has come to when it is durable. */
export interface Taken extends EntryDraft {
  readonly state: StreamState
}

/** Whole lines of the journal's own, to be one block with all others that came since the last commit. */
interface Gathered {
  readonly chunks: Uint8Array[]
  bytes: number
  lines: number
  source: SourceCursor
}

/** What has been taken and is not durable yet, in order; and what each stream will have come to with it. */
export class Pending {
  readonly #table: StreamTable
  readonly #blockBytes: number
  readonly #wallMs: () => number
  readonly #gapLine: GapLine
  #drafts: Taken[] = []
  #gathered: Gathered | undefined
  #position: number
  #bytes = 0

  constructor(
    table: StreamTable,
    position: number,
    blockBytes: number,
    world: { readonly wallMs: () => number; readonly gapLine: GapLine },
  ) {
    this.#table = table
    this.#position = position
    this.#blockBytes = blockBytes
    this.#wallMs = world.wallMs
    this.#gapLine = world.gapLine
  }

  /** Of lines; whoever fills this keeps it in bounds. */
  get bytes(): number {
    return this.#bytes
  }

  get isEmpty(): boolean {
    return this.#drafts.length === 0 && this.#gathered === undefined
  }

  /** With everything taken, durable or not. Own lines count from `seal` on. */
  get table(): StreamTable {
    return this.#table
  }

  /** `lines` whole lines, each with its LF: not parted, because a source belongs to all of them. The bytes are held, not copied. */
  gather(bytes: Uint8Array, lines: number, source: SourceCursor): void {
    if (bytes.length > MAX_BLOCK_BYTES) throw new RangeError(`${bytes.length} bytes of lines do not fit a block`)
    if (this.#gathered !== undefined && this.#gathered.bytes + bytes.length > this.#blockBytes) this.seal()
    this.#gathered ??= { chunks: [], bytes: 0, lines: 0, source: NO_SOURCE }
    this.#gathered.chunks.push(bytes)
    this.#gathered.bytes += bytes.length
    this.#gathered.lines += lines
    this.#gathered.source = source
    this.#bytes += bytes.length
  }

  /** The gathered lines become a block: its borders never change again. */
  seal(): void {
    const gathered = this.#gathered
    if (gathered === undefined) return
    this.#gathered = undefined
    const { firstSeq, before } = endOf(this.#table, OWN_ORIGIN)
    const { chunks, lines, source } = gathered
    const first = chunks[0]
    const bytes = chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks)
    const draft = { kind: 'data', firstSeq, count: lines, lines, wallMs: this.#wallMs(), source, before } as const
    this.#bytes -= bytes.length
    this.#add(OWN_ORIGIN, makeBlock({ ...draft, note: Buffer.alloc(0) }, [bytes]), bytes)
  }

  /** A LOSS of records that never got a seq, behind what was gathered before. */
  lose(note: GapNote, source: SourceCursor): void {
    this.seal()
    const { block, lines } = lossNotice(OWN_ORIGIN, this.#table, note, source, this.#wallMs(), this.#gapLine)
    this.#add(OWN_ORIGIN, block, lines)
  }

  /** A sender's block as it came: `head` is header and note. Nothing of it is believed. */
  take(origin: Origin, head: Uint8Array, lines: Uint8Array): Refusal | undefined {
    const block = soundBlock(head, lines)
    return typeof block === 'string' ? block : this.takeSound(origin, block, lines)
  }

  /** The same for a block whose sums have been found to fit. */
  takeSound(origin: Origin, block: Block, lines: Uint8Array): Refusal | undefined {
    if (!isOrigin(origin) || origin.principal === '') return 'bad-origin'
    const fit = this.#table.fit(origin, block)
    if (fit !== 'next') return fit
    this.#add(origin, block, lines)
    return undefined
  }

  /** Seqs of a stream up to `toSeq` that its sender has no more; `chain` is the one after them. */
  skip(origin: Origin, toSeq: number, chain: Buffer, reason: string): Refusal | undefined {
    if (!isOrigin(origin) || origin.principal === '') return 'bad-origin'
    if (toSeq < endOf(this.#table, origin).firstSeq) return 'clash'
    const note = { reason, fromSource: 0, toSource: 0 }
    const { block, lines } = statedGap('hole', origin, this.#table, toSeq, chain, note, this.#wallMs(), this.#gapLine)
    this.#add(origin, block, lines)
    return undefined
  }

  /** A stream begins behind the end of its parent, with the chain that both have there. */
  fork(origin: Origin, note: ForkNote, chain: Buffer): Refusal | undefined {
    if (!isOrigin(origin) || origin.principal === '') return 'bad-origin'
    const draft = {
      kind: 'fork',
      firstSeq: note.atSeq + 1,
      count: 0,
      lines: 0,
      source: NO_SOURCE,
      before: chain,
    } as const
    const statedChain = chain
    const block = makeBlock({ ...draft, wallMs: this.#wallMs(), note: encodeForkNote(note), statedChain }, [])
    if (this.#table.fit(origin, block) !== 'next') return 'clash'
    this.#add(origin, block, Buffer.alloc(0))
    return undefined
  }

  /** The next commit's blocks; they stay out of this until they are given back. */
  batch(): Taken[] {
    this.seal()
    let bytes = 0
    const limit = this.#drafts.findIndex(({ lines }, index) => (bytes += lines.length) > MAX_COMMIT_BYTES && index > 0)
    const batch = this.#drafts.splice(0, limit < 0 ? this.#drafts.length : limit)
    this.#bytes -= bytesOf(batch)
    return batch
  }

  /** The commit failed: its blocks are first in line again. */
  giveBack(batch: readonly Taken[]): void {
    this.#drafts = [...batch, ...this.#drafts]
    this.#bytes += bytesOf(batch)
  }

  #add(origin: Origin, block: Block, lines: Uint8Array): void {
    const takenMs = this.#wallMs()
    const state = this.#table.apply(origin, block, takenMs)
    if (state === undefined) throw new Error(`a ${block.kind} block belongs to no stream`)
    this.#drafts.push({ origin, position: this.#position, takenMs, block, lines, state })
    this.#position += spanOf(block)
    this.#bytes += lines.length
  }
}

function bytesOf(batch: readonly EntryDraft[]): number {
  return batch.reduce((sum, { lines }) => sum + lines.length, 0)
}
