// The beginning of a RECORD line, counted up in place: making each number's digits anew would cost more than the record. And
// the digits are only touched when somebody wants them: most dispatchers have no plugin of the line protocol.

const VERB = 'RECORD '
/** 2^53-1 has so many digits. */
const MAX_DIGITS = 16
/** To count up by more than this costs more than to make the digits anew. */
const MOST_STEPS = 8
const ZERO = 0x30
const NINE = 0x39
const BLANK = 0x20

export class RecordPrefix {
  readonly #bytes = Buffer.alloc(VERB.length + MAX_DIGITS + 1)
  /** Those bytes that count: a copy of a whole array makes no object, as one of a part of it would. */
  #line = this.#bytes
  #seq = 0
  /** The number that stands in #bytes. */
  #spelled = 0

  constructor() {
    this.#spell()
  }

  get seq(): number {
    return this.#seq
  }

  /** Bytes that write() takes. */
  get length(): number {
    this.#catchUp()
    return this.#line.length
  }

  /** One record further. */
  step(): number {
    return ++this.#seq
  }

  /** So many records further. */
  skip(records: number): number {
    this.#seq += records
    return this.#seq
  }

  /** Writes `RECORD <seq> ` at `at`; returns where it ends. */
  write(target: Buffer, at: number): number {
    this.#catchUp()
    target.set(this.#line, at)
    return at + this.#line.length
  }

  #catchUp(): void {
    if (this.#seq - this.#spelled > MOST_STEPS) this.#spell()
    while (this.#spelled < this.#seq) this.#countUp()
  }

  #countUp(): void {
    let at = this.#line.length - 2
    while (this.#bytes[at] === NINE) this.#bytes[at--] = ZERO
    const digit = this.#bytes[at]
    // All of them were nines.
    if (at < VERB.length || digit === undefined) return this.#spell()
    this.#bytes[at] = digit + 1
    this.#spelled++
  }

  #spell(): void {
    this.#spelled = this.#seq
    const text = `${VERB}${this.#seq}`
    this.#bytes.write(text, 'latin1')
    this.#bytes[text.length] = BLANK
    this.#line = this.#bytes.subarray(0, text.length + 1)
  }
}
