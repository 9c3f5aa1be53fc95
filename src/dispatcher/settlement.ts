// Which of the records that an input plugin sent are settled: each plugin with `ack` that got it has acknowledged it, or lost
// it. Records are kept by the batch that they came in, with those plugins that took any of it; what they numbered is kept as
// runs, as numbers mostly rise by one.

/** A plugin that holds a record back until it has acknowledged it. */
export interface Holder {
  /** The seq of the first record that it has not settled; Infinity when it holds nothing up. */
  holdsFrom(nowMs: number): number
}

/** A holder, and the last seq that it took. */
export interface Hold {
  readonly holder: Holder
  readonly to: number
}

/** Numbers that rise by one: the first, and how many. */
interface NumberRun {
  readonly first: number
  count: number
}

interface Batch {
  /** Seq of its first record; the others follow without a gap. */
  readonly firstSeq: number
  readonly records: number
  readonly numbers: readonly NumberRun[]
  readonly holds: readonly Hold[]
  /** The highest number before those of the next batch. */
  reach: number
  /** Records from its front that are settled. */
  settled: number
}

/** The numbers of records that are about to become a batch. */
export class BatchNumbers {
  readonly runs: NumberRun[] = []
  #records = 0

  get records(): number {
    return this.#records
  }

  add(n: number): void {
    this.#records++
    const last = this.runs.at(-1)
    if (last !== undefined && last.first + last.count === n) last.count++
    else this.runs.push({ first: n, count: 1 })
  }
}

export class Settlement {
  #batches: Batch[] = []
  #unsettled = 0
  #settledTo = 0

  /** Records that are not settled. */
  get unsettled(): number {
    return this.#unsettled
  }

  /** All numbers up to here are settled. */
  get settledTo(): number {
    return this.#settledTo
  }

  add(firstSeq: number, numbers: BatchNumbers, holds: readonly Hold[]): void {
    const { records, runs } = numbers
    this.#unsettled += records
    this.#batches.push({ firstSeq, records, numbers: runs, holds, reach: numberAt(runs, records - 1), settled: 0 })
  }

  /** A number above all others that needs no plugin to be settled. */
  pass(n: number): void {
    const last = this.#batches.at(-1)
    if (last === undefined) this.#settledTo = Math.max(this.#settledTo, n)
    else last.reach = Math.max(last.reach, n)
  }

  /** Finds out what is settled by now. */
  settle(nowMs: number): void {
    let done = 0
    for (const batch of this.#batches) {
      const before = batch.settled
      batch.settled = settledIn(batch, nowMs)
      this.#unsettled -= batch.settled - before
      if (batch.settled < batch.records) {
        if (batch.settled > 0) this.#settledTo = numberAt(batch.numbers, batch.settled - 1)
        break
      }
      this.#settledTo = batch.reach
      done++
    }
    this.#batches.splice(0, done)
  }

  /** Another process numbers anew: what the one before has sent is of no interest any more. */
  forget(): void {
    this.#batches = []
    this.#unsettled = 0
    this.#settledTo = 0
  }
}

function settledIn(batch: Batch, nowMs: number): number {
  let settled = batch.records
  for (const { holder, to } of batch.holds) {
    const from = holder.holdsFrom(nowMs)
    if (from <= to) settled = Math.min(settled, Math.max(from - batch.firstSeq, 0))
  }
  // What was let go once because nobody held it up is not taken back.
  return Math.max(settled, batch.settled)
}

function numberAt(runs: readonly NumberRun[], index: number): number {
  let left = index
  for (const { first, count } of runs) {
    if (left < count) return first + left
    left -= count
  }
  return 0
}
