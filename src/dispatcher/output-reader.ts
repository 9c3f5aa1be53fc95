// A plugin's stdout, where what it says is heard: a FIFO, as its stdin and stderr are, so that a script can open it anew.

import { closeSync, constants, fchownSync } from 'node:fs'
import { Socket, type OnReadOpts, type SocketConstructorOpts } from 'node:net'
import { openEnds } from './open-ends.js'
import type { Owner } from './owner.js'
import { readNow } from './read-now.js'

const READ_BYTES = 64 * 1024
/** What a pipe may hold at most (fs.pipe-max-size), and a little more. */
const MAX_REST_BYTES = 1024 * 1024 + READ_BYTES

const { O_NONBLOCK, O_RDONLY, O_WRONLY } = constants

export class OutputReader {
  /** The descriptor to pass to the child. */
  readonly childEnd: number
  readonly #fd: number
  readonly #socket: Socket
  readonly #onChunk: (chunk: Buffer) => void

  /** `onChunk`: bytes valid only during the call. */
  private constructor(fd: number, childEnd: number, onChunk: (chunk: Buffer) => void) {
    this.#fd = fd
    this.childEnd = childEnd
    this.#onChunk = onChunk
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES)
    // onread is missing from the constructor's types; connect() alone has it there.
    const options: SocketConstructorOpts & { onread: OnReadOpts } = {
      fd,
      readable: true,
      writable: false,
      onread: {
        buffer,
        callback: (count) => {
          onChunk(buffer.subarray(0, count))
          return true
        },
      },
    }
    this.#socket = new Socket(options)
    // A reader of a FIFO has no errors that would not also end it.
    this.#socket.on('error', () => {})
    this.#socket.resume()
  }

  /** Opens both ends of the FIFO at `path` and unlinks it. */
  static open(path: string, owner: Owner | undefined, onChunk: (chunk: Buffer) => void): OutputReader {
    return openEnds(path, (open) => {
      const reader = open(O_RDONLY | O_NONBLOCK)
      if (owner !== undefined) fchownSync(reader, owner.uid, owner.gid)
      return new OutputReader(reader, open(O_WRONLY), onChunk)
    })
  }

  /** The child has its end: lets go of ours. */
  passedOn(): void {
    closeSync(this.childEnd)
  }

  /** `then`: everybody who could write to it has closed it. */
  onEnd(then: () => void): void {
    this.#socket.once('end', then)
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  /** The process is gone: takes what it still left, paused or not, and closes. */
  finish(): void {
    // It has come to its end by itself, and its descriptor is closed.
    if (this.#socket.destroyed) return
    const chunk = Buffer.allocUnsafe(READ_BYTES)
    // Bounded: something that goes on writing must not hold us here.
    for (let left = MAX_REST_BYTES; left > 0;) {
      const count = readNow(this.#fd, chunk)
      if (count === 0) break
      this.#onChunk(chunk.subarray(0, count))
      left -= count
    }
    this.#socket.destroy()
  }
}
