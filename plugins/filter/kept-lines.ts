// What is kept of a batch, copied together for the child: one buffer a batch, however many records are in it. Records that
// lie one behind the other are copied at once.

const LF = 0x0a
const FIRST_BYTES = 64 * 1024

/** Bytes that lie together: from a record's beginning to the end of another one, without its LF. */
interface Run {
  readonly memory: ArrayBufferLike
  readonly start: number
  end: number
}

export class KeptLines {
  #buffer: Buffer
  #length = 0
  #count = 0
  #run: Run | undefined

  constructor() {
    this.#buffer = Buffer.alloc(0)
  }

  /** How many records there are. */
  get count(): number {
    return this.#count
  }

  /** Records without their LFs. They must not change before `take`, nor what lies behind them in their memory. */
  add(records: readonly Buffer[]): void {
    for (const record of records) this.#add(record)
  }

  #add(record: Buffer): void {
    const { buffer, byteOffset, length } = record
    this.#count++
    if (this.#run?.memory === buffer && this.#run.end + 1 === byteOffset && isLine(buffer, this.#run.end)) {
      this.#run.end += length + 1
      return
    }
    this.#copyRun()
    this.#run = { memory: buffer, start: byteOffset, end: byteOffset + length }
  }

  /** All lines, for good; this is empty then. */
  take(): Buffer {
    this.#copyRun()
    const bytes = this.#buffer.subarray(0, this.#length)
    // What little there is is not to keep a large buffer.
    const lines = this.#length * 2 < this.#buffer.length ? Buffer.from(bytes) : bytes
    if (lines === bytes) this.#buffer = Buffer.alloc(0)
    this.#length = 0
    this.#count = 0
    return lines
  }

  #copyRun(): void {
    if (this.#run === undefined) return
    const { memory, start, end } = this.#run
    this.#run = undefined
    const bytes = end - start
    if (this.#length + bytes + 1 > this.#buffer.length) this.#enlarge(bytes + 1)
    this.#buffer.set(new Uint8Array(memory, start, bytes), this.#length)
    this.#length += bytes
    this.#buffer[this.#length++] = LF
  }

  #enlarge(bytes: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, 2 * this.#buffer.length, this.#length + bytes))
    this.#buffer.copy(larger, 0, 0, this.#length)
    this.#buffer = larger
  }
}

/** Records may lie side by side without being lines of one text. */
function isLine(memory: ArrayBufferLike, end: number): boolean {
  return new Uint8Array(memory, end, 1)[0] === LF
}
