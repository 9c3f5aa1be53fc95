// Every order in which a few records, their loss, acknowledgements, deaths, pauses and restarts can come, as far as the queue
// can tell them apart: each state that can be reached is reached, by the real queue, with all that is promised checked on the
// way, and from each of them everything comes to a good end.

import assert from 'node:assert/strict'
import { SegmentPool, type Segment } from '../../src/dispatcher/segment.js'
import type { QueueLimits } from '../../src/dispatcher/settings.js'
import { ProtocolQueueReader } from './protocol-queue-reader.js'

export interface Scope {
  readonly limits: QueueLimits
  readonly window: number
  /** Seqs that are given away. */
  readonly seqs: number
  readonly actions: readonly (readonly [name: string, action: Action])[]
}

/** Does something if it can be done now; false if it cannot. */
type Action = (world: World) => boolean

/** A state and the way to it, and what has not been done there yet. */
interface State {
  readonly path: readonly Action[]
  readonly untried: Scope['actions'][number][]
}

const HALF = 20
/** A long way is a dear one to come back by. */
const LONGEST_WALK = 12

/** The records, written once: what differs between states is how far a queue has come with them. */
const RECORDS = writeRecords(new SegmentPool(), 6)

class World {
  readonly reader: ProtocolQueueReader
  readonly scope: Scope
  #seq = 0
  readonly #special = new Set<string>()

  constructor(scope: Scope) {
    this.scope = scope
    this.reader = new ProtocolQueueReader(new SegmentPool(), scope.limits, false)
  }

  get key(): string {
    return [this.reader.model.key, this.reader.stage, this.#seq, ...this.#special].join('|')
  }

  /** A run of so many records comes. */
  offer(count: number): boolean {
    const first = this.#seq + 1
    if (this.#seq + count > this.scope.seqs) return false
    this.#seq += count
    const { queue, model, memory } = this.reader
    const records = RECORDS.lines.slice(first - 1, this.#seq).map((line, at) => {
      memory.offered.set(first + at, line)
      return { kind: 'record' as const, seq: first + at, line, at: -1 }
    })
    queue.ledger.in += count
    model.ledger.in += count
    const [from = 0, to = 0] = [RECORDS.ends[first - 1], RECORDS.ends[this.#seq]]
    queue.offer(RECORDS.segment, from, to, count, false, first, this.#seq)
    this.reader.offered(records, false)
    return true
  }

  /** Something that has a seq and is no record; once. */
  special(kind: 'too-long' | 'gap'): boolean {
    if (this.#seq === this.scope.seqs || this.#special.has(kind)) return false
    this.#special.add(kind)
    const seq = ++this.#seq
    const { queue, model, memory } = this.reader
    if (kind === 'gap') {
      queue.noteGap(seq)
      model.noteGap(seq)
      return true
    }
    memory.offered.set(seq, Buffer.alloc(0))
    queue.ledger.in++
    model.ledger.in++
    queue.dropTooLong(seq)
    model.tooLong(seq)
    return true
  }
}

const OFFERS: Scope['actions'] = [
  ['offer', (world) => world.offer(1)],
  ['offer two', (world) => world.offer(2)],
]
const SPECIALS: Scope['actions'] = [
  ['too long', (world) => world.special('too-long')],
  ['gap', (world) => world.special('gap')],
]
const STARTS: Scope['actions'] = [
  ['start with ack', ({ reader, scope }) => start(reader, true, scope.window)],
  ['start without', ({ reader, scope }) => start(reader, false, scope.window)],
  ['start with half of it', ({ reader, scope }) => reader.queue.sentSeq > 0 && start(reader, true, scope.window, 0.5)],
  ['start with all of it', ({ reader, scope }) => reader.queue.sentSeq > 0 && start(reader, true, scope.window, 1)],
]
const WRITES: Scope['actions'] = [
  ['write', ({ reader }) => reader.stage !== undefined && write(reader, Infinity)],
  ['write half', ({ reader }) => reader.stage !== undefined && reader.model.partial === 0 && write(reader, HALF)],
]
const ACKS: Scope['actions'] = [
  ['ack one', ({ reader }) => reader.stage === 'acks' && ack(reader, 0)],
  ['ack all', ({ reader }) => reader.stage === 'acks' && ack(reader, 1)],
]
const DEATHS: Scope['actions'] = [
  ['die, all read', ({ reader }) => leave(reader, () => 0, true)],
  ['die, nothing read', ({ reader }) => leave(reader, ({ model }) => model.written, true)],
  ['die in the middle of the last', ({ reader }) => leave(reader, ({ model }) => Math.min(HALF, model.written), true)],
  ['stop, all read', ({ reader }) => leave(reader, () => 0, false)],
]
const PAUSES: Scope['actions'] = [
  ['pause', ({ reader }) => setPaused(reader, true)],
  ['go on', ({ reader }) => setPaused(reader, false)],
]
const SHUTS: Scope['actions'] = [
  [
    'shut',
    ({ reader }) => {
      if (reader.model.flow !== 'shut') reader.shut('failed')
      return reader.model.flow === 'shut'
    },
  ],
  [
    'reopen',
    ({ reader }) => {
      if (reader.model.flow !== 'shut') return false
      assert.equal(reader.queue.reopen(), reader.model.reopen())
      return true
    },
  ],
  [
    'resume',
    ({ reader }) => {
      reader.queue.resume()
      reader.model.resume()
      return true
    },
  ],
]
const DELIVERY = [...OFFERS, ...STARTS, ...WRITES, ...ACKS, ...DEATHS]
const SPARSE = DELIVERY.filter(([name]) => name !== 'offer two' && name !== 'start with half of it')

const BYTES = 1e6
const ROOMY = { depth: 4, bytes: BYTES, overflow: 'block' } as const

/** What is explored: in all of it are 16,000 states. */
export const SCOPES: readonly Scope[] = [
  { limits: ROOMY, window: 1, seqs: 3, actions: DELIVERY },
  { limits: ROOMY, window: 2, seqs: 3, actions: [...DELIVERY, ...PAUSES] },
  { limits: { depth: 2, bytes: BYTES, overflow: 'drop-newest' }, window: 2, seqs: 3, actions: DELIVERY },
  { limits: { depth: 1, bytes: BYTES, overflow: 'drop-oldest' }, window: 2, seqs: 3, actions: SPARSE },
  {
    limits: { depth: 2, bytes: BYTES, overflow: 'drop-oldest' },
    window: 2,
    seqs: 2,
    actions: [...DELIVERY, ...SPECIALS],
  },
  { limits: { depth: 1, bytes: BYTES, overflow: 'suspend' }, window: 1, seqs: 2, actions: [...SPARSE, ...SHUTS] },
]

export function nameOf({ limits: { overflow, depth }, seqs, window }: Scope): string {
  return `${overflow} at ${depth}, ${seqs} seqs, window ${window}`
}

function start(reader: ProtocolQueueReader, acks: boolean, window: number, fromShare?: number): boolean {
  if (reader.stage !== undefined) return false
  reader.start({ acks, window, fromShare, isStillborn: false })
  return true
}

function write(reader: ProtocolQueueReader, most: number): boolean {
  reader.write(most)
  return true
}

function ack(reader: ProtocolQueueReader, share: number): boolean {
  if (reader.queue.sentSeq === reader.queue.ackedSeq) return false
  reader.ack(share)
  return true
}

function leave(
  reader: ProtocolQueueReader,
  unread: (reader: ProtocolQueueReader) => number,
  isCrash: boolean,
): boolean {
  if (reader.stage === undefined) return false
  reader.leave(unread(reader), isCrash)
  return true
}

function setPaused(reader: ProtocolQueueReader, isPaused: boolean): boolean {
  if (reader.stage !== 'acks' && reader.stage !== 'reads') return false
  reader.queue.setPaused(isPaused)
  reader.model.setPaused(isPaused)
  return true
}

/** Visits every state that can be reached, and goes every way from each; returns how many states there are. */
export function explore(scope: Scope): number {
  const states = new Map<string, State>()
  const visit = (world: World, path: readonly Action[]): State => {
    const { key } = world
    const known = states.get(key)
    if (known !== undefined) return known
    const state = { path, untried: [...scope.actions] }
    states.set(key, state)
    comesToAnEnd(scope, path, states.size)
    return state
  }
  visit(new World(scope), [])
  // A map is gone through with what is added to it on the way.
  for (const state of states.values()) while (state.untried.length > 0) walk(scope, state, visit)
  return states.size
}

/** Goes on from a state, by ways that have not been gone, as far as there are such. */
function walk(scope: Scope, from: State, visit: (world: World, path: readonly Action[]) => State): void {
  const world = replayed(scope, from.path)
  let { path } = from
  let state = from
  for (let steps = 0; steps < LONGEST_WALK; steps++) {
    const way = state.untried.pop()
    if (way === undefined) return
    const [name, action] = way
    try {
      if (!action(world)) continue
      world.reader.check()
      path = [...path, action]
      state = visit(world, path)
    } catch (error) {
      const names = path.map((each) => scope.actions.find(([, known]) => known === each)?.[0])
      throw new Error([...names, name].join(', '), { cause: error })
    }
  }
}

function replayed(scope: Scope, path: readonly Action[]): World {
  const world = new World(scope)
  for (const action of path) action(world)
  return world
}

/** With the process at hand, a new one, or one that does not acknowledge: all that was offered is got, or told to be lost. */
function comesToAnEnd(scope: Scope, path: readonly Action[], turn: number): void {
  const world = replayed(scope, path)
  if (world.reader.stage === 'acks') setPaused(world.reader, false)
  world.reader.finish(true, false)
  replayed(scope, path).reader.finish(turn % 2 === 0)
}

function writeRecords(pool: SegmentPool, count: number): { segment: Segment; lines: Buffer[]; ends: number[] } {
  const segment = pool.take()
  segment.hold()
  const ends = [0]
  const lines = Array.from({ length: count }, (_, index) =>
    Buffer.from(`RECORD ${index + 1} type=EOE msg=audit(1.000:1): \n`),
  )
  for (const line of lines) {
    segment.used += line.copy(segment.bytes, segment.used)
    ends.push(segment.used)
  }
  return { segment, lines, ends }
}
