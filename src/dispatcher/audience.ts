// Who among the plugins of one format gets records of one source. Plugins that want all of it are `whole` and cost nothing
// a record. For the others the selectors are asked once for each type, and node where one looks at nodes, and the answer for
// all of them together is kept: a record then costs one look into a table, however many plugins there are.

import { selectorMatches, selectorNeeds, type Selector } from '../protocol/selector.js'
import type { Gatherer } from './gatherer.js'
import type { Outbox } from './outbox.js'

/** The kernel's and user space's types all lie below; for others the selectors are asked each time. */
const TABLE_TYPES = 4096
/** Nodes whose answers are kept; a peer that makes names up must not make the table grow. */
const TABLE_NODES = 256
const NOBODY: readonly Gatherer[] = []

/** One plugin as the fan-out sees it. */
export interface Outlet {
  readonly queue: Outbox
  /** Undefined when it wants everything. */
  readonly selector: Selector | undefined
  /** The source that it is itself: it never gets back what came from it. Empty if it is none. */
  readonly name: string
}

/** An outlet with a selector, and where its records are gathered. */
export interface PickyOutlet extends Outlet {
  readonly selector: Selector
  readonly gatherer: Gatherer
}

type Answers = (readonly Gatherer[] | undefined)[]

export class Audience {
  readonly whole: readonly Outbox[]
  readonly needsNode: boolean
  readonly #source: string
  readonly #picky: readonly PickyOutlet[]
  readonly #answers: Answers = []
  readonly #byNode = new Map<string, Answers>()

  constructor(source: string, whole: readonly Outlet[], picky: readonly PickyOutlet[]) {
    const isOther = ({ name }: Outlet): boolean => name !== source
    this.#source = source
    this.whole = whole.filter(isOther).map(({ queue }) => queue)
    this.#picky = picky.filter(isOther)
    this.needsNode = this.#picky.some(({ selector }) => selectorNeeds(selector).node)
  }

  get isEmpty(): boolean {
    return this.whole.length + this.#picky.length === 0
  }

  get isPicky(): boolean {
    return this.#picky.length > 0
  }

  /** The picky ones that want such a record. */
  wanting(type: number, node: string): readonly Gatherer[] {
    if (this.#picky.length === 0) return NOBODY
    const answers = this.needsNode ? this.#answersFor(node) : this.#answers
    const known = answers?.[type]
    if (known !== undefined) return known
    const asked = this.#ask(type, node)
    if (answers !== undefined && type < TABLE_TYPES) answers[type] = asked
    return asked
  }

  #answersFor(node: string): Answers | undefined {
    const known = this.#byNode.get(node)
    if (known !== undefined || this.#byNode.size >= TABLE_NODES) return known
    const answers: Answers = []
    this.#byNode.set(node, answers)
    return answers
  }

  #ask(type: number, node: string): readonly Gatherer[] {
    return this.#picky
      .filter(({ selector }) => selectorMatches(selector, type, node, this.#source))
      .map(({ gatherer }) => gatherer)
  }
}
