// What the admin asks of single plugins, by the control socket: to stop, to start, to begin anew, to take records again. Each is
// told in the log and as a record of our own, as it changes what becomes of the evidence.

import { ControlError } from '../control/control-error.js'
import { until, type Clock } from './clock.js'
import type { Herald } from './herald.js'
import { toldState } from './plugin-past.js'
import type { PluginSet } from './plugin-set.js'
import type { Plugin } from './plugin.js'

/** An answer waits no longer for what was asked to be done; what has not come about by then is still under way. */
const WAIT_MS = 5000
const FIRST_LOOK_MS = 5

export interface AdminWorld {
  readonly herald: Herald
  readonly clock: Clock
  readonly plugins: PluginSet
  readonly isEnding: () => boolean
}

/** What has become of a plugin. */
export interface Outcome {
  readonly plugin: string
  readonly state: ReturnType<typeof toldState>
  readonly pid: number | null
  /** False: it was so already, and nothing was done. */
  readonly changed: boolean
  /** False: it is still on its way there. */
  readonly done: boolean
}

export class Admin {
  readonly #world: AdminWorld

  constructor(world: AdminWorld) {
    this.#world = world
  }

  /** Ends its process, and drops what comes for it, until it is started again or its drop-in is another one. */
  async stop(name: string): Promise<Outcome> {
    const plugin = this.#find(name)
    const { plugins } = this.#world
    const isOver = plugins.isHeld(plugin) || plugin.state.kind === 'failed'
    if (isOver) return this.#outcome(plugin, false, () => plugin.isAtRest)
    this.#tell('stop', name)
    plugins.stop(plugin)
    return this.#outcome(plugin, true, () => plugin.isAtRest)
  }

  /** Starts one that was stopped, has failed, or waits to be restarted. */
  async start(name: string): Promise<Outcome> {
    const plugin = this.#find(name)
    const { kind } = plugin.state
    if (kind === 'running' || kind === 'starting' || kind === 'greeting') {
      return this.#outcome(plugin, false, () => isSettled(plugin))
    }
    this.#tell('start', name)
    this.#world.plugins.start(plugin)
    return this.#outcome(plugin, true, () => isSettled(plugin))
  }

  /** Ends its process and starts the next; its queue stays. */
  async restart(name: string): Promise<Outcome> {
    const plugin = this.#find(name)
    const { restarts } = plugin.past
    this.#tell('restart', name)
    this.#world.plugins.restart(plugin)
    return this.#outcome(plugin, true, () => plugin.past.restarts !== restarts && isSettled(plugin))
  }

  /** Lets suspended queues take records again: all, or that of one plugin. Returns the names of their plugins. */
  resume(name: string | undefined): readonly string[] {
    const { plugins } = this.#world.plugins
    const suspended = (name === undefined ? plugins : [this.#find(name)]).filter(
      ({ queue }) => queue.flow === 'suspended',
    )
    for (const plugin of suspended) {
      this.#tell('resume', plugin.name)
      plugin.queue.resume()
    }
    return suspended.map((plugin) => plugin.name)
  }

  /** A reload is asked for. */
  tellReload(): void {
    this.#tell('reload', '')
  }

  #find(name: string): Plugin {
    const { plugins, isEnding } = this.#world
    if (isEnding()) throw new ControlError('state', 'audispd is ending', 'ask the daemon that comes after it')
    const plugin = plugins.find(name)
    if (plugin !== undefined) return plugin
    if (plugins.invalid.some((each) => each.name === name)) {
      throw new ControlError('state', `the drop-in of '${name}' has mistakes`, 'mend it, then: audispctl reload')
    }
    throw noSuchPlugin(name)
  }

  async #outcome(plugin: Plugin, changed: boolean, isDone: () => boolean): Promise<Outcome> {
    const done = await until(this.#world.clock, isDone, FIRST_LOOK_MS, WAIT_MS)
    return { plugin: plugin.name, state: toldState(plugin.state), pid: plugin.pid ?? null, changed, done }
  }

  #tell(verb: string, plugin: string): void {
    const { herald } = this.#world
    const about = plugin === '' ? {} : { plugin }
    herald.log.info({ verb, ...about }, 'asked by the admin')
    herald.publish({ op: 'control', fields: { verb, ...about }, success: true })
  }
}

/** There is none of that name; it may have a drop-in that is not active. */
export function noSuchPlugin(name: string): ControlError {
  const mend = `audispctl status lists them; one with active = no: audispctl enable ${name}`
  return new ControlError('no-such-plugin', `no active plugin is called '${name}'`, mend)
}

/** It works, or does not and waits for its time. */
function isSettled({ state }: Plugin): boolean {
  return state.kind === 'running' || state.kind === 'backoff' || state.kind === 'failed'
}
