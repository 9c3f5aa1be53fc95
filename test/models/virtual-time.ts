// Time that passes only when nothing is left to do now. What is due is called in order of time, then of asking; between two calls all
// that they have set going comes to its end, so that a run is the same at each repetition.

import { createHash, type Hash } from 'node:crypto'
import { setImmediate as allPromises } from 'node:timers/promises'
import type { Clock, Random as RandomPort } from '../../src/remote/ports.js'
import type { Random } from '../protocol/random.js'

interface Due {
  readonly atMs: number
  readonly order: number
  readonly call: () => void
  isOff: boolean
}

export class VirtualTime {
  nowMs = 0
  calls = 0
  readonly #heap: Due[] = []
  readonly #trace: Hash = createHash('sha256')
  #order = 0

  /** Calls once; the result calls it off. */
  after(ms: number, call: () => void): () => void {
    const due: Due = { atMs: this.nowMs + Math.max(0, ms), order: this.#order++, call, isOff: false }
    push(this.#heap, due)
    return () => {
      due.isOff = true
    }
  }

  /** Runs what is due up to `untilMs`, or until `isOver`. */
  async run(untilMs: number, isOver: () => boolean = () => false): Promise<void> {
    for (;;) {
      const due = this.#heap[0]
      if (due === undefined || due.atMs > untilMs || isOver()) break
      pop(this.#heap)
      if (due.isOff) continue
      this.nowMs = due.atMs
      this.calls++
      due.call()
      await allPromises()
    }
    if (!isOver()) this.nowMs = Math.max(this.nowMs, untilMs)
  }

  /** Something happened that makes this run what it is. */
  trace(what: string): void {
    this.#trace.update(`${this.nowMs.toFixed(3)} ${what}\n`)
  }

  get hash(): string {
    return this.#trace.copy().digest('hex').slice(0, 16)
  }
}

/** What a process sees of it. When it is dead nothing calls it any more. */
export class VirtualClock implements Clock {
  /** How far its machine's time of day is off. */
  wallOffsetMs = 1_700_000_000_000
  readonly #time: VirtualTime
  readonly #isAlive: () => boolean

  constructor(time: VirtualTime, isAlive: () => boolean) {
    this.#time = time
    this.#isAlive = isAlive
  }

  monotonicMs(): number {
    return this.#time.nowMs
  }

  wallMs(): number {
    return this.#time.nowMs + this.wallOffsetMs
  }

  after(ms: number, call: () => void): () => void {
    return this.#time.after(ms, () => {
      if (this.#isAlive()) call()
    })
  }
}

export class SeededRandom implements RandomPort {
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  fraction(): number {
    return this.#random.below(2 ** 30) / 2 ** 30
  }

  bytes(count: number): Buffer {
    return this.#random.bytes(count)
  }
}

function isBefore(a: Due, b: Due): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
}

function push(heap: Due[], due: Due): void {
  let at = heap.push(due) - 1
  for (;;) {
    const up = (at - 1) >> 1
    const parent = heap[up]
    if (at === 0 || parent === undefined || !isBefore(due, parent)) break
    heap[at] = parent
    at = up
  }
  heap[at] = due
}

function pop(heap: Due[]): void {
  const last = heap.pop()
  if (last === undefined || heap.length === 0) return
  let at = 0
  for (;;) {
    const left = heap[2 * at + 1]
    const right = heap[2 * at + 2]
    const child = right !== undefined && left !== undefined && isBefore(right, left) ? right : left
    if (child === undefined || !isBefore(child, last)) break
    heap[at] = child
    at = child === right ? 2 * at + 2 : 2 * at + 1
  }
  heap[at] = last
}
