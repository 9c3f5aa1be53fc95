import { NO_SOURCE, type Block, type SourceCursor } from './block.js'
import type { Origin } from './entry.js'

/** How far a stream has come: the fold over all its blocks. */
export interface StreamState {
  readonly principal: string
  readonly stream: string
  /** The first seq that this journal ever had of it. */
  readonly firstSeq: number
  readonly lastSeq: number
  /** The chain after `lastSeq`. */
  readonly chain: Buffer
  /** When its last block was taken. */
  readonly takenMs: number
  /** How far the line protocol had come with its last block that says so: where the dispatcher goes on after a restart. */
  readonly source: SourceCursor
}

/** `next`: the block belongs right behind the stream's end. `gap`: later. `clash`: it is there already, or is another's. */
export type Fit = 'next' | 'gap' | 'clash'

/** The state of each stream by (principal, stream): what tells a new block from a repeated one. Never aged out by time. */
export class StreamTable {
  /** By principal, then by stream. */
  readonly #states = new Map<string, Map<string, StreamState>>()

  constructor(states: Iterable<StreamState> = []) {
    for (const state of states) this.put(state)
  }

  get size(): number {
    let size = 0
    for (const streams of this.#states.values()) size += streams.size
    return size
  }

  get(of: Pick<Origin, 'principal' | 'stream'>): StreamState | undefined {
    return this.#states.get(of.principal)?.get(of.stream)
  }

  *[Symbol.iterator](): Iterator<StreamState> {
    for (const streams of this.#states.values()) yield* streams.values()
  }

  copy(): StreamTable {
    return new StreamTable(this)
  }

  /** A stream not seen before may begin anywhere: its older blocks were freed, or it is the rest of a forked one. */
  fit(origin: Origin, block: Block): Fit {
    const state = this.get(origin)
    if (block.kind === 'checkpoint') return 'next'
    if (block.kind === 'fork') return state === undefined ? 'next' : 'clash'
    if (state === undefined) return 'next'
    if (block.firstSeq > state.lastSeq + 1) return 'gap'
    return block.firstSeq === state.lastSeq + 1 && block.before.equals(state.chain) ? 'next' : 'clash'
  }

  /** What the stream comes to with a block. A CHECKPOINT repeats the table and changes nothing in it. */
  apply(origin: Origin, block: Block, takenMs: number): StreamState | undefined {
    if (block.kind === 'checkpoint') return undefined
    const { principal, stream } = origin
    const streams = this.#states.get(principal)
    const state = streams?.get(stream)
    const firstSeq = state?.firstSeq ?? block.firstSeq
    const lastSeq = block.firstSeq + block.count - 1
    // A copy: the block's bytes may lie in a large buffer, and the state outlives it.
    const chain = Buffer.from(block.chain)
    const source = block.source.seq === 0 ? (state?.source ?? NO_SOURCE) : copyOf(block.source)
    const next = { principal, stream, firstSeq, lastSeq, chain, takenMs, source }
    if (streams === undefined) this.put(next)
    else streams.set(stream, next)
    return next
  }

  put(state: StreamState): void {
    const streams = this.#states.get(state.principal)
    if (streams === undefined) this.#states.set(state.principal, new Map([[state.stream, state]]))
    else streams.set(state.stream, state)
  }

  /** Only an operator, or a cap on a principal's streams, forgets one. */
  forget({ principal, stream }: Pick<Origin, 'principal' | 'stream'>): void {
    const streams = this.#states.get(principal)
    streams?.delete(stream)
    if (streams?.size === 0) this.#states.delete(principal)
  }
}

function copyOf({ run, seq }: SourceCursor): SourceCursor {
  return { run: Buffer.from(run), seq }
}
