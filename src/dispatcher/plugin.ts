// One plugin: its drop-in, its queue, its life. Decides nothing: plugin-state.ts says what to do and this does it.

import { lineType } from '../protocol/record.js'
import { selectorMatches } from '../protocol/selector.js'
import { describeExit } from './child.js'
import type { DropIn } from './drop-in.js'
import { PIECE_BYTES } from './fifo.js'
import { formatOf } from './format.js'
import type { Herald } from './herald.js'
import type { DropReason } from './ledger.js'
import { PluginProcess, type ProcessWorld, type Remains } from './plugin-process.js'
import { PluginVoice } from './plugin-voice.js'
import { newLife, next, type Life, type PluginAction, type PluginEvent, type PluginState } from './plugin-state.js'
import { Queue } from './queue.js'
import type { SegmentPool } from './segment.js'
import { ledgerOf } from './state-report.js'

/** A running plugin that takes nothing for this long while records wait is called stalled. */
export const STALLED_MS = 60_000

/** Bytes written to one plugin in one go, before the others and the input have their turn again. */
const BURST_BYTES = 512 * 1024

export interface PluginWorld extends ProcessWorld {
  readonly pool: SegmentPool
  readonly herald: Herald
  readonly random: () => number
  /** What is wrong with a program now, which may be another than when the drop-in was read; empty if nothing is. */
  readonly programDoubt: (path: string) => string
  /** True while the daemon ends: a SIGTERM from outside is then meant for everybody and no crash. */
  readonly isEnding: () => boolean
  /** Runs `single` and `halt`. */
  readonly changeRunlevel: (to: 'single' | 'halt') => void
  /** Something changed that the dispatcher may wait for: room in a queue, an empty queue, a state. */
  readonly onChange: (plugin: Plugin) => void
}

export class Plugin {
  readonly name: string
  readonly queue: Queue
  readonly #world: PluginWorld
  readonly #voice: PluginVoice
  #dropIn: DropIn
  #life: Life
  #process: PluginProcess | undefined
  #cancelTimer: () => void = () => {}
  #waitsForRoom = false
  #progressMs = 0
  #isStalled = false
  #starts = 0
  /** The last stderr lines of the process that died last. */
  #lastLines: readonly string[] = []
  /** The record about the beginning of this plugin's own loss: it comes once there is room. */
  #owed: Buffer = Buffer.alloc(0)

  constructor(dropIn: DropIn, world: PluginWorld) {
    this.name = dropIn.name
    this.#dropIn = dropIn
    this.#world = world
    this.#voice = new PluginVoice(dropIn.name, world.herald)
    this.#life = newLife(dropIn.restart)
    this.queue = new Queue(formatOf(dropIn.format), dropIn.queue, world.pool, {
      makeRoom: () => {
        this.pump()
      },
      lossBegan: (reason) => {
        this.#lossBegan(reason)
      },
      lossEnded: (lost) => {
        this.#lossEnded(lost)
      },
      tooLong: () => {
        this.#voice.tooLong(this.queue.ledger.dropped['too-long'], this.#world.clock.nowMs())
      },
      poisoned: (line) => {
        this.#voice.poisoned(line)
      },
    })
  }

  get dropIn(): DropIn {
    return this.#dropIn
  }

  get state(): PluginState {
    return this.#life.state
  }

  get pid(): number | undefined {
    return this.#process?.pid
  }

  get restarts(): number {
    return Math.max(0, this.#starts - 1)
  }

  get isStalled(): boolean {
    return this.#isStalled
  }

  /** Nothing runs and nothing will until it is told to. */
  get isAtRest(): boolean {
    const { kind } = this.#life.state
    return kind === 'stopped' || kind === 'failed' || kind === 'invalid'
  }

  start(): void {
    this.#apply({ kind: 'start' })
  }

  stop(after: 'stopped' | 'invalid' = 'stopped'): void {
    if (!this.isAtRest) this.#apply({ kind: 'stop', after })
  }

  /** It has never been started and will not be: what waits for it is dropped, and this is said. */
  abandon(): void {
    this.#shutQueue('stopped')
  }

  /** The next step of stopping, now. */
  hurry(): void {
    if (this.#life.state.kind === 'stopping') this.#apply({ kind: 'timer' })
  }

  /** Goes by another drop-in of the same format from its next process on. */
  adopt(dropIn: DropIn): void {
    this.#dropIn = dropIn
    this.queue.setLimits(dropIn.queue)
    this.queue.resume()
  }

  /** The drop-in or the program has changed: ends the process and starts the next. */
  restart(dropIn: DropIn): void {
    this.adopt(dropIn)
    this.#apply({ kind: 'restart' })
  }

  /** The daemon reloaded and this plugin stays as it is. */
  reloaded(dropIn: DropIn): void {
    this.adopt(dropIn)
    this.#process?.signal('SIGHUP')
  }

  /** It has left for good: says what became of its records, and lets the memory go. */
  close(): void {
    this.#world.herald.log.info(ledgerOf(this), 'ledger')
    this.queue.close()
  }

  /** Writes what waits, as far as the plugin takes it now. Called after every run of records. */
  pump(): void {
    const child = this.#process
    if (child === undefined || this.#waitsForRoom || this.#life.state.kind !== 'running') return
    let burst = 0
    for (let run = this.queue.next(); run !== undefined; run = this.queue.next()) {
      const wanted = Math.min(run.end - run.start, BURST_BYTES)
      const count = child.write(run.segment.bytes, run.start, run.start + wanted)
      this.#wrote(count)
      if (count < wanted || (burst += count) >= BURST_BYTES) return this.#pumpLater(child)
    }
  }

  /** Notices when the plugin has stopped reading, and when it reads again. */
  checkProgress(): void {
    const isStalled =
      this.#life.state.kind === 'running' &&
      this.#waitsForRoom &&
      this.#world.clock.nowMs() - this.#progressMs >= STALLED_MS
    if (isStalled === this.#isStalled) return
    this.#isStalled = isStalled
    const { queued } = this.queue.ledger
    const hasClosedInput = this.#process?.hasClosedInput === true
    if (isStalled) this.#voice.stalled(this.pid, queued, STALLED_MS / 1000, hasClosedInput)
    else this.#voice.readsAgain(this.pid, queued)
  }

  #wrote(count: number): void {
    if (count === 0) return
    this.queue.wrote(count)
    this.#progressMs = this.#world.clock.nowMs()
  }

  #pumpLater(child: PluginProcess): void {
    const piece = this.queue.handOver(PIECE_BYTES)
    if (piece.length === 0) return
    this.#waitsForRoom = true
    child.writeLater(piece, () => {
      if (this.#process !== child) return
      this.#waitsForRoom = false
      this.#wrote(piece.length)
      this.pump()
      this.#world.onChange(this)
    })
  }

  #apply(event: PluginEvent): void {
    const step = next(this.#life, event, {
      nowMs: this.#world.clock.nowMs(),
      roll: this.#world.random(),
      restart: this.#dropIn.restart,
      stopTimeoutMs: this.#dropIn.stopTimeoutMs,
    })
    this.#life = step.life
    for (const action of step.actions) this.#do(action)
    this.#world.onChange(this)
  }

  #do(action: PluginAction): void {
    switch (action.do) {
      case 'spawn':
        void this.#spawn()
        return
      case 'end-input':
        this.#process?.endInput()
        return
      case 'terminate':
        this.#process?.signal('SIGTERM')
        return
      case 'kill':
        this.#process?.signalGroup('SIGKILL')
        return
      case 'set-timer':
        this.#cancelTimer()
        this.#cancelTimer = this.#world.clock.after(action.ms, () => {
          this.#apply({ kind: 'timer' })
        })
        return
      case 'clear-timer':
        this.#cancelTimer()
        return
      case 'open-queue':
        this.#openQueue()
        return
      case 'shut-queue':
        this.#shutQueue(action.reason)
        return
      case 'tell-started':
        this.#voice.started(this.pid, this.#dropIn.path)
        return
      case 'tell-died':
        if (action.excused) this.#voice.endedAlong(action.how, action.restartInMs)
        else this.#voice.died(action.how, this.#dropIn.path, action.restartInMs, this.#lastLines)
        return
      case 'tell-failed':
        this.#voice.failed(action.reason, this.#dropIn.path, this.#lastLines)
        return
      case 'tell-stopped':
        this.#voice.stopped(this.#world.isEnding())
        return
      default:
        action satisfies never
    }
  }

  async #spawn(): Promise<void> {
    this.#starts++
    let child: PluginProcess
    try {
      const doubt = this.#world.programDoubt(this.#dropIn.path)
      if (doubt !== '') throw new Error(doubt)
      child = await PluginProcess.start(this.#dropIn, this.#world, this.#voice, (remains) => {
        this.#isGone(remains)
      })
    } catch (error) {
      const how = `not started: ${error instanceof Error ? error.message : String(error)}`
      this.#apply({ kind: 'exited', death: { how, exitCode: undefined, excused: false } })
      return
    }
    this.#process = child
    this.#waitsForRoom = false
    this.#progressMs = this.#world.clock.nowMs()
    this.#apply({ kind: 'spawned', pid: child.pid })
    // Not from here, which is a promise's continuation: see Fifo.writeLater.
    setImmediate(() => {
      this.pump()
      this.#world.onChange(this)
    })
  }

  #isGone(remains: Remains): void {
    this.#process = undefined
    this.#waitsForRoom = false
    this.#isStalled = false
    this.#voice.uncertain(this.queue.takeBack(remains.unread), remains.exact)
    this.#lastLines = remains.lastLines
    const excused = this.#world.isEnding() && remains.exit.signal === 'SIGTERM'
    const death = { how: describeExit(remains.exit), exitCode: remains.exit.code, excused }
    this.#apply({ kind: 'exited', death })
  }

  #openQueue(): void {
    const lost = this.queue.reopen()
    this.#payOwed()
    if (lost > 0) this.#voice.queueReopened(lost)
  }

  #shutQueue(reason: 'failed' | 'stopped'): void {
    const lost = this.queue.shut(reason)
    if (lost > 0) this.#voice.queueShut(reason, lost)
  }

  #lossBegan(reason: DropReason): void {
    const { overflow } = this.#dropIn.queue
    this.#owed = this.#voice.lossBegan(reason, this.queue.ledger.queued, overflow)
    if (overflow === 'single' || overflow === 'halt') this.#world.changeRunlevel(overflow)
  }

  #lossEnded(lost: number): void {
    this.#payOwed()
    this.#voice.lossEnded(lost, this.#dropIn.queue.overflow)
  }

  /** The record about the beginning of its own loss, unless it is still to be published or not asked for. */
  #payOwed(): void {
    const line = this.#owed
    this.#owed = Buffer.alloc(0)
    const isWanted = selectorMatches(this.#dropIn.subscribe, lineType(line, 0, line.length), '', 'self')
    if (line.length === 0 || !isWanted || this.#world.herald.isPending(line)) return
    this.queue.offerAlone(this.queue.format.encode(line, 0))
  }
}
