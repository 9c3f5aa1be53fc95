// The child's standard input: one FIFO for all its processes, one after the other. The socket pair that Node makes of a pipe
// loses what a dead child had not read; a FIFO that we hold open keeps it, so that it is known to the byte and is given
// to the next process. Nothing here waits: a write is taken at once or not at all, and a piece that waits for room is at most
// PIPE_BUF long, and so in whole or not at all. Each end is an open description of its own, as spawning makes the child's
// one blocking.

import { execFileSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, readSync, rmdirSync, unlinkSync, writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { errorCode } from '../../src/config/error-code.js'

const { O_NONBLOCK, O_RDONLY, O_WRONLY } = constants
const MKFIFO = '/usr/bin/mkfifo'
const MKFIFO_TIMEOUT_MS = 5000
const RUN_DIR = '/run'
const READ_BACK_BYTES = 64 * 1024

/** What keeps a FIFO from being made: mkfifo(1) is not there, or no directory can be written to. */
export class PipeMistake extends Error {}

/** PIPE_BUF: what goes into a pipe whole or not at all. */
export const PIECE_BYTES = 4096

export class ChildPipe {
  /** undefined: the input has ended. */
  #writer: number | undefined
  /** Ours, once the input has ended: what the child leaves unread stays. */
  #reader: number | undefined
  #waiter: Socket | undefined

  private constructor(writer: number) {
    this.#writer = writer
  }

  /** Node cannot make a FIFO itself. It has a name only while this runs. Throws a PipeMistake. */
  static make(mkfifo = MKFIFO): ChildPipe {
    try {
      return ChildPipe.#made(mkfifo)
    } catch (error) {
      if (!(error instanceof Error) || !('errno' in error || 'status' in error)) throw error
      throw new PipeMistake(`the child's input cannot be made: ${error.message.trim()}`, { cause: error })
    }
  }

  static #made(mkfifo: string): ChildPipe {
    const dir = newDirectory()
    const path = join(dir, 'input')
    try {
      execFileSync(mkfifo, ['-m', '600', '--', path], { env: {}, timeout: MKFIFO_TIMEOUT_MS, stdio: 'pipe' })
      // A reader comes first: a FIFO that nobody reads cannot be opened for writing without waiting.
      const reader = openSync(path, O_RDONLY | O_NONBLOCK)
      const pipe = new ChildPipe(openSync(path, O_WRONLY | O_NONBLOCK))
      closeSync(reader)
      unlinkSync(path)
      return pipe
    } finally {
      rmdirSync(dir)
    }
  }

  /** An end for a child; who passes it on closes it. */
  openForChild(): number {
    return openSync(this.#path(), O_RDONLY)
  }

  /** Writes what goes in at once; returns the bytes taken, 0 when the pipe is full or nobody reads it. */
  write(bytes: Buffer, start: number, end: number): number {
    if (this.#writer === undefined) return 0
    try {
      return writeSync(this.#writer, bytes, start, end - start)
    } catch (error) {
      const code = errorCode(error)
      if (code === 'EAGAIN' || code === 'EPIPE') return 0
      throw error
    }
  }

  /** Writes at most PIECE_BYTES when there is room. `onWritten` is not called when nobody reads any more before that. */
  writeLater(piece: Buffer, onWritten: () => void): void {
    if (this.#writer === undefined) return
    try {
      this.#waiter ??= this.#newWaiter()
    } catch (error) {
      // The child is gone, which its exit tells as well.
      if (errorCode(error) === 'ENXIO') return
      throw error
    }
    const waiter = this.#waiter
    waiter.write(piece, (error) => {
      if (!error && this.#waiter === waiter) onWritten()
    })
  }

  /** True while somebody can still take bytes. */
  hasReader(): boolean {
    if (this.#writer === undefined) return false
    try {
      closeSync(openSync(this.#path(), O_WRONLY | O_NONBLOCK))
      return true
    } catch (error) {
      if (errorCode(error) === 'ENXIO') return false
      throw error
    }
  }

  /** Counts, and throws away, what was written and not read. Only when nobody else reads any more. */
  readBack(): number {
    this.#dropWaiter()
    const reader = this.#reader ?? openSync(this.#path(), O_RDONLY | O_NONBLOCK)
    this.#reader = undefined
    try {
      const scratch = Buffer.allocUnsafe(READ_BACK_BYTES)
      for (let unread = 0; ;) {
        const count = readNow(reader, scratch)
        if (count === 0) return unread
        unread += count
      }
    } finally {
      closeSync(reader)
    }
  }

  /** The end of input for whoever reads. Only `readBack` comes after it, once. */
  end(): void {
    this.#dropWaiter()
    if (this.#writer === undefined) return
    this.#reader = openSync(this.#path(), O_RDONLY | O_NONBLOCK)
    closeSync(this.#writer)
    this.#writer = undefined
  }

  #path(): string {
    return `/proc/self/fd/${this.#writer ?? -1}`
  }

  #newWaiter(): Socket {
    const fd = openSync(this.#path(), O_WRONLY | O_NONBLOCK)
    const waiter = new Socket({ fd, readable: false, writable: true })
    // EPIPE when the last reader goes; the child's exit says the same.
    waiter.on('error', () => {})
    return waiter
  }

  #dropWaiter(): void {
    const waiter = this.#waiter
    this.#waiter = undefined
    waiter?.destroy()
  }
}

function newDirectory(): string {
  try {
    return mkdtempSync(join(RUN_DIR, 'audispd-filter-'))
  } catch (error) {
    // EACCES, EROFS: who is not root, or is kept from /run, has a directory for such things elsewhere.
    if (errorCode(error) === '') throw error
    return mkdtempSync(join(tmpdir(), 'audispd-filter-'))
  }
}

function readNow(fd: number, into: Buffer): number {
  try {
    return readSync(fd, into, 0, into.length, null)
  } catch (error) {
    if (errorCode(error) === 'EAGAIN') return 0
    throw error
  }
}
