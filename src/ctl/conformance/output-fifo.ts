// A plugin's stdout or stderr: a FIFO that is read when the kit wants to, and not otherwise.

import { closeSync, constants } from 'node:fs'
import { openEnds } from '../../dispatcher/open-ends.js'
import { readNow } from '../../dispatcher/read-now.js'

const { O_NONBLOCK, O_RDONLY, O_WRONLY } = constants
const READ_BYTES = 64 * 1024

export class OutputFifo {
  /** The descriptor to pass to the child. */
  readonly childEnd: number
  readonly #reader: number
  readonly #chunk = Buffer.alloc(READ_BYTES)

  private constructor(reader: number, childEnd: number) {
    this.#reader = reader
    this.childEnd = childEnd
  }

  /** Opens both ends of the FIFO at `path`, and unlinks it. */
  static open(path: string): OutputFifo {
    return openEnds(path, (open) => new OutputFifo(open(O_RDONLY | O_NONBLOCK), open(O_WRONLY)))
  }

  /** The child has its end: lets go of ours. */
  passedOn(): void {
    closeSync(this.childEnd)
  }

  /** What there is, valid until the next call; empty if there is nothing. */
  read(): Buffer {
    return this.#chunk.subarray(0, readNow(this.#reader, this.#chunk))
  }

  close(): void {
    closeSync(this.#reader)
  }
}
