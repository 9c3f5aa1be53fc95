/** When so long nothing more has come, it is over. */
const QUIET_MS = 2000

/** Something that comes in bursts, and is told when it begins and, with how many there were, when it is over. */
export class Spell {
  readonly #nowMs: () => number
  readonly #begins: () => void
  readonly #isOver: (count: number) => void
  #count = 0
  #lastMs = 0

  constructor(nowMs: () => number, begins: () => void, isOver: (count: number) => void) {
    this.#nowMs = nowMs
    this.#begins = begins
    this.#isOver = isOver
  }

  add(count: number): void {
    if (this.#count === 0) this.#begins()
    this.#count += count
    this.#lastMs = this.#nowMs()
  }

  /** To be asked every now and then. */
  look(): void {
    if (this.#count > 0 && this.#nowMs() - this.#lastMs >= QUIET_MS) this.end()
  }

  /** Tells what was not told. */
  end(): void {
    if (this.#count > 0) this.#isOver(this.#count)
    this.#count = 0
  }
}
