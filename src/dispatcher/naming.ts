import type { Log } from '../log.js'
import { findNodeName } from './node-name.js'
import type { Settings } from './settings.js'

/** What the node is called, as `name_format` has it. Finding it out may take seconds, and a reload asks anew. */
export class Naming {
  readonly #log: Log
  readonly #onName: (node: string) => void
  #node = ''
  #asked = 0

  constructor(log: Log, onName: (node: string) => void) {
    this.#log = log
    this.#onName = onName
  }

  /** Empty: none. */
  get node(): string {
    return this.#node
  }

  async find(settings: Settings): Promise<void> {
    const turn = ++this.#asked
    const { name, problem } = await findNodeName(settings)
    // A reload has asked anew in the meantime: its answer is the one that counts.
    if (turn !== this.#asked) return
    if (problem !== '') this.#log.warn({ problem, node: name }, 'name_format cannot be followed')
    this.#node = name
    this.#onName(name)
  }
}
