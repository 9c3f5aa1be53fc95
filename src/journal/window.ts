import { readAt, type Work } from './file-port.js'

/** A file read from front to back through a buffer, so that many small reads are few large ones. */
export class Window {
  readonly #file: string
  readonly #bytes: number
  #start = 0
  #buffer: Buffer = Buffer.alloc(0)

  constructor(file: string, bytes: number) {
    this.#file = file
    this.#bytes = bytes
  }

  /**
   * `bytes` of the file from `at`; fewer where it ends, or if there is no such file. Nothing behind `end` is read ahead: that may be
   * in the middle of being written. What it returns stays as it is: the buffer is replaced, never refilled.
   */
  *at(at: number, bytes: number, end: number): Work<Buffer> {
    const held = this.held(at, bytes, end)
    if (held !== undefined) return held
    const wanted = Math.max(0, Math.min(bytes, end - at))
    const ahead = Math.min(Math.max(wanted, this.#bytes), end - at)
    this.#buffer = (yield* readAt(this.#file, at, ahead)) ?? Buffer.alloc(0)
    this.#start = at
    return this.#buffer.subarray(0, wanted)
  }

  /** The same without the disk; undefined where that is needed. */
  held(at: number, bytes: number, end: number): Buffer | undefined {
    const from = at - this.#start
    const wanted = Math.max(0, Math.min(bytes, end - at))
    return from < 0 || from + wanted > this.#buffer.length ? undefined : this.#buffer.subarray(from, from + wanted)
  }
}
