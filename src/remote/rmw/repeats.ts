// What an identity has sent last, so that what comes again is known. A sender that lost its connection before an answer sends the
// record anew, and audisp-remote does so with the same sequence number: the same number and the same bytes on a new connection are the
// same record. Nothing else is believed to be one: a restarted sender counts from the beginning, and may well repeat.
//
// Only the beginning of a connection can repeat. Whoever waits for each answer has one record in doubt, whoever sends ahead some in a
// row; the first that was not seen before ends the doubt.

/** What is remembered of a record: its sequence number and the first 16 bytes of the SHA-256 of its line, in latin1. */
export interface Mark {
  readonly sequence: number
  readonly digest: string
}

/** `likely`: the same bytes with another number, so it may be the same record, and is kept. */
export type Repetition = 'new' | 'likely' | 'certain'

/** As far as a sender may send ahead and be known again. */
export const MAX_REMEMBERED = 1024
/** Who waits for each answer needs only the last; who sends ahead shows it by how much of it comes at once. */
const LEAST_REMEMBERED = 16

/** The marks of one identity over all its connections, oldest first. */
export class Repeats {
  #marks: Mark[]
  /** How many have been dropped before the first of them. */
  #dropped = 0
  #kept = LEAST_REMEMBERED

  /** `durable`: the last that the journal knows of. */
  constructor(durable: Mark | undefined) {
    this.#marks = durable === undefined ? [] : [durable]
  }

  remember(marks: readonly Mark[]): void {
    this.#marks.push(...marks)
    this.#kept = Math.min(MAX_REMEMBERED, Math.max(this.#kept, LEAST_REMEMBERED * marks.length))
    if (this.#marks.length < 2 * this.#kept) return
    this.#dropped += this.#marks.length - this.#kept
    this.#marks = this.#marks.slice(-this.#kept)
  }

  /** The newest equal to it, by its place in the row of all; undefined if there is none. */
  find(mark: Mark): number | undefined {
    const index = this.#marks.findLastIndex(
      ({ sequence, digest }) => sequence === mark.sequence && digest === mark.digest,
    )
    return index < 0 ? undefined : this.#dropped + index
  }

  isAt(place: number, { sequence, digest }: Mark): boolean {
    const mark = this.#marks[place - this.#dropped]
    return mark !== undefined && mark.sequence === sequence && mark.digest === digest
  }

  hasDigest(digest: string): boolean {
    return this.#marks.some((mark) => mark.digest === digest)
  }
}

/** `next`: the place that a repetition would go on at. */
type DoubtState =
  | { readonly kind: 'first' }
  | { readonly kind: 'repeating'; readonly next: number }
  | { readonly kind: 'over' }

/** One connection's view: where in that row its beginning stands. */
export class Doubt {
  readonly #repeats: Repeats
  #state: DoubtState = { kind: 'first' }

  constructor(repeats: Repeats) {
    this.#repeats = repeats
  }

  /** Whether the next record of the connection has been taken before. Whoever takes one remembers it, once it is taken. */
  judge(mark: Mark): Repetition {
    const state = this.#state
    const place = this.#placeOf(state, mark)
    if (place !== undefined) {
      this.#state = { kind: 'repeating', next: place + 1 }
      return 'certain'
    }
    const repetition = state.kind === 'first' && this.#repeats.hasDigest(mark.digest) ? 'likely' : 'new'
    this.#state = { kind: 'over' }
    return repetition
  }

  #placeOf(state: DoubtState, mark: Mark): number | undefined {
    switch (state.kind) {
      case 'first':
        return this.#repeats.find(mark)
      case 'repeating':
        return this.#repeats.isAt(state.next, mark) ? state.next : undefined
      case 'over':
        return undefined
    }
    return state satisfies never
  }
}
