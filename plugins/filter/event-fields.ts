// What rules that tell take out of an event. Only what matched is read into objects.

import { harmlessText } from '../../src/protocol/harmless-text.js'
import { readRecord, type AuditRecord } from '../../src/sdk/index.js'

const MAX_SHOWN_CHARACTERS = 600
/** auditd's separator between a record and what it has added to it. */
const ENRICHED_SEPARATOR = 0x1d

export function recordsOf(records: readonly Buffer[]): readonly AuditRecord[] {
  return records.map((bytes) => readRecord(bytes)).filter((record) => record !== undefined)
}

/** The decoded value of the first field of this name in the event; undefined if no record has one. */
export function fieldIn(records: readonly AuditRecord[], name: string): string | undefined {
  for (const record of records) {
    if (name === 'type') return record.typeName
    const text = name === 'node' ? record.node : record.text(name)
    if (text !== undefined) return text
  }
  return undefined
}

/** What tells this event from others by these fields. */
export function keyOf(records: readonly Buffer[], fields: readonly string[]): string {
  if (fields.length === 0) return ''
  const parsed = recordsOf(records)
  return JSON.stringify(fields.map((field) => fieldIn(parsed, field) ?? null))
}

/** The event in one line for people: its first record as the kernel wrote it. */
export function shownEvent(records: readonly Buffer[]): string {
  const [first = Buffer.alloc(0)] = records
  const separator = first.indexOf(ENRICHED_SEPARATOR)
  const text = (separator === -1 ? first : first.subarray(0, separator)).toString('utf8')
  const more = records.length > 1 ? ` (and ${records.length - 1} more records)` : ''
  return `${harmlessText(text, MAX_SHOWN_CHARACTERS)}${more}`
}
