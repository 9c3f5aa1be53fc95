import type { Clock } from './clock.js'
import type { DropIn } from './drop-in.js'
import { formatOf } from './format.js'
import type { Inlet } from './inlet.js'
import type { OutboxWatcher } from './outbox.js'
import type { PluginProcess } from './plugin-process.js'
import type { PluginSide } from './plugin-side.js'
import type { PluginVoice } from './plugin-voice.js'
import { Producer } from './producer.js'
import { Queue } from './queue.js'
import type { SegmentPool } from './segment.js'

/** For plugins that get records as auditd gives them, and may write records as lines. They know nothing of a dispatcher. */
export class StreamSide implements PluginSide {
  readonly queue: Queue
  readonly inlet: Inlet | undefined
  readonly selected = undefined
  readonly isPaused = false
  readonly commandCounts = undefined
  readonly greets = false
  readonly isAlwaysHeard = false
  readonly #voice: PluginVoice
  readonly #producer: Producer | undefined

  constructor(
    dropIn: DropIn,
    pool: SegmentPool,
    watcher: OutboxWatcher,
    inlet: Inlet | undefined,
    voice: PluginVoice,
    clock: Clock,
  ) {
    this.queue = new Queue(formatOf(dropIn.format), dropIn.queue, pool, watcher)
    this.inlet = inlet
    this.#voice = voice
    this.#producer = inlet && new Producer(inlet, voice, clock)
  }

  get isHeard(): boolean {
    return this.#producer !== undefined
  }

  /** A record that it has begun to get is not torn by the end of its input. */
  get isAllSaid(): boolean {
    return this.queue.isBetweenRecords
  }

  begin(): void {
    this.#producer?.begin()
  }

  hear(chunk: Buffer): void {
    this.#producer?.hear(chunk)
  }

  end(): void {
    this.#producer?.end()
  }

  reloaded(process: PluginProcess | undefined): void {
    process?.signal('SIGHUP')
  }

  changed(): void {}

  cut(): void {}

  deaf(): void {
    this.#voice.closedOutput()
  }

  stop(): void {
    this.queue.endAtRecord()
  }

  settle(nowMs: number): void {
    this.inlet?.settle(nowMs)
  }

  setListening(): void {}

  noteProgress(): void {}

  silentMs(): number {
    return 0
  }

  holdsFrom(): number {
    return Infinity
  }

  holdTo(): undefined {}

  close(): void {
    this.queue.close()
  }
}
