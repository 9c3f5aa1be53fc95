import { FileError } from '../../src/journal/file-port.js'
import { JournalError } from '../../src/journal/journal-error.js'
import { ownChainAt, sampleOwn } from '../../src/journal/own-chain.js'
import type { SenderEffect, SenderInput } from '../../src/remote/sender-input.js'
import { BlockFeed, type FedBlock } from './block-feed.js'
import type { UplinkHost } from './uplink.js'

/** The disk gave an error to a read, or to a fork: the same is asked for again after so long. */
const RETRY_MS = 5000

/** What the core asks the spool for. */
export type Question = Extract<SenderEffect, { readonly kind: 'look-up' | 'sample' | 'read' | 'fork' }>

/** What the spool answers, one question after another; an error of the disk is waited for until it is over. */
export class SpoolAnswers {
  readonly #host: UplinkHost
  readonly #feed: BlockFeed
  readonly #give: (answer: SenderInput) => void
  #last: Promise<void> = Promise.resolve()
  #isClosed = false
  #endWait: () => void = () => {}
  /** Not answered, as the admin wants nothing sent beyond damage. */
  #leftOpen: Question | undefined
  /** Seqs that were passed by as they cannot be read any more. */
  skippedSeqs = 0
  forks = 0

  constructor(host: UplinkHost, give: (answer: SenderInput) => void) {
    this.#host = host
    this.#feed = new BlockFeed(host.store)
    this.#give = give
  }

  ask(question: Question): void {
    this.#last = this.#last.then(() => this.#ask(question))
  }

  /** The admin says so: what damage has stopped is asked for again. */
  resume(): void {
    if (this.#leftOpen !== undefined) this.ask(this.#leftOpen)
    this.#leftOpen = undefined
  }

  /** The first so many of the blocks that were given last. */
  take(count: number): readonly FedBlock[] {
    return this.#feed.take(count)
  }

  /** Nothing is given any more. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#endWait()
    await this.#last
  }

  async #ask(question: Question): Promise<void> {
    while (!this.#isClosed) {
      try {
        const answer = await this.#answer(question)
        if (answer === undefined) this.#leftOpen = question
        else if (!this.#isClosed) this.#give(answer)
        return
      } catch (error) {
        // A fork too many waits until older streams are freed.
        if (!(error instanceof FileError || error instanceof JournalError)) throw error
        this.#host.log('error', 'the spool cannot answer; trying again', { error: error.message, inMs: RETRY_MS })
        await this.#wait()
      }
    }
  }

  async #wait(): Promise<void> {
    if (this.#isClosed) return
    const cancel = this.#host.clock.after(RETRY_MS, () => {
      this.#endWait()
    })
    await new Promise<void>((resolve) => {
      this.#endWait = resolve
    })
    cancel()
  }

  async #answer(question: Question): Promise<SenderInput | undefined> {
    const { store } = this.#host
    switch (question.kind) {
      case 'look-up': {
        const { seq } = question
        const chain = await store.read(ownChainAt(store.journal, seq))
        return { kind: 'chain', seq, chain: chain?.toString('hex') }
      }
      case 'sample': {
        const { above, to, count } = question
        const found = await store.read(sampleOwn(store.journal, above, to, count))
        const points = found.map(({ seq, chain }) => ({ seq, chain: chain.toString('hex') }))
        return { kind: 'samples', above, to, points }
      }
      case 'read':
        return this.#blocksFrom(question.from)
      case 'fork':
        await store.write(() => store.journal.forkOwn(question.fromSeq, Buffer.from(question.before, 'hex')))
        this.forks++
        return { kind: 'forked' }
    }
    return question satisfies never
  }

  /** Undefined: nothing is sent until the admin says so. */
  async #blocksFrom(from: number): Promise<SenderInput | undefined> {
    const fed = await this.#feed.from(from)
    if (fed.kind === 'blocks') return fed
    if (fed.reason === 'damaged' && this.#host.damaged(fed.from, fed.to) === 'stop') return undefined
    this.skippedSeqs += fed.to - fed.from + 1
    return fed
  }
}
