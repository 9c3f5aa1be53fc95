// Lines on their way to whoever looks: those of one turn of the event loop go out in one write, and whoever has more waits for
// the reader. When nobody reads any more, as behind `| head`, the rest is thrown away: ending would only mean being started
// again.

import type { Writable } from 'node:stream'
import { deferred } from '../../src/sdk/deferred.js'

/** So much is gathered, and then written at once. */
const CHUNK_CHARACTERS = 64 * 1024

export class LineWriter {
  readonly #stream: Writable
  #lines = ''
  #isScheduled = false
  #isGone = false
  #room: Promise<void> | undefined

  constructor(stream: Writable) {
    this.#stream = stream
    stream.on('error', () => {
      this.#isGone = true
      this.#lines = ''
    })
  }

  /** Takes a line, with its LF. A promise if the reader is to be waited for. */
  write(line: string): Promise<void> | undefined {
    if (this.#isGone) return undefined
    this.#lines += line
    if (this.#lines.length >= CHUNK_CHARACTERS) this.flush()
    else this.#schedule()
    return this.#room
  }

  /** Writes what there is. */
  flush(): void {
    const lines = this.#lines
    this.#lines = ''
    if (lines === '' || this.#isGone) return
    const written = deferred<void>()
    // The stream says so itself, and not by `drain`: under the line protocol what is written here goes to another one.
    const isTaken = this.#stream.write(lines, () => {
      if (this.#room === written.promise) this.#room = undefined
      written.resolve()
    })
    if (!isTaken) this.#room = written.promise
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    process.nextTick(() => {
      this.#isScheduled = false
      this.flush()
    })
  }
}
