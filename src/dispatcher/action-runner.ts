// Runs what the admin has defined as actions, for whichever plugin asks and may. One of a name runs at a time, for all plugins
// together, and so many in a minute.
//
// The daemon's end waits for no action: auditd may leave us a few milliseconds. What still runs then is killed, since there
// would be nobody to hold it to its timeout, or to tell what came of it.

import type { ActionDefinition } from './action-definition.js'
import { judgeArguments, type Refusal } from './action-arguments.js'
import { ActionProcess, type ActionOutcome, type StartBare } from './action-process.js'
import type { Clock } from './clock.js'
import { findOwner, type Owner } from './owner.js'

const MINUTE_MS = 60_000
const CLOSED = 'the daemon ends'

export interface ActionWorld {
  readonly clock: Clock
  readonly start: StartBare
  /** What is wrong with a program now, which may be another than when the configuration was read; empty if nothing is. */
  readonly programDoubt: (path: string) => string
  /** Runs `single` and `halt`. */
  readonly changeRunlevel: (to: 'single' | 'halt') => void
}

/** What becomes of a request: it is refused, or it fails, or it runs and then fails or is done. */
export type ActionEvent =
  | ({ readonly kind: 'refused' } & Refusal)
  /** `exe`: the program; '' for what is built in. */
  | { readonly kind: 'runs'; readonly exe: string }
  | ({ readonly kind: 'ended' } & ActionOutcome)

export type ActionListener = (event: ActionEvent) => void

/** What of one name is still of interest. */
interface Past {
  startsMs: readonly number[]
  current: ActionProcess | 'unborn' | undefined
}

export class ActionRunner {
  readonly #world: ActionWorld
  readonly #pasts = new Map<string, Past>()
  #actions: ReadonlyMap<string, ActionDefinition> = new Map()
  #isClosed = false

  constructor(world: ActionWorld) {
    this.#world = world
  }

  /** What can be run from now on; what runs already goes on. */
  define(actions: ReadonlyMap<string, ActionDefinition>): void {
    this.#actions = actions
    for (const [name, past] of this.#pasts) {
      if (!actions.has(name) && past.current === undefined) this.#pasts.delete(name)
    }
  }

  /** Runs the action `name`. The listener is told what comes of it, at once or later; `refused` and `ended` are the last. */
  run(name: string, args: readonly Buffer[], listener: ActionListener): void {
    if (name === 'single' || name === 'halt') return this.#changeRunlevel(name, args, listener)
    const action = this.#actions.get(name)
    const checked = action === undefined ? undefined : judgeArguments(args, action.accept)
    if (action === undefined || checked === undefined) {
      listener({ kind: 'refused', code: 'bad-arguments', reason: 'there is no action of this name' })
      return
    }
    if ('code' in checked) return listener({ kind: 'refused', ...checked })
    const past = this.#pasts.get(name) ?? { startsMs: [], current: undefined }
    const refusal = this.#refusalNow(action, past)
    if (refusal !== undefined) return listener({ kind: 'refused', ...refusal })
    past.startsMs = [...past.startsMs, this.#world.clock.nowMs()]
    past.current = 'unborn'
    this.#pasts.set(name, past)
    void this.#start(action, checked, past, listener)
  }

  /** Kills what runs, and runs nothing any more. */
  close(): void {
    this.#isClosed = true
    for (const { current } of this.#pasts.values()) if (current instanceof ActionProcess) current.end(CLOSED)
  }

  #changeRunlevel(to: 'single' | 'halt', args: readonly Buffer[], listener: ActionListener): void {
    if (args.length > 0) {
      return listener({ kind: 'refused', code: 'bad-arguments', reason: 'this action takes no arguments' })
    }
    // Told first: of what comes afterwards nobody may hear any more.
    listener({ kind: 'runs', exe: '' })
    this.#world.changeRunlevel(to)
    listener({ kind: 'ended', failure: '', exit: undefined, stderr: [] })
  }

  #refusalNow({ perMinute }: ActionDefinition, past: Past): Refusal | undefined {
    if (this.#isClosed) return { code: 'failed', reason: CLOSED }
    if (past.current !== undefined) return { code: 'busy', reason: 'this action is running already' }
    const sinceMs = this.#world.clock.nowMs() - MINUTE_MS
    past.startsMs = past.startsMs.filter((startMs) => startMs > sinceMs)
    if (past.startsMs.length < perMinute) return undefined
    return { code: 'busy', reason: `this action runs at most ${perMinute} times a minute` }
  }

  async #start(action: ActionDefinition, args: readonly string[], past: Past, listener: ActionListener): Promise<void> {
    const owner = await ownerOrWhyNot(action.user)
    const doubt = this.#isClosed ? CLOSED : this.#world.programDoubt(action.path)
    const failure = typeof owner === 'string' ? owner : doubt
    if (typeof owner === 'string' || failure !== '') {
      past.current = undefined
      return listener({ kind: 'ended', failure, exit: undefined, stderr: [] })
    }
    listener({ kind: 'runs', exe: action.path })
    const program = { path: action.path, args: [...action.args, ...args], env: {}, owner }
    past.current = new ActionProcess(
      program,
      action.timeoutMs,
      this.#world,
      () => {
        past.current = undefined
      },
      (outcome) => {
        listener({ kind: 'ended', ...outcome })
      },
    )
  }
}

async function ownerOrWhyNot(user: string): Promise<Owner | string | undefined> {
  try {
    return await findOwner(user, '')
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
