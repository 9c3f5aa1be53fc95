// Tells the type of a record by its bytes, before any text is made of them: for types written as the kernel and auditd write
// them, behind a node without odd bytes. Whoever finds nothing here reads the record's beginning in full.

const NODE = Buffer.from('node=')
const TYPE = Buffer.from('type=')
const BLANK = 0x20
/** What has other characters may be read as a number, or end a record. */
const USUAL_TYPE = /^[A-Z][A-Z0-9_]*$/
const MAX_TYPE_BYTES = 32
const FACTOR = 31
const SLOTS = 4096
const SLOT_MASK = SLOTS - 1

interface Known<Value> {
  readonly name: Buffer
  readonly value: Value
}

/** Values by the types of records. */
export class UsualTypes<Value> {
  /** By what is made of the name; the first name that comes has the slot. */
  readonly #known: (Known<Value> | undefined)[] = Array.from({ length: SLOTS }, () => undefined)

  add(type: string, value: Value): void {
    if (!USUAL_TYPE.test(type) || type.length > MAX_TYPE_BYTES) return
    const name = Buffer.from(type, 'latin1')
    const slot = hashOf(name) & SLOT_MASK
    this.#known[slot] ??= { name, value }
  }

  /** The value for the type of a record; undefined if it is not known. */
  find(record: Uint8Array): Value | undefined {
    const start = typeStart(record)
    if (start === NOT_FOUND) return undefined
    let hash = 0
    let end = start
    const most = Math.min(record.length, start + MAX_TYPE_BYTES + 1)
    for (; end < most && record[end] !== BLANK; end++) hash = added(hash, record[end] ?? 0)
    const known = this.#known[hash & SLOT_MASK]
    if (known === undefined || known.name.length !== end - start || record[end] !== BLANK) return undefined
    return isAt(record, start, known.name) ? known.value : undefined
  }
}

const NOT_FOUND = -1

/** Where the type begins; NOT_FOUND behind a node that may end the record for an expression. */
function typeStart(record: Uint8Array): number {
  let at = 0
  if (isAt(record, 0, NODE)) {
    for (at = NODE.length; at < record.length && record[at] !== BLANK; at++)
      if ((record[at] ?? 0) < BLANK) return NOT_FOUND
    at += 1
  }
  return isAt(record, at, TYPE) ? at + TYPE.length : NOT_FOUND
}

function isAt(record: Uint8Array, start: number, wanted: Uint8Array): boolean {
  for (let index = 0; index < wanted.length; index++) if (record[start + index] !== wanted[index]) return false
  return true
}

function hashOf(name: Uint8Array): number {
  return name.reduce((hash, byte) => added(hash, byte), 0)
}

function added(hash: number, byte: number): number {
  return (Math.imul(hash, FACTOR) + byte) | 0
}
