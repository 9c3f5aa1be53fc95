import type { Journal } from '../../src/journal/journal.js'
import type { StreamState } from '../../src/journal/stream-table.js'
import type { Meta } from '../../src/journal/meta.js'
import type { SpoolFacts } from '../../src/remote/sender-input.js'

/** What a journal is, as the protocol's core sees it: ids and chains as text. Made anew only when something has changed. */
export class SpoolView {
  readonly #journal: Journal
  #meta: Meta | undefined
  #own: StreamState | undefined
  #facts: SpoolFacts = { timelines: [], first: 1, durable: { seq: 0, chain: '' } }

  constructor(journal: Journal) {
    this.#journal = journal
  }

  get facts(): SpoolFacts {
    const { meta } = this.#journal
    const own = this.#journal.durable()
    if (own !== this.#own && own !== undefined)
      this.#facts = { ...this.#facts, durable: { seq: own.lastSeq, chain: own.chain.toString('hex') } }
    if (meta !== this.#meta)
      this.#facts = {
        ...this.#facts,
        timelines: meta.timelines.map(({ stream, fromSeq, before }) => ({ stream, from: fromSeq, before })),
      }
    this.#own = own
    this.#meta = meta
    const first = this.#journal.firstPosition
    if (first !== this.#facts.first) this.#facts = { ...this.#facts, first }
    return this.#facts
  }
}
