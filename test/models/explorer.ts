// Walks through every world that can be reached, breadth first, so that the first mistake found has a shortest way to it. Of a world
// that has been left only its key is kept.

import { injustice, isAtRest, lossAtRest, violation } from './explorer-rules.js'
import { transitionsOf } from './explorer-steps.js'
import { canonical, FAULTS, initialWorld, Keys, type Budget, type Fault, type World } from './explorer-world.js'

export interface Found {
  readonly states: number
  /** Undefined: all is well. */
  readonly fault: string | undefined
  /** How it came about. */
  readonly trace: readonly string[]
}

export interface Task {
  /** Blocks, over all senders. */
  readonly contents: number
  readonly faults: Partial<Record<Fault, number>>
  /** Disks may be slower than connections. */
  readonly isSlow?: boolean
  /** The receiver tells of credit alone at any moment. */
  readonly isTelling?: boolean
  /** It is a fault, too, when one end accuses the other. */
  readonly isJust?: boolean
}

export function budgetOf(faults: Partial<Record<Fault, number>>): Budget {
  const none = { crashS: 0, crashR: 0, cut: 0, wipeS: 0, cloneS: 0, rollS: 0, restR: 0, wipeR: 0 }
  return { ...none, ...faults } satisfies Record<(typeof FAULTS)[number], number>
}

export function explore(task: Task, maxStates = 3_000_000): Found {
  const initial = initialWorld(task.contents, budgetOf(task.faults), {
    isSlow: task.isSlow === true,
    isTelling: task.isTelling === true,
  })
  const walk = new Walk()
  const rest: number[] = []
  walk.reach(initial, -1, '', false)
  for (let id = 0; ; id++) {
    const world = walk.leave(id)
    if (world === undefined) break
    const isRest = isAtRest(world)
    const unjust = task.isJust === true ? injustice(world) : undefined
    const fault = unjust ?? violation(world, initial) ?? (isRest ? lossAtRest(world) : undefined)
    if (fault !== undefined) return walk.found(fault, id)
    if (isRest) rest.push(id)
    for (const { name, isFault, world: next } of transitionsOf(world)) walk.reach(canonical(next), id, name, isFault)
    if (walk.states > maxStates) return walk.found(`more than ${maxStates} states`, id)
  }
  const stuck = walk.firstWithoutWayTo(rest)
  return stuck === undefined ? walk.found(undefined, 0) : walk.found('L1: STUCK, no way to rest', stuck)
}

class Walk {
  readonly #keys = new Keys()
  readonly #ids = new Map<string, number>()
  readonly #worlds: (World | undefined)[] = []
  readonly #parents: number[] = []
  readonly #names: string[] = []
  /** Where each was reached from without a fault: pairs of from and to. */
  readonly #from: number[] = []
  readonly #to: number[] = []

  get states(): number {
    return this.#worlds.length
  }

  reach(world: World, from: number, name: string, isFault: boolean): void {
    const key = this.#keys.of(world)
    const known = this.#ids.get(key)
    const id = known ?? this.#worlds.length
    if (known === undefined) {
      this.#ids.set(key, id)
      this.#worlds.push(world)
      this.#parents.push(from)
      this.#names.push(name)
    }
    if (!isFault && from >= 0) {
      this.#from.push(from)
      this.#to.push(id)
    }
  }

  /** The world of that number, which is not kept any longer. */
  leave(id: number): World | undefined {
    const world = this.#worlds[id]
    if (world !== undefined) this.#worlds[id] = undefined
    return world
  }

  found(fault: string | undefined, id: number): Found {
    const trace: string[] = []
    for (let at = id; at > 0; at = this.#parents[at] ?? 0) trace.unshift(this.#names[at] ?? '')
    return { states: this.states, fault, trace }
  }

  /** L1: from every world there is a way to one of these without a further fault. */
  firstWithoutWayTo(goals: readonly number[]): number | undefined {
    // The edges into each world, as one list: those into `id` are from `starts[id]` to `starts[id + 1]`.
    const starts = new Int32Array(this.states + 2)
    for (const to of this.#to) starts[to + 2] = (starts[to + 2] ?? 0) + 1
    for (let id = 2; id < starts.length; id++) starts[id] = (starts[id] ?? 0) + (starts[id - 1] ?? 0)
    const into = new Int32Array(this.#from.length)
    for (const [edge, to] of this.#to.entries()) {
      const slot = starts[to + 1] ?? 0
      into[slot] = this.#from[edge] ?? 0
      starts[to + 1] = slot + 1
    }
    const reached = new Uint8Array(this.states)
    const queue = [...goals]
    for (const goal of goals) reached[goal] = 1
    for (const id of queue)
      for (const from of into.subarray(starts[id], starts[id + 1]))
        if (reached[from] === 0) {
          reached[from] = 1
          queue.push(from)
        }
    const stuck = reached.indexOf(0)
    return stuck < 0 ? undefined : stuck
  }
}
