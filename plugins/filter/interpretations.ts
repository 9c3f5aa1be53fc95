// What fields of one type of record mean, remembered by their bytes: to interpret a field takes a list of all fields in
// strings, which is many times the work of a look into a table. Most meanings depend on nothing but the field's name, the
// record's type, the value and what auditd added about it; a system call's also on the architecture before it. What depends
// on more is not remembered. How much is remembered is bounded: at the bound all is forgotten.

import { auparseKind } from '../../src/sdk/interpret/auparse-kinds.js'
import { recordTypeNumber } from '../../src/protocol/record-type.js'
import { auparseFields } from '../../src/sdk/interpret/auparse-fields.js'
import type { AuparseFields } from '../../src/sdk/interpret/auparse-fields.js'
import type { AuparseKind } from '../../src/sdk/interpret/auparse-kinds.js'
import { textCopy } from './field-scan.js'
import type { FieldScan } from './field-scan.js'
import type { FieldInterpreter } from './subject.js'

/** Of one field in records of one type. */
const MAX_REMEMBERED = 1024
/** A longer value is not likely to come again. */
const MAX_KEY_CHARACTERS = 256
const CWD = recordTypeNumber('CWD')
const QUOTE = '"'
const QUOTE_CODE = 0x22
const NUL = '\0'
/** What `arch=` and ` syscall=` take between values. */
const ARCH_NAME_BYTES = 5
const SYSCALL_NAME_BYTES = 9
const QUOTED_KINDS: ReadonlySet<AuparseKind> = new Set(['escaped', 'escaped-key', 'escaped-file', 'proctitle'])
const DEPENDENT_KINDS: ReadonlySet<AuparseKind> = new Set(['syscall', 'arch', 'a0', 'a1', 'a2', 'a3'])

/** Where the record is that is asked about. */
export interface Place {
  readonly text: string
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
  /** By slot. */
  readonly #memories: readonly Map<string, string>[]
  #place: Place = { text: '', bodyStart: 0 }
  #fields: AuparseFields | undefined

  constructor(type: number, scan: FieldScan, interpreter: FieldInterpreter) {
    this.#type = type
    this.#scan = scan
    this.#interpreter = interpreter
    this.#archSlot = scan.names.indexOf('arch')
    this.#kinds = scan.names.map((name) => auparseKind(type, name, '"'))
    // In a CWD record paths are put together.
    this.#quoted = this.#kinds.map((kind) => type !== CWD && QUOTED_KINDS.has(kind))
    this.#memories = scan.names.map(() => new Map<string, string>())
  }

  /** Goes on to the next record. */
  begin(place: Place): void {
    this.#place = place
    this.#fields = undefined
  }

  /** Whether a value means what stands between its quotes, but for control characters: up to where; -1 if not. */
  quotedEnd(slot: number): number {
    if (this.#quoted[slot] !== true) return -1
    const scan = this.#scan
    const source = scan.source(slot)
    const start = scan.start(slot)
    if (source.charCodeAt(start) !== QUOTE_CODE || scan.added(slot) !== undefined) return -1
    const quote = source.indexOf(QUOTE, start + 1)
    return quote < scan.end(slot) ? quote : -1
  }

  /** What a field means that the record has, in latin1. */
  text(slot: number): string {
    const memory = this.#memories[slot]
    const key = this.#key(slot)
    if (memory === undefined || key === undefined) return this.#interpret(slot)
    const known = memory.get(key)
    if (known !== undefined) return known
    const text = this.#interpret(slot)
    if (memory.size >= MAX_REMEMBERED) memory.clear()
    // The key is a part of a record's text, which is not to be kept for it.
    memory.set(textCopy(key), text)
    return text
  }

  #interpret(slot: number): string {
    this.#fields ??= auparseFields(this.#place.text)
    const name = this.#scan.names[slot]
    return this.#interpreter.interpret(
      this.#fields,
      this.#fields.findIndex((field) => field.name === name),
    )
  }

  /** All that the meaning depends on; undefined if it cannot be told. */
  #key(slot: number): string | undefined {
    const scan = this.#scan
    const kind = this.#kinds[slot]
    if (kind === undefined || this.#type === CWD) return undefined
    let key = scan.value(slot)
    // Between values stands what no value has, but a key that was decoded.
    if (key.includes(NUL)) return undefined
    if (DEPENDENT_KINDS.has(kind)) {
      if (!this.#isSystemCall(slot)) return undefined
      key += `${NUL}${scan.value(this.#archSlot)}`
    }
    const added = scan.added(slot)
    if (added !== undefined) key += `${NUL}${added}`
    return key.length > MAX_KEY_CHARACTERS ? undefined : key
  }

  /** Whether `arch` and `syscall` stand where libauparse looks for them first, and nowhere else. */
  #isSystemCall(slot: number): boolean {
    const scan = this.#scan
    const arch = this.#archSlot
    const kind = this.#kinds[slot]
    if ((kind !== 'syscall' && kind !== 'arch') || arch === -1 || !scan.has(arch) || scan.isRepeated(arch)) return false
    const { text, bodyStart } = this.#place
    if (scan.source(arch) !== text || scan.start(arch) !== bodyStart + 1 + ARCH_NAME_BYTES) return false
    return kind === 'arch' || scan.start(slot) === scan.end(arch) + SYSCALL_NAME_BYTES
  }
}
