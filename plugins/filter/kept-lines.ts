// What is kept of a batch, copied together for the child: one buffer a batch, however many records are in it.

const LF = 0x0a
const FIRST_BYTES = 64 * 1024

export class KeptLines {
  #buffer: Buffer
  #length = 0
  #count = 0

  constructor() {
    this.#buffer = Buffer.alloc(0)
  }

  /** How many records there are. */
  get count(): number {
    return this.#count
  }

  /** A record without its LF. */
  add(record: Buffer): void {
    const { length } = record
    if (this.#length + length + 1 > this.#buffer.length) this.#enlarge(length + 1)
    record.copy(this.#buffer, this.#length)
    this.#buffer[this.#length + length] = LF
    this.#length += length + 1
    this.#count++
  }

  /** All lines, for good; this is empty then. */
  take(): Buffer {
    const bytes = this.#buffer.subarray(0, this.#length)
    // What little there is is not to keep a large buffer.
    const lines = this.#length * 2 < this.#buffer.length ? Buffer.from(bytes) : bytes
    if (lines === bytes) this.#buffer = Buffer.alloc(0)
    this.#length = 0
    this.#count = 0
    return lines
  }

  #enlarge(bytes: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, 2 * this.#buffer.length, this.#length + bytes))
    this.#buffer.copy(larger, 0, 0, this.#length)
    this.#buffer = larger
  }
}
