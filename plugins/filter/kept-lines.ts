// What is kept of a batch, copied together for the child: one buffer a batch, however many records are in it. Records that
// lie one behind the other are copied at once.

const LF = 0x0a
/** Most batches are no larger than what is read at a time, and the line that was not whole before. */
const FIRST_BYTES = 80 * 1024
const NOTHING = new Uint8Array(0)
/** No record ends so that another one could lie behind it. */
const NO_RUN = -2

export class KeptLines {
  #buffer: Buffer
  #length = 0
  #count = 0
  /** Where the records lie that are copied next, from a record's beginning to the end of another one, without its LF. */
  #memory: Uint8Array = NOTHING
  #start = 0
  #end = NO_RUN

  constructor() {
    this.#buffer = Buffer.alloc(0)
  }

  /** How many records there are. */
  get count(): number {
    return this.#count
  }

  /** Records without their LFs. They must not change before `take`, nor what lies behind them in their memory. */
  add(records: readonly Buffer[]): void {
    this.#count += records.length
    for (const record of records) {
      const { byteOffset, length } = record
      // Records may lie side by side without being lines of one text.
      if (byteOffset !== this.#end + 1 || record.buffer !== this.#memory.buffer || this.#memory[this.#end] !== LF) {
        this.#copyRun()
        if (record.buffer !== this.#memory.buffer) this.#memory = new Uint8Array(record.buffer)
        this.#start = byteOffset
      }
      this.#end = byteOffset + length
    }
  }

  /** All lines, for good; this is empty then. */
  take(): Buffer {
    this.#copyRun()
    const bytes = this.#buffer.subarray(0, this.#length)
    // What little there is is not to keep a large buffer.
    const lines = this.#length * 2 < this.#buffer.length ? Buffer.from(bytes) : bytes
    if (lines === bytes) this.#buffer = Buffer.alloc(0)
    this.#memory = NOTHING
    this.#length = 0
    this.#count = 0
    return lines
  }

  #copyRun(): void {
    if (this.#end === NO_RUN) return
    const bytes = this.#end - this.#start
    if (this.#length + bytes + 1 > this.#buffer.length) this.#enlarge(bytes + 1)
    this.#buffer.set(this.#memory.subarray(this.#start, this.#end), this.#length)
    this.#length += bytes
    this.#buffer[this.#length++] = LF
    this.#end = NO_RUN
  }

  #enlarge(bytes: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, 2 * this.#buffer.length, this.#length + bytes))
    this.#buffer.copy(larger, 0, 0, this.#length)
    this.#buffer = larger
  }
}
