// A plugin's stderr: a FIFO too, so that `echo oops >/dev/stderr` works in a script (a socket cannot be opened that way).
// Its lines go to the log under the plugin's name, so many in so much time; what is left out is counted and said. The last
// lines are kept whatever was logged: they are what tells why a plugin died.

import { closeSync, constants, fchownSync } from 'node:fs'
import { Socket } from 'node:net'
import split2 from 'split2'
import type { Clock } from './clock.js'
import { openEnds } from './open-ends.js'
import type { Owner } from './owner.js'
import { readNow } from './read-now.js'

const LF = 0x0a
/** Longer lines are cut; a plugin's stderr is for people. */
const MAX_LINE_CHARACTERS = 4096
const LINES_PER_WINDOW = 50
const WINDOW_MS = 10_000
const LAST_LINES = 20
const READ_BYTES = 16 * 1024

const { O_NONBLOCK, O_RDONLY, O_WRONLY } = constants

export interface StderrSink {
  line(text: string): void
  /** `count` lines were left out since the last time. */
  leftOut(count: number): void
}

export class StderrReader {
  /** The descriptor to pass to the child. */
  readonly childEnd: number
  readonly #socket: Socket
  readonly #fd: number
  readonly #lines = split2('\n')
  readonly #sink: StderrSink
  readonly #clock: Clock
  readonly #last: string[] = []
  /** Bytes of the line that has not ended yet. */
  #unfinishedBytes = 0
  #windowBeganMs = 0
  #inWindow = 0

  private constructor(reader: number, childEnd: number, sink: StderrSink, clock: Clock) {
    this.childEnd = childEnd
    this.#sink = sink
    this.#clock = clock
    this.#fd = reader
    this.#socket = new Socket({ fd: reader, readable: true, writable: false })
    this.#socket.on('data', (chunk: Buffer) => {
      this.#split(chunk)
    })
    // A reader of a FIFO has no errors that would not also end it.
    this.#socket.on('error', () => {})
    this.#lines.on('data', (line: string) => {
      this.#take(line.length > MAX_LINE_CHARACTERS ? `${line.slice(0, MAX_LINE_CHARACTERS)}…` : line)
    })
  }

  /** Opens both ends of the FIFO at `path` and unlinks it. */
  static open(path: string, owner: Owner | undefined, sink: StderrSink, clock: Clock): StderrReader {
    return openEnds(path, (open) => {
      const reader = open(O_RDONLY | O_NONBLOCK)
      if (owner !== undefined) fchownSync(reader, owner.uid, owner.gid)
      return new StderrReader(reader, open(O_WRONLY), sink, clock)
    })
  }

  get lastLines(): readonly string[] {
    return this.#last
  }

  /** The child has its end: lets go of ours. */
  passedOn(): void {
    closeSync(this.childEnd)
  }

  /** The process is gone: takes what it still left, and closes. Resolves when the last line has been taken. */
  async finish(): Promise<void> {
    this.#readRest()
    const taken = new Promise<void>((resolve) => {
      this.#lines.once('end', resolve)
    })
    this.#lines.end()
    this.#socket.destroy()
    await taken
    if (this.#inWindow > LINES_PER_WINDOW) this.#sink.leftOut(this.#inWindow - LINES_PER_WINDOW)
  }

  #readRest(): void {
    // It has come to its end by itself, and its descriptor is closed.
    if (this.#socket.destroyed) return
    const chunk = Buffer.allocUnsafe(READ_BYTES)
    // Bounded: a grandchild that goes on writing must not hold us here.
    for (let left = 64 * 1024; left > 0;) {
      const count = readNow(this.#fd, chunk)
      if (count === 0) return
      this.#split(Buffer.from(chunk.subarray(0, count)))
      left -= count
    }
  }

  /** A line without an end goes on as another one: split2 would hold it for ever, or with its maxLength throw it away. */
  #split(chunk: Buffer): void {
    const first = chunk.indexOf(LF)
    if (this.#unfinishedBytes + (first === -1 ? chunk.length : first) > MAX_LINE_CHARACTERS) {
      this.#lines.write('\n')
      this.#unfinishedBytes = 0
    }
    this.#lines.write(chunk)
    const last = chunk.lastIndexOf(LF)
    this.#unfinishedBytes = last === -1 ? this.#unfinishedBytes + chunk.length : chunk.length - last - 1
  }

  #take(line: string): void {
    if (line === '') return
    this.#last.push(line)
    if (this.#last.length > LAST_LINES) this.#last.shift()
    const nowMs = this.#clock.nowMs()
    if (nowMs - this.#windowBeganMs >= WINDOW_MS) {
      if (this.#inWindow > LINES_PER_WINDOW) this.#sink.leftOut(this.#inWindow - LINES_PER_WINDOW)
      this.#windowBeganMs = nowMs
      this.#inWindow = 0
    }
    this.#inWindow++
    if (this.#inWindow <= LINES_PER_WINDOW) this.#sink.line(line)
  }
}
