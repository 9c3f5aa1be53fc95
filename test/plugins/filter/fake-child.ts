import { Voice } from '../../../src/remote/voice.js'
import { ChildFeed, type Exit, type FeedOwner, type FeedWorld } from '../../../plugins/filter/child-feed.js'
import type { ChildPipe } from '../../../plugins/filter/child-pipe.js'
import type { HandClock } from './hand-clock.js'

/** A pipe in memory, and processes that read when the test says so, and die when it says so. */
export class FakeChild {
  readonly #clock: HandClock
  readonly #capacity: number
  #pipe = Buffer.alloc(0)
  #waiting: { readonly piece: Buffer; readonly onWritten: () => void } | undefined
  #onExit: ((exit: Exit) => void) | undefined
  #line = ''
  isEnded = false
  /** The process has closed its input. */
  isDeaf = false
  /** Lines that some process has read whole. */
  readonly lines: string[] = []
  readonly signals: string[] = []
  said = ''
  starts = 0

  constructor(clock: HandClock, capacity: number) {
    this.#clock = clock
    this.#capacity = capacity
  }

  get unread(): number {
    return this.#pipe.length
  }

  get runs(): boolean {
    return this.#onExit !== undefined
  }

  feed(owner: Partial<FeedOwner> = {}): ChildFeed {
    const command = { program: '/child', args: [] }
    return new ChildFeed(command, { firstMs: 100, longestMs: 800 }, this.world(), {
      wrote() {},
      ended: () => true,
      ...owner,
    })
  }

  world(): FeedWorld {
    const voice = new Voice(this.#clock, (line) => {
      this.said += line
    })
    const pipe: Pick<ChildPipe, keyof ChildPipe> = {
      openForChild: () => 99,
      write: (bytes, start, end) => this.#write(bytes, start, end),
      writeLater: (piece, onWritten) => {
        this.#waiting = { piece, onWritten }
      },
      hasReader: () => this.runs && !this.isDeaf,
      readBack: () => {
        const unread = this.#pipe.length
        this.#pipe = Buffer.alloc(0)
        this.#waiting = undefined
        return unread
      },
      end: () => {
        this.isEnded = true
      },
    }
    return {
      clock: this.#clock,
      voice,
      // A class with private fields has no other of its kind; what is used of it is here.
      makePipe: () => Object.assign(Object.create(null), pipe),
      start: (_command, _stdin, onExit) => {
        this.starts++
        this.#onExit = onExit
        return {
          pid: 1000 + this.starts,
          signal: (name) => this.signals.push(name),
          relay: (name) => this.signals.push(name),
        }
      },
      closeEnd() {},
    }
  }

  /** The process reads so many bytes. */
  read(bytes: number): void {
    const taken = this.#pipe.subarray(0, bytes).toString('latin1')
    this.#pipe = this.#pipe.subarray(taken.length)
    const parts = (this.#line + taken).split('\n')
    this.#line = parts.pop() ?? ''
    this.lines.push(...parts)
    const waiting = this.#waiting
    // A real pipe always has room for a piece when it is empty.
    const fits = this.#pipe.length === 0 || this.#pipe.length + (waiting?.piece.length ?? 0) <= this.#capacity
    if (waiting === undefined || !fits) return
    this.#waiting = undefined
    this.#pipe = Buffer.concat([this.#pipe, waiting.piece])
    waiting.onWritten()
  }

  /** The process is gone, with the line that it had read in part. */
  exit(exit: Partial<Exit> = { signal: 'SIGKILL' }): void {
    const onExit = this.#onExit
    this.#onExit = undefined
    this.#line = ''
    onExit?.({ code: undefined, signal: undefined, ...exit })
  }

  #write(bytes: Buffer, start: number, end: number): number {
    if (!this.runs || this.isDeaf) return 0
    const count = Math.max(0, Math.min(end - start, this.#capacity - this.#pipe.length))
    this.#pipe = Buffer.concat([this.#pipe, bytes.subarray(start, start + count)])
    return count
  }
}
