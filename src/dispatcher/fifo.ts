// A plugin's stdin: a FIFO that outlives the process. Node's own 'pipe' stdio is a socket pair, whose unread bytes die
// with the child; a FIFO keeps them as long as anybody has it open, so that what a dead plugin had not read is known to
// the byte and can be given to the next one.
//
// Four things must hold, each found by trying:
// - Open descriptions are never shared. The child gets one of its own, blocking, as auditd's is; spawning clears
//   O_NONBLOCK on what it passes on, and a write or a read-back on a blocking description would freeze the daemon.
// - Nothing here blocks or goes through the thread pool: a write is taken at once or not at all.
// - To learn when there is room again, a piece is handed to the event loop's own writer. A piece of at most PIPE_BUF bytes
//   goes in whole or not at all, so that it is always known what has gone in. It must not be small either: the kernel adds
//   what fits to a page that is there, so that a small one goes in at once while the FIFO is as good as full.
// - While the process lives, only the process reads. So "no reader" means that nobody can take bytes any more, and only
//   then is the rest read back: a grandchild still reading would take bytes out of the middle of what is being counted.

import { execFile } from 'node:child_process'
import { closeSync, constants, fchownSync, openSync, writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { promisify } from 'node:util'
import { errorCode } from '../config/error-code.js'
import { openEnds } from './open-ends.js'
import type { Owner } from './owner.js'
import { readNow } from './read-now.js'

const { O_NONBLOCK, O_RDONLY, O_WRONLY } = constants
const MKFIFO = '/usr/bin/mkfifo'
const NOTHING = '/dev/null'
const MKFIFO_TIMEOUT_MS = 5000
const READ_BACK_BYTES = 64 * 1024

/** PIPE_BUF: what goes into a pipe whole or not at all. */
export const PIECE_BYTES = 4096

const run = promisify(execFile)

/** Makes FIFOs that only their owner may open. Node cannot make one itself. */
export async function makeFifos(paths: readonly string[]): Promise<void> {
  await run(MKFIFO, ['-m', '600', '--', ...paths], { env: {}, timeout: MKFIFO_TIMEOUT_MS })
}

export class Fifo {
  readonly #childEnd: number
  #writer: number | undefined
  /** A reader of our own, only once the process is gone or its input has ended. */
  #reader: number | undefined
  #prober: Socket | undefined
  readonly #proberEnd: number
  /** A descriptor held so that one can always be opened in its place. */
  #reserve: number | undefined
  /** A piece was still waiting when the writing ends were closed. */
  #gaveUp = false

  private constructor(childEnd: number, writer: number, proberEnd: number) {
    this.#childEnd = childEnd
    this.#writer = writer
    this.#proberEnd = proberEnd
  }

  /**
   * Opens all ends and unlinks the path: later there might be no descriptor left to open one with. `owner`: who may open
   * it again as /dev/stdin, when the plugin is not root's.
   */
  static open(path: string, owner: Owner | undefined): Fifo {
    return openEnds(path, (open) => {
      // A reader comes first, as a writer cannot open a FIFO that nobody reads without waiting.
      const first = open(O_RDONLY | O_NONBLOCK)
      const writer = open(O_WRONLY | O_NONBLOCK)
      if (owner !== undefined) fchownSync(writer, owner.uid, owner.gid)
      const fifo = new Fifo(open(O_RDONLY), writer, open(O_WRONLY | O_NONBLOCK))
      fifo.#reserve = openSync(NOTHING, O_RDONLY)
      closeSync(first)
      return fifo
    })
  }

  /** The descriptor to pass to the child. */
  get childEnd(): number {
    return this.#childEnd
  }

  /** The child has its end: lets go of ours. */
  passedOn(): void {
    closeSync(this.#childEnd)
  }

  /** Writes what goes in at once; returns the bytes taken, 0 when the FIFO is full or nobody reads it any more. */
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

  /**
   * Hands over a piece of at most PIECE_BYTES to be written when there is room; `onWritten` is called when it is in, and not
   * at all when nobody reads any more or the FIFO is ended or closed before. Not to be called from a promise's
   * continuation: it would put off `onWritten` until after the continuations that are due, such as the one of a death.
   */
  writeLater(piece: Buffer, onWritten: () => void): void {
    if (this.#writer === undefined) return
    this.#prober ??= this.#openProber()
    this.#prober.write(piece, (error) => {
      if (!error && !this.#gaveUp) onWritten()
    })
  }

  /** True while somebody can still take bytes. Only asked while our own writing end is open. */
  hasReader(): boolean {
    const writer = this.#writer
    if (writer === undefined) return false
    this.#releaseReserve()
    const isRead = isReadBySomebody(`/proc/self/fd/${writer}`)
    this.#reserve = openSync(NOTHING, O_RDONLY)
    return isRead
  }

  /** The end of input for the plugin. What it leaves unread can still be counted. */
  end(): void {
    if (this.#writer === undefined) return
    this.#openReader(this.#writer)
    this.#closeWriters(this.#writer)
  }

  /** Counts, and throws away, what was written and not read. Only when nobody else reads any more. */
  readBack(): number {
    if (this.#writer !== undefined) this.#openReader(this.#writer)
    const reader = this.#reader
    if (reader === undefined) return 0
    const scratch = Buffer.allocUnsafe(READ_BACK_BYTES)
    let unread = 0
    for (;;) {
      const count = readNow(reader, scratch)
      if (count === 0) return unread
      unread += count
    }
  }

  close(): void {
    if (this.#writer !== undefined) this.#closeWriters(this.#writer)
    if (this.#reader !== undefined) closeSync(this.#reader)
    this.#reader = undefined
    this.#releaseReserve()
  }

  #openProber(): Socket {
    const prober = new Socket({ fd: this.#proberEnd, readable: false, writable: true })
    // EPIPE when the last reader goes; the exit of the process says the same and is what is acted upon.
    prober.on('error', () => {})
    return prober
  }

  #openReader(writer: number): void {
    this.#releaseReserve()
    this.#reader ??= openSync(`/proc/self/fd/${writer}`, O_RDONLY | O_NONBLOCK)
  }

  #releaseReserve(): void {
    if (this.#reserve !== undefined) closeSync(this.#reserve)
    this.#reserve = undefined
  }

  #closeWriters(writer: number): void {
    // A socket that is destroyed calls back without an error for what it never wrote, just as for what it has written and
    // not yet told.
    this.#gaveUp = this.#prober !== undefined && this.#prober.writableLength > 0
    if (this.#prober === undefined) closeSync(this.#proberEnd)
    else this.#prober.destroy()
    this.#prober = undefined
    closeSync(writer)
    this.#writer = undefined
  }
}

/** A FIFO that nobody reads cannot be opened for writing without waiting: so the kernel tells. */
function isReadBySomebody(path: string): boolean {
  try {
    closeSync(openSync(path, O_WRONLY | O_NONBLOCK))
    return true
  } catch (error) {
    if (errorCode(error) === 'ENXIO') return false
    throw error
  }
}
