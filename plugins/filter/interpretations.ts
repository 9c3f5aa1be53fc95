// What fields of one type of record mean, remembered by their bytes: to interpret a field takes a list of all fields in
// strings, which is many times the work of a look into a table. Most meanings depend on nothing but the field's name, the
// record's type, the value and what auditd added about it; a system call's also on the architecture before it. What depends
// on more is not remembered. How much is remembered is bounded: at the bound all is forgotten.

import { auparseKind } from '../../src/sdk/interpret/auparse-kinds.js'
import { recordTypeNumber } from '../../src/protocol/record-type.js'
import { ByteTable } from './byte-table.js'
import { allFields } from './field-scan.js'
import type { AuparseFields } from '../../src/sdk/interpret/auparse-fields.js'
import type { AuparseKind } from '../../src/sdk/interpret/auparse-kinds.js'
import type { FieldScan } from './field-scan.js'
import type { FieldInterpreter } from './subject.js'

/** Of one field in records of one type. */
const MAX_REMEMBERED = 1024
/** A longer value is not likely to come again. */
const MAX_KEY_BYTES = 256
const CWD = recordTypeNumber('CWD')
const QUOTE = 0x22
const SEPARATOR = 0x1d
/** What `arch=` and ` syscall=` take between values. */
const ARCH_NAME_BYTES = 5
const SYSCALL_NAME_BYTES = 9
const QUOTED_KINDS: ReadonlySet<AuparseKind> = new Set(['escaped', 'escaped-key', 'escaped-file', 'proctitle'])
const DEPENDENT_KINDS: ReadonlySet<AuparseKind> = new Set(['syscall', 'arch', 'a0', 'a1', 'a2', 'a3'])

/** The meanings of one field. */
interface Memory {
  table: ByteTable
  texts: string[]
}

/** Where the record is that is asked about. */
export interface Place {
  readonly bytes: Uint8Array
  readonly bodyStart: number
}

/** For records of one type and the fields that are wanted of them. */
export class Interpretations {
  readonly #type: number
  readonly #scan: FieldScan
  readonly #interpreter: FieldInterpreter
  readonly #archSlot: number
  readonly #kinds: readonly AuparseKind[]
  readonly #quoted: readonly boolean[]
  readonly #memories: readonly Memory[]
  readonly #key = new Uint8Array(MAX_KEY_BYTES)
  #fieldsOf: Uint8Array | undefined
  #fields: AuparseFields | undefined

  constructor(type: number, scan: FieldScan, interpreter: FieldInterpreter) {
    this.#type = type
    this.#scan = scan
    this.#interpreter = interpreter
    this.#archSlot = scan.names.indexOf('arch')
    this.#kinds = scan.names.map((name) => auparseKind(type, name, '"'))
    // In a CWD record paths are put together.
    this.#quoted = this.#kinds.map((kind) => type !== CWD && QUOTED_KINDS.has(kind))
    this.#memories = scan.names.map(() => ({ table: new ByteTable(), texts: [] }))
  }

  /** Forgets the fields of the last record. */
  begin(): void {
    this.#fieldsOf = undefined
  }

  /** Whether a value means what stands between its quotes, but for control characters: up to which byte; -1 if not. */
  quotedEnd(slot: number): number {
    const scan = this.#scan
    const source = scan.source(slot)
    const start = scan.start(slot)
    if (this.#quoted[slot] !== true || source[start] !== QUOTE || scan.hasAdded(slot)) return -1
    const end = scan.end(slot)
    for (let at = start + 1; at < end; at++) if (source[at] === QUOTE) return at
    return -1
  }

  /** What a field means that the record has, in latin1. */
  text(slot: number, place: Place): string {
    const length = this.#writeKey(slot, place)
    if (length === -1) return this.#interpret(slot, place)
    const memory = this.#memories[slot]
    if (memory === undefined) return this.#interpret(slot, place)
    const known = memory.table.find(this.#key, 0, length)
    if (known !== -1) return memory.texts[known] ?? ''
    const text = this.#interpret(slot, place)
    if (memory.texts.length >= MAX_REMEMBERED) {
      memory.texts = []
      memory.table = new ByteTable()
    }
    memory.table.add(this.#key.subarray(0, length), memory.texts.push(text) - 1)
    return text
  }

  #interpret(slot: number, { bytes }: Place): string {
    if (this.#fieldsOf !== bytes || this.#fields === undefined) {
      this.#fieldsOf = bytes
      this.#fields = allFields(bytes)
    }
    const name = this.#scan.names[slot]
    return this.#interpreter.interpret(
      this.#fields,
      this.#fields.findIndex((field) => field.name === name),
    )
  }

  /** Writes all that the meaning depends on, and returns how much that is; -1 if it cannot be told. */
  #writeKey(slot: number, place: Place): number {
    const scan = this.#scan
    const kind = this.#kinds[slot]
    if (kind === undefined || this.#type === CWD) return -1
    let length = this.#write(scan.source(slot), scan.start(slot), scan.end(slot), 0)
    if (DEPENDENT_KINDS.has(kind)) {
      if (!this.#isSystemCall(slot, place)) return -1
      length = this.#write(scan.source(this.#archSlot), scan.start(this.#archSlot), scan.end(this.#archSlot), length)
    }
    return scan.hasAdded(slot) ? this.#write(place.bytes, scan.addedStart(slot), scan.addedEnd(slot), length) : length
  }

  #write(bytes: Uint8Array, start: number, end: number, length: number): number {
    if (length === -1 || length + end - start >= MAX_KEY_BYTES) return -1
    const key = this.#key
    let to = length
    for (let at = start; at < end; at++) key[to++] = bytes[at] ?? 0
    // No value has this byte, so two values are never taken for one.
    key[to] = SEPARATOR
    return to + 1
  }

  /** Whether `arch` and `syscall` stand where libauparse looks for them first, and nowhere else. */
  #isSystemCall(slot: number, { bytes, bodyStart }: Place): boolean {
    const scan = this.#scan
    const arch = this.#archSlot
    const kind = this.#kinds[slot]
    if ((kind !== 'syscall' && kind !== 'arch') || arch === -1 || !scan.has(arch) || scan.isRepeated) return false
    if (scan.source(arch) !== bytes || scan.start(arch) !== bodyStart + 1 + ARCH_NAME_BYTES) return false
    return kind === 'arch' || scan.start(slot) === scan.end(arch) + SYSCALL_NAME_BYTES
  }
}
