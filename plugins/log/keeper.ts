// Between the dispatcher and what is written to: waits while nothing can be written, does what the admin has chosen for it, once an
// episode, and goes on with the very lines that did not go through.

import type { Clock } from '../../src/remote/ports.js'
import type { RecordLines } from '../../src/sdk/index.js'
import type { DiskAction, LogConfig } from './config.js'
import { SinkTrouble, type Sink, type TroubleCode, type Tell } from './sink.js'
import { nextLevel, type Room, type SpaceLevel } from './space-watch.js'

/** How often a trouble is looked at again that may be over by itself. */
const AGAIN_MS = 1000
/** How often free space is looked at, while there is something to write. */
const LOOK_MS = 1000

type State =
  | { readonly kind: 'well' }
  /** Tried again now and then, or only when the admin says so. */
  | { readonly kind: 'waiting'; readonly code: TroubleCode; readonly sinceMs: number; readonly isForAdmin: boolean }
  /** Until the admin says otherwise. */
  | { readonly kind: 'suspended'; readonly sinceMs: number }

export interface KeeperHost {
  readonly clock: Clock
  readonly sink: Sink
  /** Undefined where there is no such thing. */
  room(): Room | undefined
  /** Through the dispatcher, under the name that its configuration gives it. */
  run(name: string): void
  /** Nothing can be written for now. */
  troubled(): void
  readonly log: Tell
}

export class Keeper {
  readonly #host: KeeperHost
  #config: LogConfig
  #state: State = { kind: 'well' }
  #level: SpaceLevel = 'well'
  #lookedMs = -Infinity
  #isEnding = false
  #wake: () => void = () => {}

  constructor(host: KeeperHost, config: LogConfig) {
    this.#host = host
    this.#config = config
  }

  get isWell(): boolean {
    return this.#state.kind === 'well'
  }

  /** False: the end comes first, and the lines are not written. */
  async put(lines: RecordLines): Promise<boolean> {
    const isDone = await this.#try(() => this.#host.sink.append(lines))
    if (isDone) this.#look()
    return isDone
  }

  /** All up to seq is done with, without anything to write. */
  async pass(seq: number): Promise<boolean> {
    return this.#try(() => this.#host.sink.pass(seq))
  }

  /** The admin says that it goes on. */
  resume(): void {
    const { log } = this.#host
    if (this.#state.kind !== 'well') log('info', 'going on, as the admin says')
    if (this.#state.kind === 'suspended') this.#state = { kind: 'well' }
    this.#wake()
  }

  use(config: LogConfig): void {
    this.#config = config
    this.resume()
  }

  /** What waits is given up. */
  end(): void {
    this.#isEnding = true
    this.#host.sink.end()
    this.#wake()
  }

  /** Something is wrong with the disk, though the records are written. */
  diskError(): void {
    this.#act(this.#config.diskErrorAction)
  }

  async #try(work: () => Promise<void>): Promise<boolean> {
    for (;;) {
      if (this.#state.kind === 'suspended') await this.#pause(undefined)
      if (this.#isEnding && this.#state.kind !== 'well') return false
      try {
        await work()
        this.#well()
        return true
      } catch (error) {
        if (!(error instanceof SinkTrouble)) throw error
        if (this.#troubled(error)) continue
      }
      if (this.#isEnding) return false
      const isForAdmin = this.#state.kind === 'waiting' && this.#state.isForAdmin
      if (this.#state.kind === 'waiting') await this.#pause(isForAdmin ? undefined : AGAIN_MS)
    }
  }

  #well(): void {
    if (this.#state.kind !== 'waiting') return
    const { code, sinceMs } = this.#state
    const ms = Math.round(this.#host.clock.monotonicMs() - sinceMs)
    this.#state = { kind: 'well' }
    this.#host.log('info', 'the log is written again', { after: code, ms })
  }

  /** True: it may go on at once. */
  #troubled({ code, message }: SinkTrouble): boolean {
    const { clock, log } = this.#host
    const isNew = this.#state.kind !== 'waiting' || this.#state.code !== code
    if (isNew) this.#state = { kind: 'waiting', code, sinceMs: clock.monotonicMs(), isForAdmin: code === 'medium' }
    this.#host.troubled()
    switch (code) {
      case 'no-reader':
        if (isNew) log('warn', 'nobody reads the FIFO; waiting', { error: message })
        return false
      case 'medium':
        if (isNew) log('warn', 'the medium is at its end; put in another one, and send SIGUSR1', { error: message })
        return false
      case 'size':
        log('warn', 'nothing is written until SIGUSR2 or a reload, as max_log_file_action says', { error: message })
        this.#suspend()
        return false
      case 'full':
        if (this.#config.diskFullAction.kind === 'rotate' && this.#freed()) return true
        if (isNew) log('error', 'the disk is full; the records wait', { error: message })
        if (isNew) this.#act(this.#config.diskFullAction)
        return false
      case 'error': {
        const { diskErrorAction } = this.#config
        if (isNew && diskErrorAction.kind !== 'ignore')
          log('error', 'the log cannot be written; the records wait', { error: message })
        if (isNew) this.#act(diskErrorAction)
        return false
      }
      default:
        return code satisfies never
    }
  }

  #freed(): boolean {
    try {
      return this.#host.sink.freeOldest()
    } catch (error) {
      if (!(error instanceof SinkTrouble)) throw error
      this.#host.log('warn', 'no room can be made', { error: error.message })
      return false
    }
  }

  /** What of an action is neither telling nor making room. */
  #act(action: DiskAction): void {
    switch (action.kind) {
      case 'ignore':
      case 'syslog':
      case 'rotate':
        return
      case 'suspend':
        this.#host.log('warn', 'nothing is written until SIGUSR2 or a reload, as the admin wants')
        this.#suspend()
        return
      case 'single':
      case 'halt':
        this.#run(action.kind)
        return
      case 'exec':
        this.#run(action.name)
        return
      default:
        action satisfies never
    }
  }

  #run(name: string): void {
    this.#host.log('warn', 'an action is run, as the admin wants', { action: name })
    this.#host.run(name)
  }

  #suspend(): void {
    this.#state = { kind: 'suspended', sinceMs: this.#host.clock.monotonicMs() }
    this.#host.troubled()
  }

  /** Free space, at most once a second. */
  #look(): void {
    const nowMs = this.#host.clock.monotonicMs()
    if (nowMs - this.#lookedMs < LOOK_MS) return
    this.#lookedMs = nowMs
    const room = this.#host.room()
    if (room === undefined) return
    const before = this.#level
    this.#level = nextLevel(before, room, this.#config)
    const { spaceLeftAction, adminSpaceLeftAction } = this.#config
    if (this.#level === 'well') {
      if (before !== 'well') this.#host.log('info', 'there is room on the disk again', { bytes: room.freeBytes })
      return
    }
    const action = this.#level === 'low' ? spaceLeftAction : adminSpaceLeftAction
    // As auditd has it: room is made as often as it takes, all else is done once.
    if (action.kind === 'rotate') this.#freed()
    const isWorse = before === 'well' || (before === 'low' && this.#level === 'admin-low')
    if (!isWorse || action.kind === 'ignore') return
    const text = this.#level === 'low' ? 'the disk has less than space_left' : 'the disk has less than admin_space_left'
    this.#host.log('warn', text, { bytes: room.freeBytes })
    this.#act(action)
  }

  async #pause(ms: number | undefined): Promise<void> {
    if (this.#isEnding) return
    await new Promise<void>((resolve) => {
      const cancel = ms === undefined ? () => {} : this.#host.clock.after(ms, resolve)
      this.#wake = () => {
        cancel()
        resolve()
      }
    })
    this.#wake = () => {}
  }
}
