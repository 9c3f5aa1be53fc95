// What the plugin says. Lines of one turn of the event loop go out in one write; of acknowledgements only the newest is
// kept until then, as each covers those before it. When the pipe is full the lines wait, and so does whoever sends records.

import type { Writable } from 'node:stream'

const CHUNK_BYTES = 64 * 1024
const LF = 0x0a
/** `RECORD `, a number, a blank, and LF. */
const MOST_AROUND_BYTES = 32

export class Output {
  readonly #stream: Writable
  /** Taken before anybody else is turned away from it. */
  readonly #write: (chunk: Buffer | string, done?: () => void) => boolean
  readonly #onGone: () => void
  /** Bytes that have been written stay where they are until the stream is done with them: a chunk is never used twice. */
  #chunk: Buffer = Buffer.alloc(0)
  #from = 0
  #to = 0
  /** 0 is none. */
  #ack = 0
  #isScheduled = false
  #isFull = false
  #isGone = false
  #roomWaiters: (() => void)[] = []

  /** `onGone` is called once when nobody reads any more. */
  constructor(stream: Writable, onGone: () => void) {
    this.#stream = stream
    const write = stream.write.bind(stream)
    this.#write = (chunk, done) => write(chunk, 'latin1', done)
    this.#onGone = onGone
    stream.on('error', () => {
      this.#lose()
    })
    stream.on('drain', () => {
      this.#isFull = false
      if (this.#ack > 0) this.#schedule()
      this.#wake()
    })
  }

  /** The reader is behind: whoever has much to say waits for room(). */
  get isFull(): boolean {
    return this.#isFull
  }

  /** Resolves when the reader has caught up, or is gone. */
  async room(): Promise<void> {
    if (!this.#isFull) return
    await new Promise<void>((resolve) => this.#roomWaiters.push(resolve))
  }

  line(text: string): void {
    const bytes = Buffer.from(text)
    this.#reserve(bytes.length)
    this.#to += bytes.copy(this.#chunk, this.#to)
    this.#schedule()
  }

  record(n: number, record: Buffer): void {
    this.#reserve(record.length + MOST_AROUND_BYTES)
    this.#to += this.#chunk.write(`RECORD ${n} `, this.#to, 'latin1')
    this.#to += record.copy(this.#chunk, this.#to)
    this.#chunk[this.#to++] = LF
    this.#schedule()
  }

  /** A record alone in its line. */
  bareLine(record: Buffer): void {
    this.#reserve(record.length + 1)
    this.#to += record.copy(this.#chunk, this.#to)
    this.#chunk[this.#to++] = LF
    this.#schedule()
  }

  ack(seq: number): void {
    this.#ack = seq
    this.#schedule()
  }

  /** Writes what waits, and resolves when the stream has taken it all, or nobody reads any more. */
  async end(): Promise<void> {
    this.#flush(true)
    if (this.#isGone) return
    await new Promise<void>((resolve) => {
      this.#stream.once('error', () => {
        resolve()
      })
      this.#write('', () => {
        resolve()
      })
    })
  }

  #reserve(bytes: number): void {
    if (this.#to + bytes <= this.#chunk.length) return
    this.#writeChunk()
    this.#chunk = Buffer.allocUnsafeSlow(Math.max(CHUNK_BYTES, bytes))
    this.#from = 0
    this.#to = 0
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    // After the promises of this turn: a loop that awaits each of its sends fills a chunk all the same.
    process.nextTick(() => {
      this.#isScheduled = false
      this.#flush(false)
    })
  }

  #flush(isLast: boolean): void {
    if (this.#ack > 0 && (isLast || !this.#isFull)) {
      const seq = this.#ack
      this.#ack = 0
      this.#reserve(MOST_AROUND_BYTES)
      this.#to += this.#chunk.write(`ACK ${seq}\n`, this.#to, 'latin1')
    }
    this.#writeChunk()
  }

  #writeChunk(): void {
    if (this.#to === this.#from) return
    const written = this.#chunk.subarray(this.#from, this.#to)
    this.#from = this.#to
    if (!this.#isGone && !this.#write(written)) this.#isFull = true
  }

  #lose(): void {
    if (this.#isGone) return
    this.#isGone = true
    this.#isFull = false
    this.#wake()
    this.#onGone()
  }

  #wake(): void {
    const waiters = this.#roomWaiters
    this.#roomWaiters = []
    for (const wake of waiters) wake()
  }
}
