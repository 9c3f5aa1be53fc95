// The plugins that there are, and what a reload does to them. A plugin's queue is part of the fan-out from the moment the
// plugin is added until it is removed, whether its process runs or not.

import { EVERYTHING, type Selector } from '../protocol/selector.js'
import type { DropIn } from './drop-in.js'
import type { FanOut, Outlet } from './fan-out.js'
import { isLeaving } from './plugin-life.js'
import { Plugin } from './plugin.js'
import type { PluginWorld } from './plugin-world.js'
import type { Change, InvalidDropIn, Known } from './reload-plan.js'
import type { Hold } from './settlement.js'

interface Member {
  readonly plugin: Plugin
  readonly fingerprint: string
}

export class PluginSet {
  readonly #fanOut: FanOut
  readonly #world: PluginWorld
  readonly #members = new Map<string, Member>()
  #invalid: readonly InvalidDropIn[] = []
  /** Plugins that get nothing any more, whose processes still end. */
  readonly #leaving = new Set<Plugin>()
  /** Plugins that collect already and start when those of their name have left: two generations never run together. */
  readonly #heirs = new Set<Plugin>()
  /** Until open() nobody starts. */
  #isOpen = false
  #plugins: readonly Plugin[] = []

  constructor(fanOut: FanOut, world: Omit<PluginWorld, 'onSelected' | 'join' | 'holds' | 'received'>) {
    this.#fanOut = fanOut
    this.#world = {
      ...world,
      onSelected: (plugin) => {
        this.#select(plugin)
      },
      join: (plugin, lines, records) => this.#join(plugin, lines, records),
      holds: (plugin, seq) => this.#holds(plugin, seq),
      received: new Map(),
    }
  }

  /** Every plugin that gets records. */
  get plugins(): readonly Plugin[] {
    return this.#plugins
  }

  /** Those and the ones whose processes still end. */
  get everyone(): Plugin[] {
    return [...this.plugins, ...this.#leaving]
  }

  /** Who may finish now: first the plugins that only send, then those that do both, and when no more can come the rest. */
  get finishing(): readonly Plugin[] {
    for (const direction of ['in', 'both'] as const) {
      const busy = this.everyone.filter((plugin) => plugin.dropIn.direction === direction && !plugin.isAtRest)
      if (busy.length > 0) return busy
    }
    return this.everyone
  }

  get known(): ReadonlyMap<string, Known> {
    const known = new Map<string, Known>()
    for (const { name } of this.#invalid) known.set(name, { kind: 'invalid' })
    for (const [name, { fingerprint }] of this.#members) known.set(name, { kind: 'active', fingerprint })
    return known
  }

  /** Nothing of an earlier daemon is in the way any more: whoever waits starts. */
  open(): void {
    this.#isOpen = true
    for (const heir of this.#heirs) this.#startIfFree(heir)
  }

  /** `changes`: everything that the directories come to, or at the end nothing. */
  apply(changes: readonly Change[]): void {
    for (const change of changes) this.#carryOut(change)
    this.#invalid = changes.filter((change) => change.change === 'invalid')
    this.#plugins = [...this.#members.values()].map(({ plugin }) => plugin)
  }

  /** Drop-ins that cannot be used. */
  get invalid(): readonly InvalidDropIn[] {
    return this.#invalid
  }

  /** The plugin of this name that gets records. */
  find(name: string): Plugin | undefined {
    return this.#members.get(name)?.plugin
  }

  /** It was stopped by hand, and stays so until it is started again or its drop-in is another one. */
  isHeld(plugin: Plugin): boolean {
    const isStopped = plugin.state.kind === 'stopped' || isLeaving(plugin.state)
    return isStopped && !this.#heirs.has(plugin) && !this.#leaving.has(plugin) && !this.#world.isEnding()
  }

  /** Starts one that rests, or has its waiting end: it has been asked for by hand. */
  start(plugin: Plugin): void {
    this.#heirs.add(plugin)
    this.#startIfFree(plugin)
  }

  /** Ends its process and starts the next. */
  restart(plugin: Plugin): void {
    if (plugin.isAtRest) this.start(plugin)
    else plugin.restart()
  }

  #carryOut(change: Change): void {
    switch (change.change) {
      case 'kept':
        return this.#members.get(change.name)?.plugin.reloaded(change.dropIn)
      case 'started':
        return this.#add(change.dropIn, change.fingerprint)
      case 'restarted':
        return this.#restart(change.dropIn, change.fingerprint)
      case 'stopped':
        return this.#remove(change.name, 'stopped')
      case 'invalid':
        return this.#remove(change.name, 'invalid')
      default:
        change satisfies never
    }
  }

  /** No process runs, and none is still to start. */
  get isAtRest(): boolean {
    return this.#heirs.size === 0 && this.everyone.every((plugin) => plugin.isAtRest)
  }

  /** The daemon ends: every process is to end, and whoever waits to start does not, whatever waits for it. */
  stopAll(): void {
    for (const plugin of this.everyone) this.stop(plugin)
  }

  /** Ends one plugin's process, or its waiting to start. */
  stop(plugin: Plugin): void {
    if (this.#heirs.delete(plugin)) plugin.abandon()
    else plugin.stop()
  }

  /** A plugin's state has changed: one that left is let go, and its heir starts. */
  settle(plugin: Plugin): void {
    if (!plugin.isAtRest || !this.#leaving.delete(plugin)) return
    plugin.close()
    const heir = this.#members.get(plugin.name)?.plugin
    if (heir !== undefined && this.#heirs.has(heir)) this.#startIfFree(heir)
  }

  /** Records that a plugin has sent, as whole lines. They are offered at once: who took them is what their settlement waits for. */
  #join(plugin: Plugin, lines: Buffer, records: number): number {
    const first = this.#fanOut.seq + 1
    this.#fanOut.lines(lines, 0, lines.length, records, plugin.name)
    this.#fanOut.offer()
    return first
  }

  /** Gives those whose loss is over the record about its beginning. */
  payOwed(): void {
    for (const plugin of this.#plugins) {
      const owed = plugin.takeOwed()
      if (owed.length > 0) this.#fanOut.publishAlone(plugin.queue, owed)
    }
  }

  /** Those who took any record from `seq` on and acknowledge, but for `plugin`. */
  #holds(plugin: Plugin, seq: number): readonly Hold[] {
    return this.everyone.flatMap((each) => (each === plugin ? [] : (each.holdOf(seq) ?? [])))
  }

  /** The plugin has chosen what it gets. */
  #select(plugin: Plugin): void {
    this.#fanOut.select(plugin.queue, wantedBy(plugin))
  }

  #add(dropIn: DropIn, fingerprint: string): void {
    const plugin = new Plugin(dropIn, this.#world)
    this.#members.set(dropIn.name, { plugin, fingerprint })
    this.#listenIn(plugin)
    this.#heirs.add(plugin)
    this.#startIfFree(plugin)
  }

  /** A plugin that only sends gets nothing. */
  #listenIn(plugin: Plugin): void {
    if (plugin.dropIn.direction !== 'in') this.#fanOut.add(outletOf(plugin))
  }

  /** Starts a plugin that waits, unless one of its name is still there. */
  #startIfFree(heir: Plugin): void {
    if (!this.#isOpen || this.#isLeaving(heir.name)) return
    this.#heirs.delete(heir)
    heir.start()
  }

  #restart(dropIn: DropIn, fingerprint: string): void {
    const member = this.#members.get(dropIn.name)
    if (member === undefined) return
    const { plugin } = member
    if (plugin.dropIn.format !== dropIn.format || plugin.dropIn.direction !== dropIn.direction) {
      // What waits is in the old format and goes with the old plugin; the new one collects from now on.
      this.#remove(dropIn.name, 'stopped')
      return this.#add(dropIn, fingerprint)
    }
    this.#members.set(dropIn.name, { plugin, fingerprint })
    this.#fanOut.remove(plugin.queue)
    plugin.adopt(dropIn)
    if (!this.#heirs.has(plugin)) this.restart(plugin)
    this.#listenIn(plugin)
  }

  #remove(name: string, after: 'stopped' | 'invalid'): void {
    const member = this.#members.get(name)
    if (member === undefined) return
    const { plugin } = member
    this.#members.delete(name)
    this.#heirs.delete(plugin)
    this.#fanOut.remove(plugin.queue)
    this.#leaving.add(plugin)
    plugin.stop(after)
    this.settle(plugin)
  }

  #isLeaving(name: string): boolean {
    return [...this.#leaving].some((plugin) => plugin.name === name)
  }
}

function outletOf(plugin: Plugin): Outlet {
  // Whoever only gets records is no source, whatever it is called.
  const name = plugin.dropIn.direction === 'out' ? '' : plugin.name
  return { queue: plugin.queue, selector: wantedBy(plugin), name }
}

/** Undefined is everything. */
function wantedBy({ selector }: Plugin): Selector | undefined {
  return selector === EVERYTHING ? undefined : selector
}
