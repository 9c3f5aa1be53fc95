// The daemon's main room: records come in, plugins get them, reloads change which, and the end lets everybody finish. What
// is written to a plugin, when it is started, what a reload changes is decided elsewhere; this holds it together.
//
// One turn: a read is parsed, its records formatted and offered to all queues, own records added, then every plugin is
// written to as far as it takes it. So when a queue is empty and its plugin keeps up, a record has left before the turn ends.

import { StreamReader } from '../protocol/stream.js'
import { Admin } from './admin.js'
import { changesText, tellChanges } from './change-voice.js'
import { dispatcherStatus, type DispatcherStatus } from './daemon-report.js'
import type { DropInReport } from './drop-in-dir.js'
import type { DispatcherOptions, DispatcherWorld } from './dispatcher-world.js'
import { FanOut } from './fan-out.js'
import { InputGate } from './input-gate.js'
import { openInput, type Input } from './input.js'
import { Inputs } from './inputs.js'
import { later } from './later.js'
import { Naming } from './naming.js'
import { PluginSet } from './plugin-set.js'
import type { Plugin } from './plugin.js'
import { planReload, type Change } from './reload-plan.js'
import type { Settings } from './settings.js'
import { statsText, tellLedgers } from './state-report.js'
import { SerialWatch } from './serial-watch.js'
import { sinkInto } from './stream-sink.js'
import { Taps } from './taps.js'
import { Troubles } from './troubles.js'

const STDIN = 0
const CHECK_PROGRESS_MS = 5000
const EXIT_DONE = 0
const EXIT_UNREADABLE = 65
const EXIT_SYSTEM = 71

/**
 * How far the daemon is from its end. `leaving`: asked to stop, still reading until the input ends or the time is up.
 * `draining`: the input has ended and queues are being emptied. `stopping`: plugins are stopped, whatever waits.
 */
type Phase = 'running' | 'leaving' | 'draining' | 'stopping' | 'ended'

export class Dispatcher {
  readonly #options: DispatcherOptions
  readonly #world: DispatcherWorld
  readonly #fanOut: FanOut
  readonly #plugins: PluginSet
  readonly #reader: StreamReader
  readonly #troubles: Troubles
  readonly #inputs: Inputs
  readonly #naming: Naming
  readonly #serials: SerialWatch
  /** What is asked by hand. */
  readonly admin: Admin
  /** Who listens in. */
  readonly taps: Taps
  #settings: Settings
  #phase: Phase = 'running'
  /** How often it was asked to stop. */
  #requests = 0
  #exitStatus = EXIT_DONE
  #input: Input | undefined
  /** When something was read last. */
  #readMs: number | undefined
  #cancelDeadline: (() => void) | undefined
  #cancelCheck: () => void = () => {}

  constructor(options: DispatcherOptions, world: DispatcherWorld) {
    this.#options = options
    this.#settings = options.settings
    this.#world = world
    this.#fanOut = new FanOut(world.pool)
    this.#troubles = new Troubles(world.herald.log, world.clock)
    this.#naming = new Naming(world.herald.log, (node) => {
      this.#fanOut.setNode(node)
      world.herald.setNode(node)
    })
    this.#plugins = new PluginSet(this.#fanOut, {
      ...world,
      isEnding: () => this.isEnding,
      onChange: (plugin) => this.#changed(plugin),
      onHeard: () => this.turn(),
      // Several plugins acknowledge at a time, and all that follows from it is done once.
      onAnswered: later(() => this.turn()),
      hello: () => ({ run: world.run, next: this.#fanOut.seq + 1, node: this.#naming.node }),
      stats: (name) => statsText(this.#reader, this.#fanOut.seq, this.#plugins.plugins, name),
    })
    const { herald, clock } = world
    this.admin = new Admin({ herald, clock, plugins: this.#plugins, isEnding: () => this.isEnding })
    this.taps = new Taps(this.#fanOut, clock)
    this.#inputs = new Inputs(
      world.clock,
      () => this.#plugins.everyone,
      () => this.#input,
    )
    this.#serials = new SerialWatch(clock)
    const force = options.input === 'auto' || options.input === 'none' ? {} : { force: options.input }
    this.#reader = new StreamReader(sinkInto(this.#fanOut, this.#serials, this.#troubles), force)
  }

  /** Reads from the first moment, as auditd's socket holds only some 200 records; plugins start when nothing is in their way. */
  async start(reports: readonly DropInReport[]): Promise<void> {
    const { herald } = this.#world
    herald.log.info({ pid: process.pid, configuration: this.#options.place.settingsFile }, 'audispd started')
    herald.setOn(this.#settings.selfEvents)
    this.#carryOut(this.#settings, planReload(this.#plugins.known, reports))
    const gate = this.#openGate()
    this.#checkProgressLater()
    await this.#naming.find(this.#settings)
    herald.publish({ op: 'dispatcher-start', fields: {}, success: true })
    gate.open()
    await this.#world.endOrphans()
    this.#plugins.open()
  }

  /** From the moment it is asked to stop, or its input has ended. */
  get isEnding(): boolean {
    return this.#phase !== 'running'
  }

  /** Returns what it has changed. */
  async reload(settings: Settings, reports: readonly DropInReport[]): Promise<readonly Change[]> {
    this.#settings = settings
    await this.#naming.find(this.#settings)
    // Whoever was started now would be stopped at once, or by nobody.
    if (this.isEnding) return []
    // Compared only now: the start may have waited for its name as well.
    const changes = planReload(this.#plugins.known, reports)
    this.#carryOut(settings, changes)
    this.#world.herald.publish({ op: 'dispatcher-reload', fields: { plugins: changesText(changes) }, success: true })
    return changes
  }

  /** What a reload would change. */
  planReload(reports: readonly DropInReport[]): readonly Change[] {
    return planReload(this.#plugins.known, reports)
  }

  /** How everything is, or of the plugins the one of that name alone. Throws ControlError. */
  status(name: string | undefined, wallMs: number): DispatcherStatus {
    const { run, clock } = this.#world
    const phase = this.#phase === 'ended' ? 'stopping' : this.#phase
    const { settingsFile: configuration } = this.#options.place
    const { node } = this.#naming
    const own = { phase, run, configuration, node, seq: this.#fanOut.seq, serials: this.#serials.view() } as const
    const { isDoorShut: isShut } = this.#inputs
    const door = { reader: this.#reader, isShut, lastMs: this.#readMs, fault: this.#troubles.fault }
    return dispatcherStatus(own, door, this.#plugins, name, { nowMs: clock.nowMs(), wallMs })
  }

  #carryOut(settings: Settings, changes: readonly Change[]): void {
    this.#world.runner.define(settings.actions)
    this.#world.herald.setOn(settings.selfEvents)
    tellChanges(this.#world.herald.log, changes)
    this.#plugins.apply(changes)
    if (this.#plugins.plugins.length === 0) {
      this.#world.herald.log.warn('no drop-in is active: records are read and go nowhere')
    }
    const plugins = Object.fromEntries(this.#plugins.known)
    const problem = this.#world.runDir.saveState({ configuration: this.#options.place.settingsFile, plugins })
    if (problem !== '') this.#world.onRunDirProblem(problem)
  }

  /** Writes the ledger to the log. */
  tellLedger(): void {
    tellLedgers(this.#world.herald.log, this.#reader, this.#plugins.plugins)
  }

  /** Asked to stop. A second time: at once. The end of input is no request: auditd brings it together with its SIGTERM. */
  leave(why: string): void {
    const { log } = this.#world.herald
    if (++this.#requests === 1 && this.#phase !== 'running') {
      log.info({ why }, 'asked to stop; the input has ended already, letting plugins finish')
      return
    }
    if (this.#requests > 1) {
      log.warn({ why }, 'asked again to stop; not waiting any longer')
      this.#stopNow()
      for (const plugin of this.#plugins.everyone) plugin.hurry()
      return
    }
    this.#phase = 'leaving'
    log.info({ why, waitMs: this.#settings.drainTimeoutMs }, 'asked to stop; reading on until the input ends')
    this.#setDeadline()
    if (this.#options.input === 'none') this.#inputEnded('')
  }

  #openGate(): InputGate {
    const gate = new InputGate(
      (chunk) => this.#read(chunk),
      (error) => this.#inputEnded(error),
    )
    if (this.#options.input !== 'none') this.#input = openInput(STDIN, gate.take, gate.end)
    return gate
  }

  #read(chunk: Buffer): void {
    if (this.#phase !== 'running' && this.#phase !== 'leaving') return
    this.#readMs = this.#world.clock.nowMs()
    if (this.#reader.push(chunk) === 'gave-up') {
      this.#exitStatus = EXIT_UNREADABLE
      this.#input?.close()
      this.#inputEnded('')
      return
    }
    this.turn()
  }

  /** Hands on what has come in since the last turn. */
  turn(): void {
    this.#fanOut.offer()
    this.#plugins.payOwed()
    for (const line of this.#world.herald.take()) this.#fanOut.publish(line)
    for (const plugin of this.#plugins.plugins) plugin.pump()
    this.#inputs.mind()
    this.taps.turn()
    if (this.#phase !== 'draining') return
    this.#letFinishedGo()
    this.#endIfDone()
  }

  #inputEnded(error: string): void {
    if (this.#phase !== 'running' && this.#phase !== 'leaving') return
    const { herald } = this.#world
    this.#reader.end()
    const { bytes, frames, lines } = this.#reader.counters
    if (bytes > 0 && frames + lines === 0) this.#exitStatus = EXIT_UNREADABLE
    if (error !== '') {
      this.#exitStatus = EXIT_SYSTEM
      herald.log.error({ error }, 'stdin cannot be read any further')
    }
    herald.log.info({ waitMs: this.#settings.drainTimeoutMs }, 'input has ended; letting plugins finish')
    herald.publish({ op: 'dispatcher-stop', fields: {}, success: true })
    this.#phase = 'draining'
    this.turn()
    this.#setDeadline()
    this.#letFinishedGo()
    this.#endIfDone()
  }

  /** The input has ended: whoever has been given everything is stopped. */
  #letFinishedGo(): void {
    if (this.#phase !== 'draining' || this.#world.herald.hasPending) return
    for (const plugin of this.#plugins.finishing) {
      if (plugin.queue.isEmpty && plugin.state.kind !== 'stopping') this.#plugins.stop(plugin)
    }
  }

  #setDeadline(): void {
    this.#cancelDeadline ??= this.#world.clock.after(this.#settings.drainTimeoutMs, () => this.#stopNow())
  }

  #stopNow(): void {
    if (this.#phase === 'stopping' || this.#phase === 'ended') return
    const waiting = this.#plugins.plugins.filter(({ queue }) => !queue.isEmpty).map(({ name }) => name)
    const { log } = this.#world.herald
    if (waiting.length > 0) log.warn({ plugins: waiting }, 'time is up; what still waits for these plugins is dropped')
    this.#input?.close()
    this.#phase = 'stopping'
    this.#plugins.stopAll()
    this.#endIfDone()
  }

  /** Something about this plugin has changed: its state, or the room in its queue. */
  #changed(plugin: Plugin): void {
    this.#plugins.settle(plugin)
    this.#inputs.mind()
    if (this.#phase === 'running' || this.#phase === 'leaving') return
    this.#letFinishedGo()
    // It has had its last record; what the daemon says while others still end is not lost to it.
    if (plugin.state.kind === 'stopped') this.#fanOut.remove(plugin.queue)
    this.#endIfDone()
  }

  #endIfDone(): void {
    if (this.#phase !== 'draining' && this.#phase !== 'stopping') return
    if (!this.#plugins.isAtRest) return
    this.#phase = 'ended'
    this.#cancelDeadline?.()
    this.#cancelCheck()
    this.#troubles.close()
    this.#inputs.close()
    this.#world.runner.close()
    this.tellLedger()
    this.#world.onEnd(this.#exitStatus)
  }

  #checkProgressLater(): void {
    this.#cancelCheck = this.#world.clock.after(CHECK_PROGRESS_MS, () => {
      for (const plugin of this.#plugins.plugins) plugin.checkProgress()
      this.#serials.verify()
      // With the door shut the end of input is not seen.
      if (this.#inputs.isDoorShut && this.#phase === 'running' && this.#world.isParentGone())
        this.leave('whoever started us is gone')
      this.#checkProgressLater()
    })
  }
}
