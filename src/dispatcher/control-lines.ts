/** Bytes of lines that may wait to be written beside the records; a plugin that asks and does not read comes to it. */
const MAX_WAITING_BYTES = 1024 * 1024

/** What the dispatcher has to say to a plugin beside records: it goes first, but never into the middle of a record. */
export class ControlLines {
  #lines: Buffer[] = []
  #bytes = 0
  /** Bytes of the first line that have been written. */
  #written = 0
  /** The newest ACK, which makes those before it needless; 0 is none. */
  #ack = 0

  get isEmpty(): boolean {
    return this.#lines.length === 0 && this.#ack === 0
  }

  /** Fixes the line to be written next: an ACK that waits becomes a line here, and a newer one is one more. */
  fixNext(): Buffer | undefined {
    if (this.#lines.length === 0) this.#fixAck()
    return this.#lines[0]
  }

  /** Everything up to `n` is settled. */
  setAck(n: number): void {
    this.#ack = n
  }

  /** Where in the first line to go on. */
  get from(): number {
    return this.#written
  }

  /** More than a plugin has waiting that reads. */
  get isLong(): boolean {
    return this.#bytes > MAX_WAITING_BYTES / 4
  }

  get isFull(): boolean {
    return this.#bytes > MAX_WAITING_BYTES
  }

  /** An ACK that waits goes before it: nothing may come behind a STOP. */
  push(line: string): void {
    this.#fixAck()
    this.#add(line)
  }

  wrote(count: number): void {
    this.#written += count
    const first = this.#lines[0]
    if (first === undefined || this.#written < first.length) return
    this.#lines.shift()
    this.#bytes -= first.length
    this.#written = 0
  }

  clear(): void {
    this.#lines = []
    this.#bytes = 0
    this.#written = 0
    this.#ack = 0
  }

  #fixAck(): void {
    if (this.#ack > 0) this.#add(`ACK ${this.#ack}\n`)
    this.#ack = 0
  }

  #add(line: string): void {
    const bytes = Buffer.from(line)
    this.#lines.push(bytes)
    this.#bytes += bytes.length
  }
}
