/** So many moments are remembered; beyond, every other one is forgotten. */
const MAX_MOMENTS = 256
/** Moments are so far apart at least. */
const STEP_MS = 1000

interface Moment {
  readonly seq: number
  readonly wallMs: number
}

/** How old the oldest record is that the other side does not have yet; by the second at best, and coarser the longer it lasts. */
export class Lag {
  #moments: Moment[] = []
  #stepMs = STEP_MS

  /** All up to `seq` is durable here. */
  durable(seq: number, wallMs: number): void {
    const last = this.#moments.at(-1)
    if (last !== undefined && (seq <= last.seq || wallMs - last.wallMs < this.#stepMs)) return
    this.#moments.push({ seq, wallMs })
    if (this.#moments.length <= MAX_MOMENTS) return
    this.#moments = this.#moments.filter((_, index) => index % 2 === 0)
    this.#stepMs *= 2
  }

  /** The other side has all up to `seq`. */
  acked(seq: number): void {
    const first = this.#moments.findIndex((moment) => moment.seq > seq)
    this.#moments = first < 0 ? [] : this.#moments.slice(first)
    if (this.#moments.length === 0) this.#stepMs = STEP_MS
  }

  /** 0 when nothing lags. */
  ageMs(wallMs: number): number {
    const [first] = this.#moments
    return first === undefined ? 0 : Math.max(0, wallMs - first.wallMs)
  }
}
