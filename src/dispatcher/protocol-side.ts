import type { Selector } from '../protocol/selector.js'
import type { DropIn } from './drop-in.js'
import type { Inlet } from './inlet.js'
import type { OutboxWatcher } from './outbox.js'
import { Patience } from './patience.js'
import { PluginCommands, type CommandCounts, type CommandWorld } from './plugin-commands.js'
import type { PluginSide } from './plugin-side.js'
import type { PluginVoice } from './plugin-voice.js'
import { ProtocolQueue } from './protocol-queue.js'
import type { SegmentPool } from './segment.js'
import { Talk } from './talk.js'

export interface ProtocolSideWorld extends Omit<CommandWorld, 'dropIn' | 'subscribe' | 'pause' | 'resume'> {
  readonly pool: SegmentPool
  /** As it is now. */
  readonly dropIn: () => DropIn
  readonly hello: () => { readonly run: string; readonly next: number; readonly node: string }
  /** From the next record on it gets what its selector says now. */
  readonly onSelected: () => void
  readonly onReady: () => void
  /** Much is to be written to it. */
  readonly onFull: () => void
  /** It has been heard, or is to be told something. */
  readonly onAnswered: () => void
  readonly onFault: (why: string) => void
}

/** For plugins that speak the line protocol. */
export class ProtocolSide implements PluginSide {
  readonly queue: ProtocolQueue
  readonly inlet: Inlet | undefined
  readonly greets = true
  readonly isHeard = true
  readonly #world: ProtocolSideWorld
  readonly #commands: PluginCommands
  readonly #talk: Talk
  readonly #patience = new Patience()
  #selected: Selector | undefined
  /** The process that still runs is of the drop-in before. */
  #isOutdated = false

  constructor(world: ProtocolSideWorld, watcher: OutboxWatcher, inlet: Inlet | undefined, voice: PluginVoice) {
    const { name, queue: limits } = world.dropIn()
    const queue = new ProtocolQueue(limits, world.pool, watcher)
    this.queue = queue
    this.inlet = inlet
    this.#world = world
    this.#commands = new PluginCommands(name, {
      ...world,
      subscribe: (selector) => {
        if (this.#isOutdated) return
        this.#selected = selector
        world.onSelected()
      },
      pause: () => {
        queue.setPaused(true)
      },
      resume: () => {
        queue.setPaused(false)
      },
    })
    const parts = { dropIn: world.dropIn, queue, inlet, commands: this.#commands, voice, clock: world.clock }
    this.#talk = new Talk(parts, {
      ready: world.onReady,
      said: world.onAnswered,
      pump: world.onFull,
      fault: world.onFault,
    })
  }

  get selected(): Selector | undefined {
    return this.#selected
  }

  get isPaused(): boolean {
    return this.queue.isPaused
  }

  get commandCounts(): CommandCounts {
    return this.#commands.counts
  }

  /** Its acknowledgements and answers are read whatever it sends. */
  get isAlwaysHeard(): boolean {
    return this.#world.dropIn().direction !== 'in'
  }

  get isAllSaid(): boolean {
    return this.queue.isAllSaid
  }

  begin(): void {
    this.#isOutdated = false
    const { run, next, node } = this.#world.hello()
    const { name } = this.#world.dropIn()
    this.#talk.begin({ plugin: name, run, next: this.queue.firstSeq || next, node })
  }

  hear(chunk: Buffer): void {
    this.#talk.hear(chunk)
  }

  end(died: boolean): void {
    this.#talk.end()
    if (died) this.queue.countDeath()
  }

  reloaded(): void {
    this.#talk.reload()
  }

  changed(): void {
    this.#selected = undefined
    this.#isOutdated = true
  }

  cut(): void {
    this.#talk.cut()
  }

  deaf(): void {
    this.#talk.deaf()
  }

  stop(): void {
    this.#talk.stop()
  }

  settle(nowMs: number): void {
    this.#talk.settle(nowMs)
  }

  setListening(isListening: boolean): void {
    this.#talk.setListening(isListening)
  }

  noteProgress(nowMs: number): void {
    this.#patience.note(this.queue.held.from !== Infinity, this.queue.ackedSeq, nowMs)
  }

  silentMs(nowMs: number): number {
    return this.queue.acks && !this.queue.isPaused ? this.#patience.silentMs(nowMs) : 0
  }

  holdsFrom(nowMs: number): number {
    const isWaitedFor = this.queue.acks && !this.queue.isPaused && !this.#patience.isOver(nowMs)
    return isWaitedFor ? this.queue.held.from : Infinity
  }

  holdTo(seq: number): number | undefined {
    const { to } = this.queue.held
    return this.queue.acks && to >= seq ? to : undefined
  }

  close(): void {
    this.#commands.close()
    this.queue.close()
  }
}
