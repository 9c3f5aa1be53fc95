// What an admin has to know of beside that records go: counted exactly, and said once with each change for the better.

import type { LogFields } from '../../src/remote/voice.js'

const COUNTS = ['dropped', 'lost', 'inDoubt', 'unconfirmed', 'sentAgain'] as const

/**
 * `dropped`: there was no room for it. `lost`: it was given away and is known not to have arrived. `inDoubt`: the connection broke before
 * its arrival was proven, and it was not sent again. `unconfirmed`: the server does not prove what it has. `sentAgain`: repeats.
 */
export type Count = (typeof COUNTS)[number]

export class Tally {
  readonly #since = new Map<Count, number>()
  readonly #all = new Map<Count, number>()

  add(what: Count, count: number): void {
    if (count === 0) return
    this.#since.set(what, (this.#since.get(what) ?? 0) + count)
    this.#all.set(what, (this.#all.get(what) ?? 0) + count)
  }

  /** Since it was asked for last. */
  since(what: Count): number {
    return this.#since.get(what) ?? 0
  }

  /** What was counted since this was called last, without what is none. */
  fresh(): LogFields {
    const fields = fieldsOf(this.#since)
    this.#since.clear()
    return fields
  }

  /** Since the start. */
  all(): LogFields {
    return fieldsOf(this.#all)
  }
}

function fieldsOf(counts: ReadonlyMap<Count, number>): LogFields {
  return Object.fromEntries(COUNTS.flatMap((name) => (counts.has(name) ? [[name, counts.get(name) ?? 0]] : [])))
}
