import { auparseFields } from '../../src/sdk/interpret/auparse-fields.js'
import { readRecord } from '../../src/protocol/record-fields.js'
import { NO_TYPE, typeNumber } from './type-number.js'
import type { AuparseFields } from '../../src/sdk/interpret/auparse-fields.js'

const ENRICHED_SEPARATOR = 0x1d
const NUL = 0

/** Says what a field means: `Interpreter` of the SDK. */
export interface FieldInterpreter {
  interpret(fields: AuparseFields, index: number): string
}

/** A record as clauses see it. */
export interface Subject {
  readonly fields: AuparseFields
  readonly type: number
  readonly typeName: string
  readonly seconds: number
  readonly millis: number
  readonly serial: number
  /** What regular expressions are looked for in: the record up to what auditd added. */
  readonly bytes: Buffer
}

/** Reads a record; undefined for what is none. */
export function readSubject(record: Buffer): Subject | undefined {
  const header = readRecord(record)
  if (header === undefined) return undefined
  const { seconds, millis, serial, typeName } = header
  const fields = auparseFields(record)
  const bytes = record.subarray(0, subjectEnd(record))
  return { fields, type: fieldsType(fields), typeName, seconds, millis, serial, bytes }
}

/** Where a record ends for an expression: at what auditd added, or at a byte 0. */
function subjectEnd(record: Buffer): number {
  const nul = record.indexOf(NUL)
  const end = nul === -1 ? record.length : nul
  const separator = record.indexOf(ENRICHED_SEPARATOR)
  return separator === -1 ? end : Math.min(end, separator)
}

/** `type` is the first field, or the second behind `node`. */
function fieldsType(fields: AuparseFields): number {
  const field = fields[fields[0]?.name === 'node' ? 1 : 0]
  return field?.name === 'type' ? typeNumber(field.value) : NO_TYPE
}
