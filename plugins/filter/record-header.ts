// The beginning of a record, `[node=NAME ]type=TYPE msg=audit(SECONDS.MILLIS:SERIAL)`, taken apart where it stands.
// What it takes for a record is what `readRecord` takes; a test says so. What the last record had as well is not looked at
// again: most records have the node of the one before, and most of an event its stamp.

const NODE = 'node='
const TYPE = 'type='
const TIME = ' msg=audit('
const BLANK = ' '
const COLON_CODE = 0x3a
const BLANK_CODE = 0x20
const MAX_HEADER_BYTES = 1024
const STAMP = /^(\d{1,12})\.(\d{1,3}):(\d{1,16})$/
/** Ends a record for an expression where no record has it, or is nothing that `readRecord` reads. */
// oxlint-disable-next-line no-control-regex -- these are what is looked for
const CONTROL = /[\x00-\x1f]/

/** One is enough for all records, one after the other. */
export class RecordHeader {
  /** The whole record in latin1: a character a byte. */
  text = ''
  /** Where the node stands; the same twice if the record has none. */
  nodeStart = 0
  nodeEnd = 0
  typeStart = 0
  typeEnd = 0
  /** As it is written. */
  type = ''
  /** Where the first word behind `msg=audit(...)` may begin. */
  bodyStart = 0
  /** Whether bytes stand in node or type that end a record for an expression. */
  isStrange = false
  #node = ''
  #isNodeStrange = false
  #stamp = ''
  #isStamp = false
  #numbers: readonly number[] | undefined

  get seconds(): number {
    return this.#number(0)
  }

  get millis(): number {
    return this.#number(1)
  }

  get serial(): number {
    return this.#number(2)
  }

  /** Reads the beginning of a record; false if it is none. */
  read(bytes: Buffer): boolean {
    const text = bytes.toString('latin1')
    this.text = text
    this.isStrange = false
    this.nodeStart = 0
    this.nodeEnd = 0
    let at = 0
    if (text.startsWith(NODE)) {
      this.nodeStart = NODE.length
      this.nodeEnd = blankIn(text, NODE.length)
      this.#seeNode(text.slice(NODE.length, this.nodeEnd))
      at = this.nodeEnd + 1
    }
    if (!text.startsWith(TYPE, at)) return false
    this.typeStart = at + TYPE.length
    this.typeEnd = blankIn(text, this.typeStart)
    if (this.typeEnd === this.typeStart || !text.startsWith(TIME, this.typeEnd)) return false
    this.type = text.slice(this.typeStart, this.typeEnd)
    const stampStart = this.typeEnd + TIME.length
    const stampEnd = text.indexOf(')', stampStart)
    if (stampEnd === -1 || stampEnd >= MAX_HEADER_BYTES) return false
    if (!this.#seeStamp(text.slice(stampStart, stampEnd))) return false
    const next = stampEnd + 1
    const isUsual = text.charCodeAt(next) === COLON_CODE && text.charCodeAt(next + 1) === BLANK_CODE
    this.bodyStart = isUsual ? next + 1 : blankIn(text, next)
    if (!isUsual && CONTROL.test(text.slice(next, this.bodyStart))) this.isStrange = true
    return true
  }

  #seeNode(node: string): void {
    if (node !== this.#node) {
      this.#node = node
      this.#isNodeStrange = CONTROL.test(node)
    }
    if (this.#isNodeStrange) this.isStrange = true
  }

  #seeStamp(stamp: string): boolean {
    if (stamp === this.#stamp) return this.#isStamp
    this.#stamp = stamp
    this.#numbers = undefined
    this.#isStamp = STAMP.test(stamp) && Number.isSafeInteger(Number(stamp.slice(stamp.indexOf(':') + 1)))
    return this.#isStamp
  }

  #number(index: number): number {
    this.#numbers ??= (STAMP.exec(this.#stamp) ?? []).slice(1).map(Number)
    return this.#numbers[index] ?? 0
  }
}

/** Whether a type as it is written makes a record strange. */
export function isStrangeType(type: string): boolean {
  return CONTROL.test(type)
}

function blankIn(text: string, from: number): number {
  const found = text.indexOf(BLANK, from)
  return found === -1 ? text.length : found
}
