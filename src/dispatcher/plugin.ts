// One plugin: its drop-in, its queue, its life. Decides nothing: plugin-state.ts says what to do. What is different with the line
// protocol is in plugins' sides.

import type { Selector } from '../protocol/selector.js'
import { describeExit } from './child.js'
import type { DropIn } from './drop-in.js'
import { Lag } from './lag.js'
import { droppedTotal } from './ledger.js'
import { Listening } from './listening.js'
import { LossTeller } from './loss-teller.js'
import type { Outbox } from './outbox.js'
import { Outflow } from './outflow.js'
import { PluginProcess, type Remains } from './plugin-process.js'
import type { PluginSide } from './plugin-side.js'
import { isAtRest, isBeingTold, isLeaving, isStopped } from './plugin-life.js'
import { PluginPast } from './plugin-past.js'
import { newLife, next, type Life, type PluginAction, type PluginEvent, type PluginState } from './plugin-state.js'
import { PluginVoice } from './plugin-voice.js'
import type { PluginWorld } from './plugin-world.js'
import type { Hold, Holder } from './settlement.js'
import { sideOf } from './side-of.js'
import { StallWatch } from './stall-watch.js'
import { ledgerOf } from './state-report.js'

export class Plugin implements Holder {
  readonly name: string
  readonly side: PluginSide
  readonly #world: PluginWorld
  readonly #voice: PluginVoice
  readonly #teller: LossTeller
  readonly #outflow: Outflow
  readonly stall: StallWatch
  readonly past: PluginPast
  readonly lag = new Lag()
  readonly #listening: Listening
  #dropIn: DropIn
  #life: Life
  #process: PluginProcess | undefined
  #cancelTimer: () => void = () => {}

  constructor(dropIn: DropIn, world: PluginWorld) {
    this.name = dropIn.name
    this.#dropIn = dropIn
    this.#world = world
    this.#voice = new PluginVoice(dropIn.name, world.herald)
    this.#life = newLife(dropIn.restart)
    this.past = new PluginPast(world.clock.nowMs())
    this.stall = new StallWatch(this.#voice)
    this.#teller = new LossTeller({
      voice: this.#voice,
      herald: world.herald,
      clock: world.clock,
      ledger: () => this.queue.ledger,
      overflow: () => this.#dropIn.queue.overflow,
      changeRunlevel: world.changeRunlevel,
      makeRoom: () => this.pump(),
    })
    this.side = sideOf(this, world, this.#voice, this.#teller, {
      onReady: () => this.#apply({ kind: 'ready' }),
      onFull: () => this.pump(),
      onFault: (why) => {
        this.#voice.faulty(why)
        this.#apply({ kind: 'fault', why })
      },
    })
    this.#listening = new Listening(this.side)
    this.#outflow = new Outflow(this.side.queue, world.clock, () => {
      this.pump()
      world.onChange(this)
    })
  }

  get queue(): Outbox {
    return this.side.queue
  }

  get dropIn(): DropIn {
    return this.#dropIn
  }

  /** What it gets: what its drop-in says, or what it has asked for since. */
  get selector(): Selector {
    return this.side.selected ?? this.#dropIn.subscribe
  }

  get state(): PluginState {
    return this.#life.state
  }

  get pid(): number | undefined {
    return this.#process?.pid
  }

  get isAtRest(): boolean {
    return isAtRest(this.#life.state)
  }

  start(): void {
    this.#apply({ kind: 'start' })
  }

  stop(after: 'stopped' | 'invalid' = 'stopped'): void {
    if (!this.isAtRest) this.#apply({ kind: 'stop', after })
  }

  /** It has never been started and will not be. */
  abandon(): void {
    this.#teller.queueShut('stopped', this.queue.shut('stopped'))
  }

  /** The next step of stopping, now. */
  hurry(): void {
    if (this.#life.state.kind === 'stopping') this.#apply({ kind: 'timer' })
  }

  /** Goes by another drop-in of the same format from its next process on. */
  adopt(dropIn: DropIn): void {
    this.side.changed()
    this.#take(dropIn)
  }

  /** Ends the process and starts the next; the queue stays. */
  restart(): void {
    this.#apply({ kind: 'restart' })
  }

  /** The daemon reloaded and this plugin stays as it is. */
  reloaded(dropIn: DropIn): void {
    this.#take(dropIn)
    this.side.reloaded(this.#process)
    this.pump()
  }

  /** It has left for good: says what became of its records, and lets the memory go. */
  close(): void {
    this.#world.herald.log.info(ledgerOf(this), 'ledger')
    this.side.close()
  }

  /** Writes what waits, as far as the plugin takes it now. Called after every run of records. */
  pump(): void {
    const nowMs = this.#world.clock.nowMs()
    this.side.noteProgress(nowMs)
    const { state } = this.#life
    const isTold = isBeingTold(state)
    if (state.kind === 'running' || state.kind === 'greeting' || (isTold && !this.side.isAllSaid)) this.#outflow.pump()
    if (isTold && this.side.isAllSaid) this.#process?.endInput()
    this.lag.note(this.queue.ledger, this.#dropIn.queue, nowMs)
    this.past.noteLoss(droppedTotal(this.queue.ledger), nowMs)
  }

  /** The record about the beginning of its own loss, when it has room for it again. */
  takeOwed(): Buffer {
    return this.#teller.takeOwed(this.selector)
  }

  holdsFrom(nowMs: number): number {
    const { state } = this.#life
    return isAtRest(state) || isLeaving(state) ? Infinity : this.side.holdsFrom(nowMs)
  }

  /** What it took of the records from `seq` on, if others may have to wait for it. */
  holdOf(seq: number): Hold | undefined {
    const to = this.side.holdTo(seq)
    return to === undefined ? undefined : { holder: this, to }
  }

  /** Tells it what is settled of its records, and listens to it as long as it may send more. `isDoorShut`: nobody may. */
  mindInput(isDoorShut: boolean): void {
    const { inlet, isAlwaysHeard } = this.side
    if (inlet === undefined) return
    // Who is always heard is held by not being told that anything is settled.
    if (!isAlwaysHeard || !isDoorShut) this.side.settle(this.#world.clock.nowMs())
    this.pump()
    this.#listening.mind(this.#process, isDoorShut, this.#life.state.kind === 'greeting')
  }

  /** Notices when the plugin has stopped working, and when it works again. */
  checkProgress(): void {
    const process = this.#life.state.kind === 'running' ? this.#process : undefined
    this.stall.look(process, this.#outflow, this.side, this.#world.clock.nowMs())
  }

  #take(dropIn: DropIn): void {
    this.#dropIn = dropIn
    this.queue.setLimits(dropIn.queue)
    this.queue.resume()
  }

  #apply(event: PluginEvent): void {
    const nowMs = this.#world.clock.nowMs()
    const step = next(this.#life, event, {
      nowMs,
      roll: this.#world.random(),
      restart: this.#dropIn.restart,
      stopTimeoutMs: this.#dropIn.stopTimeoutMs,
      readyTimeoutMs: this.#dropIn.readyTimeoutMs,
    })
    this.#life = step.life
    this.past.note(step.life.state, nowMs)
    for (const action of step.actions) this.#do(action)
    this.past.noteLoss(droppedTotal(this.queue.ledger), nowMs)
    this.#world.onChange(this)
  }

  #do(action: PluginAction): void {
    switch (action.do) {
      case 'spawn':
        void this.#spawn()
        return
      case 'end-input':
        this.side.stop()
        this.pump()
        return
      case 'cut-input':
        this.side.cut()
        this.#process?.endInput()
        return
      case 'terminate':
        this.#process?.endInput()
        this.#process?.signal('SIGTERM')
        return
      case 'kill':
        this.#process?.signalGroup('SIGKILL')
        return
      case 'set-timer':
        this.#cancelTimer()
        this.#cancelTimer = this.#world.clock.after(action.ms, () => this.#apply({ kind: 'timer' }))
        return
      case 'clear-timer':
        this.#cancelTimer()
        return
      case 'open-queue':
        this.#teller.queueReopened(this.queue.reopen())
        return
      case 'shut-queue':
        this.#teller.queueShut(action.reason, this.queue.shut(action.reason))
        return
      case 'tell-started':
      case 'tell-died':
      case 'tell-failed':
      case 'tell-stopped':
        this.#voice.tell(action, {
          pid: this.pid,
          exe: this.#dropIn.path,
          lastLines: this.past.lastWords,
          isEnding: this.#world.isEnding(),
        })
        return
      default:
        action satisfies never
    }
  }

  async #spawn(): Promise<void> {
    this.past.starts()
    let child: PluginProcess
    try {
      const ears = {
        stderr: this.#voice,
        stdout: this.side.isHeard ? { hear: this.#hear, ended: () => this.side.deaf() } : undefined,
      }
      child = await PluginProcess.start(this.#dropIn, this.#world, ears, (remains) => this.#isGone(remains))
    } catch (error) {
      const how = `not started: ${error instanceof Error ? error.message : String(error)}`
      this.past.ended(how, this.past.lastWords, this.#world.clock.nowMs())
      return this.#apply({ kind: 'exited', death: { how, exitCode: undefined, excused: false } })
    }
    this.#process = child
    this.past.lives(child)
    this.#outflow.begin(child)
    this.#listening.begin()
    this.side.begin()
    this.#apply({ kind: 'spawned', pid: child.pid, greets: this.side.greets })
    // Not from here, which is a promise's continuation: see Fifo.writeLater.
    setImmediate(() => {
      this.pump()
      this.#world.onChange(this)
    })
  }

  readonly #hear = (chunk: Buffer): void => {
    this.side.hear(chunk)
    if (this.side.inlet === undefined) this.#world.onAnswered()
    else this.#world.onHeard()
  }

  #isGone(remains: Remains): void {
    this.#process = undefined
    this.#outflow.end()
    this.stall.forget()
    this.#voice.uncertain(this.queue.takeBack(remains.unread), remains.exact)
    this.side.end(!isStopped(this.#life.state))
    const how = describeExit(remains.exit)
    this.past.ended(how, remains.lastLines, this.#world.clock.nowMs())
    const excused = this.#world.isEnding() && remains.exit.signal === 'SIGTERM'
    this.#apply({ kind: 'exited', death: { how, exitCode: remains.exit.code, excused } })
  }
}
