// The program that gets what is kept: started, fed as fast as it reads, started again after a pause when it dies.

import type { TimeRange } from '../../src/config/quantity.js'
import type { Clock } from '../../src/remote/ports.js'
import type { Voice } from '../../src/remote/voice.js'
import { ChildLines } from './child-lines.js'
import { PIECE_BYTES, type ChildPipe } from './child-pipe.js'
import type { Command } from './config.js'

/** At the end: how long what waits may take to be written, the child to end by itself, and again after SIGTERM and SIGKILL. */
const WRITE_LIMIT_MS = 2000
const EXIT_LIMIT_MS = 1500
const TERM_LIMIT_MS = 500
const KILL_LIMIT_MS = 500
/** So long a child may live that has closed its input: an ordinary end takes less. */
const CLOSED_LIMIT_MS = 1000

export interface Exit {
  readonly code: number | undefined
  readonly signal: string | undefined
}

/** A process of the child. */
export interface ChildProcess {
  readonly pid: number
  /** To it and to all that it has started. */
  signal(name: 'SIGTERM' | 'SIGKILL'): void
  /** To it alone. */
  relay(name: 'SIGTERM' | 'SIGHUP'): void
}

export interface FeedWorld {
  readonly clock: Clock
  readonly voice: Voice
  readonly makePipe: () => ChildPipe
  /** Undefined: there is no process, and `onExit` is called later all the same. */
  readonly start: (command: Command, stdin: number, onExit: (exit: Exit) => void) => ChildProcess | undefined
  readonly closeEnd: (fd: number) => void
}

export interface FeedOwner {
  /** More has been written: what may be acknowledged is `farthest`. */
  wrote(): void
  /** The child has ended by itself; false: it is not started again. */
  ended(exit: Exit): boolean
}

type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'running'; readonly child: ChildProcess | undefined; readonly sinceMs: number }
  | { readonly kind: 'pausing'; readonly callOff: () => void }
  | { readonly kind: 'over' }

export class ChildFeed {
  readonly #command: Command
  readonly #restart: TimeRange
  readonly #world: FeedWorld
  readonly #owner: FeedOwner
  readonly #lines = new ChildLines()
  readonly #pipe: ChildPipe
  #state: State = { kind: 'idle' }
  #pauseMs: number
  #isWaitingForRoom = false
  /** Its input has ended: what it does now is its end. */
  #isEnding = false
  #starts = 0
  /** Called at each change of the state or of what waits. */
  #watchers: (() => void)[] = []

  constructor(command: Command, restart: TimeRange, world: FeedWorld, owner: FeedOwner) {
    this.#command = command
    this.#restart = restart
    this.#world = world
    this.#owner = owner
    this.#pauseMs = restart.firstMs
    this.#pipe = world.makePipe()
  }

  get end(): number {
    return this.#lines.end
  }

  get farthest(): number {
    return this.#lines.farthest
  }

  get waitingBytes(): number {
    return this.#lines.waitingBytes
  }

  get pid(): number | undefined {
    return this.#state.kind === 'running' ? this.#state.child?.pid : undefined
  }

  get starts(): number {
    return this.#starts
  }

  start(): void {
    if (this.#state.kind === 'over') return
    const fd = this.#pipe.openForChild()
    this.#starts++
    const child = this.#world.start(this.#command, fd, (exit) => {
      this.#exited(exit)
    })
    this.#world.closeEnd(fd)
    this.#state = { kind: 'running', child, sinceMs: this.#world.clock.monotonicMs() }
    this.#pump()
  }

  /** Whole lines, which belong to the feed from now on. */
  push(bytes: Buffer): void {
    this.#lines.push(bytes)
    this.#pump()
  }

  relay(name: 'SIGTERM' | 'SIGHUP'): void {
    if (this.#state.kind === 'running') this.#state.child?.relay(name)
  }

  /** Resolves when at most so much waits, the feed is over, or `stopping` says that nobody can wait any longer. */
  async room(maxBytes: number, stopping: AbortSignal): Promise<void> {
    const look = (): void => {
      this.#look()
    }
    stopping.addEventListener('abort', look)
    await this.#until(() => stopping.aborted || this.waitingBytes <= maxBytes)
    stopping.removeEventListener('abort', look)
  }

  /**
   * Writes what waits, if need be to a new process, ends the child's input, and waits for its end; all only so long. Returns
   * how many records are left: those that a process had been written and has not read whole, and those that none was.
   */
  async close(): Promise<{ readonly writtenBefore: number; readonly neverWritten: number }> {
    if (this.#state.kind === 'pausing') {
      this.#state.callOff()
      this.#takeBack()
    }
    if (this.#state.kind === 'running') await this.#within(WRITE_LIMIT_MS, () => this.waitingBytes === 0)
    if (this.#state.kind === 'pausing') {
      this.#state.callOff()
      this.#setState({ kind: 'over' })
    }
    const { child } = this.#state.kind === 'running' ? this.#state : { child: undefined }
    this.#pipe.end()
    this.#isEnding = true
    await this.#ended(EXIT_LIMIT_MS)
    if (this.#state.kind === 'running') child?.signal('SIGTERM')
    await this.#ended(TERM_LIMIT_MS)
    child?.signal('SIGKILL')
    await this.#ended(KILL_LIMIT_MS)
    this.#setState({ kind: 'over' })
    this.#lines.takeBack(this.#pipe.readBack())
    return this.#lines.drop()
  }

  async #ended(withinMs: number): Promise<void> {
    await this.#within(withinMs, () => this.#state.kind !== 'running')
  }

  #pump(): void {
    if (this.#state.kind !== 'running' || this.#isWaitingForRoom) return
    const before = this.farthest
    for (let next = this.#lines.first(); next !== undefined; next = this.#lines.first()) {
      const { bytes, start } = next
      const count = this.#pipe.write(bytes, start, bytes.length)
      if (count === 0) {
        this.#waitForRoom(Buffer.from(bytes.subarray(start, start + PIECE_BYTES)))
        break
      }
      this.#lines.wrote(count)
    }
    if (this.farthest > before) this.#changed()
  }

  #waitForRoom(piece: Buffer): void {
    this.#isWaitingForRoom = true
    if (!this.#pipe.hasReader()) this.#endSoon()
    this.#pipe.writeLater(piece, () => {
      // It is in the pipe, even if the child is gone by now: it will be read back.
      this.#isWaitingForRoom = false
      this.#lines.wrote(piece.length)
      this.#changed()
      this.#pump()
    })
  }

  /** The child has closed its input: it takes nothing any more, and if it lives on, nobody else would. */
  #endSoon(): void {
    const { child } = this.#state.kind === 'running' ? this.#state : { child: undefined }
    this.#world.clock.after(CLOSED_LIMIT_MS, () => {
      if (this.#state.kind !== 'running' || this.#state.child !== child || this.#pipe.hasReader()) return
      this.#world.voice.log('warn', 'the child has closed its input and lives on; ending it', {
        child: this.#command.program,
      })
      child?.signal('SIGKILL')
    })
  }

  #exited(exit: Exit): void {
    if (this.#state.kind !== 'running') return
    const { child, sinceMs } = this.#state
    // Whatever it has started would go on taking bytes out of the middle of what is counted.
    child?.signal('SIGKILL')
    if (this.#isEnding || !this.#owner.ended(exit)) {
      this.#setState({ kind: 'over' })
      return
    }
    if (this.#world.clock.monotonicMs() - sinceMs > this.#restart.longestMs) this.#pauseMs = this.#restart.firstMs
    this.#world.voice.log('warn', 'the child has ended; starting it again', {
      child: this.#command.program,
      ...(exit.signal === undefined ? { exitCode: exit.code ?? -1 } : { signal: exit.signal }),
      inMs: this.#pauseMs,
    })
    this.#pause()
  }

  #pause(): void {
    const callOff = this.#world.clock.after(this.#pauseMs, () => {
      this.#takeBack()
    })
    this.#pauseMs = Math.min(this.#restart.longestMs, this.#pauseMs * 2)
    this.#setState({ kind: 'pausing', callOff })
  }

  #takeBack(): void {
    this.#isWaitingForRoom = false
    if (this.#pipe.hasReader()) {
      this.#world.voice.log('warn', 'a process that the child has left still reads its input; waiting for its end')
      return this.#pause()
    }
    const lost = this.#lines.takeBack(this.#pipe.readBack())
    if (lost > 0)
      this.#world.voice.log('error', 'the child has enlarged its pipe and died: what lay in it is lost', {
        bytes: lost,
      })
    this.start()
  }

  #setState(state: State): void {
    this.#state = state
    this.#changed()
  }

  #changed(): void {
    this.#owner.wrote()
    this.#look()
  }

  #look(): void {
    // Who is done takes itself off a new list.
    for (const watch of this.#watchers) watch()
  }

  async #until(isSo: () => boolean): Promise<void> {
    if (isSo() || this.#state.kind === 'over') return
    await new Promise<void>((done) => {
      const watch = (): void => {
        if (!isSo() && this.#state.kind !== 'over') return
        this.#watchers = this.#watchers.filter((each) => each !== watch)
        done()
      }
      this.#watchers.push(watch)
    })
  }

  async #within(ms: number, isSo: () => boolean): Promise<void> {
    let callOff = (): void => {}
    const late = new Promise<void>((done) => {
      callOff = this.#world.clock.after(ms, done)
    })
    await Promise.race([this.#until(isSo), late])
    callOff()
  }
}
