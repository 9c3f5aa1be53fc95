// What the interpretation of a field takes from the rest of its record. libauparse finds it by where fields stand: `arch` is
// the second field or the eleventh, as SYSCALL and SECCOMP have it, `syscall` the one after it, `a0` the sixth, each one
// later after a `node`. A `per` before `a0`, or a SECCOMP without `subj`, and it sees none of them.

import { auparseType, nodeFields } from './auparse-fields.js'
import type { AuparseFields } from './auparse-fields.js'
import { lowBits, wholeNumber } from './c-number.js'
import { enrichedNames } from './enriched-names.js'
import { machineOf, syscallOf } from './machine.js'
import type { Machine } from './machine.js'

const ARCH_AT = [10, 1]
const SYSCALL_AT = [11, 2]
const A0_AT = [5]
const A1_AT = [6]
const NO_SYSCALL = -1
const OUT_OF_RANGE = 2n ** 64n - 1n

/** What one record tells about each of its fields. */
export class RecordContext {
  readonly #fields: AuparseFields
  readonly #nodes: number
  #enriched: ReadonlyMap<string, string> | undefined
  readonly type: number

  constructor(fields: AuparseFields) {
    this.#fields = fields
    this.#nodes = nodeFields(fields)
    this.type = auparseType(fields)
  }

  /** What auditd wrote about a field when it took the record down. */
  enriched(name: string): string | undefined {
    this.#enriched ??= enrichedNames(this.#fields.enriched)
    return this.#enriched.get(name)
  }

  /** Undefined without an architecture, and with one that libauparse does not know. */
  get machine(): Machine | undefined {
    const value = this.#valueAt('arch', ARCH_AT)
    const arch = value === undefined ? undefined : lowBits(value, 16)
    return arch === undefined ? undefined : machineOf(arch)
  }

  /** The number of the system call, as C keeps it in an `int`; -1 without one. */
  get syscall(): number {
    const value = this.#valueAt('syscall', SYSCALL_AT)
    const call = value === undefined ? undefined : lowBits(value, 10)
    return call === undefined ? NO_SYSCALL : call | 0
  }

  get syscallName(): string | undefined {
    const { machine } = this
    return machine === undefined ? undefined : syscallOf(machine, this.syscall)
  }

  get a0(): bigint {
    return this.#argument('a0', A0_AT)
  }

  get a1(): bigint {
    return this.#argument('a1', A1_AT)
  }

  #argument(name: string, places: readonly number[]): bigint {
    const value = this.#valueAt(name, places)
    return value === undefined ? 0n : (wholeNumber(value, 16) ?? OUT_OF_RANGE)
  }

  /** Of the last of these places where a field of this name stands. */
  #valueAt(name: string, places: readonly number[]): string | undefined {
    for (const place of places) {
      const field = this.#fields[place + this.#nodes]
      if (field?.name === name) return field.value
    }
    return undefined
  }
}
