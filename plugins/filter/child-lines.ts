// What the child gets, as one long stream of whole lines: what waits, and what was written lately, which a child that dies
// may not have read. Offsets count from the first byte that was ever kept.

/** As much of what was written is held as a pipe can hold unread; one that somebody has enlarged may hold more. */
const HELD_BYTES = 1024 * 1024
/** Small pieces share memory: one that waits costs what it has bytes, and many that wait are few chunks. */
const SHARED_BYTES = 64 * 1024
const LF = 0x0a

interface Chunk {
  readonly at: number
  bytes: Buffer
  /** Where `bytes` lie, and what comes next may lie behind them. */
  readonly memory: Buffer
}

export class ChildLines {
  readonly #chunks: Chunk[] = []
  /** The chunk that `#next` is in. */
  #index = 0
  #end = 0
  #next = 0
  #farthest = 0

  /** Where the stream ends that has been kept so far. */
  get end(): number {
    return this.#end
  }

  /** All up to here was written to some child. */
  get farthest(): number {
    return this.#farthest
  }

  get waitingBytes(): number {
    return this.#end - this.#next
  }

  /** Whole lines, which belong to this from now on. */
  push(bytes: Buffer): void {
    if (bytes.length === 0) return
    if (bytes.length >= SHARED_BYTES / 2) this.#chunks.push({ at: this.#end, bytes, memory: bytes })
    else this.#share(bytes)
    this.#end += bytes.length
  }

  /** What is to be written next; undefined if nothing waits. */
  first(): { readonly bytes: Buffer; readonly start: number } | undefined {
    const chunk = this.#chunks[this.#index]
    return chunk === undefined ? undefined : { bytes: chunk.bytes, start: this.#next - chunk.at }
  }

  wrote(count: number): void {
    this.#next += count
    this.#farthest = Math.max(this.#farthest, this.#next)
    this.#advance()
    for (let oldest = this.#chunks[0]; oldest !== undefined; oldest = this.#chunks[0]) {
      if (endOf(oldest) > this.#next - HELD_BYTES) return
      this.#chunks.shift()
      this.#index--
    }
  }

  /**
   * The child is gone and has left `unread` bytes: the next one begins with the record that this one had not read whole.
   * Returns how many bytes are not held any more, which is none unless somebody has enlarged the pipe.
   */
  takeBack(unread: number): number {
    const read = this.#next - unread
    const index = this.#chunks.findIndex((each) => endOf(each) > read)
    const chunk = this.#chunks[index]
    if (chunk === undefined) return 0
    this.#index = index
    const lost = Math.max(0, chunk.at - read)
    const within = Math.max(0, read - chunk.at)
    this.#next = chunk.at + (within === 0 ? 0 : chunk.bytes.lastIndexOf(LF, within - 1) + 1)
    return lost
  }

  /** Forgets what waits: nobody comes any more. Counts the lines that some child was written before, and the others. */
  drop(): { readonly writtenBefore: number; readonly neverWritten: number } {
    let [writtenBefore, neverWritten] = [0, 0]
    for (const { at, bytes } of this.#chunks.splice(0)) {
      const from = Math.max(0, this.#next - at)
      const border = Math.min(bytes.length, Math.max(from, this.#farthest - at))
      writtenBefore += linesIn(bytes, from, border)
      neverWritten += linesIn(bytes, border, bytes.length)
    }
    this.#index = 0
    this.#next = this.#end
    return { writtenBefore, neverWritten }
  }

  #share(bytes: Buffer): void {
    let last = this.#chunks.at(-1)
    if (last === undefined || last.bytes.length + bytes.length > last.memory.length) {
      const memory = Buffer.allocUnsafeSlow(SHARED_BYTES)
      last = { at: this.#end, bytes: memory.subarray(0, 0), memory }
      this.#chunks.push(last)
    }
    const { length } = last.bytes
    bytes.copy(last.memory, length)
    last.bytes = last.memory.subarray(0, length + bytes.length)
    // What was written whole before has something to be written again.
    this.#index = Math.min(this.#index, this.#chunks.length - 1)
  }

  #advance(): void {
    for (let chunk = this.#chunks[this.#index]; chunk !== undefined; chunk = this.#chunks[this.#index]) {
      if (endOf(chunk) > this.#next) return
      this.#index++
    }
  }
}

function endOf({ at, bytes }: Chunk): number {
  return at + bytes.length
}

function linesIn(bytes: Buffer, start: number, end: number): number {
  let lines = 0
  for (let at = bytes.indexOf(LF, start); at !== -1 && at < end; at = bytes.indexOf(LF, at + 1)) lines++
  return lines
}
