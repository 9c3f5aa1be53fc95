// The beginning of a RECORD line, counted up in place: making each number's digits anew would cost more than the record.

const VERB = 'RECORD '
/** 2^53-1 has so many digits. */
const MAX_DIGITS = 16
const ZERO = 0x30
const NINE = 0x39
const BLANK = 0x20

export class RecordPrefix {
  readonly #bytes = Buffer.alloc(VERB.length + MAX_DIGITS + 1)
  #length = 0
  #seq = 0

  constructor() {
    this.#spell(0)
  }

  get seq(): number {
    return this.#seq
  }

  /** Bytes that write() takes. */
  get length(): number {
    return this.#length
  }

  /** One record further. */
  step(): number {
    this.#seq++
    let at = this.#length - 2
    while (this.#bytes[at] === NINE) this.#bytes[at--] = ZERO
    const digit = this.#bytes[at]
    if (at < VERB.length || digit === undefined) this.#spell(this.#seq)
    else this.#bytes[at] = digit + 1
    return this.#seq
  }

  /** So many records further. */
  skip(records: number): number {
    this.#seq += records
    this.#spell(this.#seq)
    return this.#seq
  }

  /** Writes `RECORD <seq> ` at `at`; returns where it ends. */
  write(target: Buffer, at: number): number {
    return at + this.#bytes.copy(target, at, 0, this.#length)
  }

  #spell(seq: number): void {
    const text = `${VERB}${seq}`
    this.#bytes.write(text, 'latin1')
    this.#bytes[text.length] = BLANK
    this.#length = text.length + 1
  }
}
