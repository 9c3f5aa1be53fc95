// Several regular expressions looked for at once, in one pass over the bytes, whatever expressions and bytes say.
//
// All ways through the expressions are followed together. Which steps they are at is a state; what a byte makes of a state
// is found out the first time it is asked for and kept. How many states are kept is bounded: at the bound all are
// forgotten and made again as they are needed, so the worst record costs its length times the size of the expressions,
// and an ordinary one a look into a table for each byte.

import { regexpProgram } from './regexp-program.js'
import type { RegexpNode, Place } from './regexp-syntax.js'
import type { Step } from './regexp-program.js'

const BYTE_VALUES = 256
const MAX_STATES = 2048
const FIRST_STATES = 64
const UNKNOWN = 0
const NUL = 0

/** What was known of a state before the byte that comes. */
interface State {
  /** Steps that read bytes, or wait for what comes to know the place they are at. */
  readonly steps: readonly number[]
  readonly isStart: boolean
  readonly isBehindWord: boolean
  /** The expressions that match when this state is come to. */
  readonly matches: readonly number[]
}

/** Made once, asked about many records. */
export class RegexpSet {
  readonly #steps: readonly Step[]
  readonly #start: number
  readonly #count: number
  readonly #seesWords: boolean
  /** By byte: which class it belongs to; the bytes of one class are never told apart. */
  readonly #classOf: Uint8Array
  readonly #representatives: readonly number[]
  readonly #width: number
  #states: State[] = []
  #byKey = new Map<string, number>()
  /** 0 if it was not come to since all were forgotten; the same for the one below. */
  #startRow = 0
  #restingRow = 0
  /** By byte: 1 if it is known not to lead out of the resting state. */
  readonly #rests = new Uint8Array(BYTE_VALUES)
  /** By state and class: where the row of the next state begins; UNKNOWN if nobody asked, negative if one matches there. */
  #next = new Int32Array(0)

  constructor(roots: readonly RegexpNode[]) {
    const { steps, start } = regexpProgram(roots)
    this.#steps = steps
    this.#start = start
    this.#count = roots.length
    this.#seesWords = steps.some((step) => step.kind === 'place' && step.place !== 'start' && step.place !== 'end')
    const { classOf, representatives } = byteClasses(steps, this.#seesWords)
    this.#classOf = classOf
    this.#representatives = representatives
    // The last one stands for the end.
    this.#width = representatives.length + 1
    this.#forget()
  }

  /** Sets `found[i]` to 1 for each expression i that matches somewhere in the bytes, and to 0 for the others. */
  search(bytes: Uint8Array, end: number, found: Uint8Array): void {
    for (let index = 0; index < this.#count; index++) found[index] = 0
    const classOf = this.#classOf
    const rests = this.#rests
    let row = this.#firstRow()
    let left = this.#count - this.#take(row, found)
    let next = this.#next
    let resting = this.#restingRow
    for (let at = 0; at < end; at++) {
      // Most bytes begin nothing, and need no look at what was before.
      if (row === resting) {
        while (at < end && rests[bytes[at] ?? NUL] === 1) at++
        if (at === end) break
      }
      const byteClass = classOf[bytes[at] ?? NUL] ?? 0
      const to = next[row + byteClass] ?? UNKNOWN
      if (to > 0) {
        row = to
        continue
      }
      row = to < 0 ? -to : this.#step(row, byteClass)
      next = this.#next
      resting = this.#restingRow
      left -= this.#take(row, found)
      if (left === 0) return
    }
    this.#take(this.#step(row, this.#width - 1), found)
  }

  #take(row: number, found: Uint8Array): number {
    let taken = 0
    for (const index of this.#states[row / this.#width]?.matches ?? []) {
      if (found[index] === 1) continue
      found[index] = 1
      taken += 1
    }
    return taken
  }

  #firstRow(): number {
    if (this.#startRow !== 0) return this.#startRow
    const matches = new Set<number>()
    const steps = this.#reach([this.#start], undefined, matches)
    this.#startRow = this.#rowOf({ steps, isStart: true, isBehindWord: false, matches: [...matches] })
    return this.#startRow
  }

  /** Finds out what a class of bytes, or the end, makes of a state. */
  #step(from: number, byteClass: number): number {
    const known = this.#next[from + byteClass] ?? UNKNOWN
    if (known !== UNKNOWN) return Math.abs(known)
    const state = this.#states[from / this.#width]
    if (state === undefined) throw new Error(`row ${from} of ${this.#states.length} states`)
    const byte = this.#representatives[byteClass]
    const isWord = byte !== undefined && isWordByte(byte)
    const matches = new Set<number>()
    const here = (place: Place): boolean => isAt(place, state, byte === undefined, isWord)
    const ready = this.#reach(state.steps, here, matches)
    const reached = byte === undefined ? [] : this.#read(ready, byte)
    // An expression may begin anywhere.
    if (byte !== undefined) reached.push(this.#start)
    const steps = this.#reach(reached, undefined, matches)
    const before = this.#states.length
    const to = this.#rowOf({ steps, isStart: false, isBehindWord: this.#seesWords && isWord, matches: [...matches] })
    // If all states were forgotten meanwhile, `from` is no more what it was.
    if (this.#states.length >= before) this.#keep(from, byteClass, matches.size === 0 ? to : -to)
    return to
  }

  #keep(from: number, byteClass: number, to: number): void {
    this.#next[from + byteClass] = to
    if (to !== from || byteClass === this.#width - 1) return
    // The first state that a byte does not lead out of is the one where nothing has begun.
    if (this.#restingRow === 0) this.#restingRow = from
    if (this.#restingRow !== from) return
    for (const [byte, its] of this.#classOf.entries()) if (its === byteClass) this.#rests[byte] = 1
  }

  #read(ready: readonly number[], byte: number): number[] {
    const reached: number[] = []
    for (const index of ready) {
      const step = this.#steps[index]
      if (step?.kind === 'bytes' && step.set[byte] === 1) reached.push(step.next)
    }
    return reached
  }

  /** All steps that are come to without reading; those that ask for the place stay until `here` can tell. */
  #reach(from: readonly number[], here: ((place: Place) => boolean) | undefined, matches: Set<number>): number[] {
    const reached = new Set<number>()
    const open = [...from]
    for (let index = open.pop(); index !== undefined; index = open.pop()) {
      if (reached.has(index)) continue
      reached.add(index)
      const step = this.#steps[index]
      if (step?.kind === 'branch') open.push(...step.to)
      else if (step?.kind === 'match') matches.add(step.index)
      else if (step?.kind === 'place' && here?.(step.place) === true) open.push(step.next)
    }
    return [...reached].filter((index) => this.#stays(index)).toSorted((a, b) => a - b)
  }

  #stays(index: number): boolean {
    const kind = this.#steps[index]?.kind
    return kind === 'bytes' || kind === 'place'
  }

  #rowOf(state: State): number {
    const key = `${state.isStart} ${state.isBehindWord} ${state.steps.join()} ${state.matches.join()}`
    const known = this.#byKey.get(key)
    if (known !== undefined) return known
    if (this.#states.length >= MAX_STATES) this.#forget()
    const index = this.#states.push(state) - 1
    const row = index * this.#width
    this.#byKey.set(key, row)
    if (row + this.#width > this.#next.length) {
      const grown = new Int32Array(Math.max(FIRST_STATES, index * 2) * this.#width)
      grown.set(this.#next)
      this.#next = grown
    }
    return row
  }

  #forget(): void {
    // State 0 is nobody's: UNKNOWN has its number.
    this.#states = [{ steps: [], isStart: false, isBehindWord: false, matches: [] }]
    this.#byKey = new Map()
    this.#startRow = 0
    this.#restingRow = 0
    this.#rests.fill(0)
    this.#next = new Int32Array(FIRST_STATES * this.#width)
  }
}

function isAt(place: Place, before: State, isEnd: boolean, isWord: boolean): boolean {
  switch (place) {
    case 'start':
      return before.isStart
    case 'end':
      return isEnd
    case 'word-start':
      return !before.isBehindWord && isWord
    case 'word-end':
      return before.isBehindWord && !isWord
    case 'word-edge':
      return before.isBehindWord !== isWord
    case 'no-word-edge':
      return before.isBehindWord === isWord
    default:
      return place satisfies never
  }
}

function byteClasses(
  steps: readonly Step[],
  seesWords: boolean,
): { readonly classOf: Uint8Array; readonly representatives: readonly number[] } {
  const sets = new Set(steps.flatMap((step) => (step.kind === 'bytes' ? [step.set] : [])))
  const classOf = new Uint8Array(BYTE_VALUES)
  for (const set of sets) split(classOf, (byte) => set[byte] === 1)
  if (seesWords) split(classOf, isWordByte)
  const representatives: number[] = []
  for (let byte = BYTE_VALUES - 1; byte >= 0; byte--) representatives[classOf[byte] ?? 0] = byte
  return { classOf, representatives }
}

/** Each class becomes two where some of its bytes are in a set and some are not. */
function split(classOf: Uint8Array, isIn: (byte: number) => boolean): void {
  const known = new Map<number, number>()
  for (let byte = 0; byte < BYTE_VALUES; byte++) {
    const key = (classOf[byte] ?? 0) * 2 + (isIn(byte) ? 1 : 0)
    const found = known.get(key) ?? known.size
    known.set(key, found)
    classOf[byte] = found
  }
}

/** Letters, digits and `_`. */
function isWordByte(byte: number): boolean {
  return (byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122) || byte === 95
}
