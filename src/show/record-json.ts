// A record as a JSON object, as it stands in an event and alone. The keys are those of the manual, and stay; new ones may come.

import type { AuditRecord, RecordField } from '../sdk/index.js'

/** What a record says, without the time and the serial that it shares with its event. */
export function recordJson(record: AuditRecord): object {
  const enriched = record.enrichedFields()
  return {
    type: record.typeName,
    fields: fieldsJson(record.fields()),
    enriched: enriched.length === 0 ? undefined : fieldsJson(enriched),
    text: record.bytes.toString('utf8'),
  }
}

/** A record alone, with its time and its serial. */
export function loneRecordJson(record: AuditRecord): object {
  return {
    time: new Date(record.timeMs).toISOString(),
    serial: record.serial,
    node: record.node === '' ? undefined : record.node,
    ...recordJson(record),
  }
}

/** Decoded values; of a name that stands more than once all of them, in an array. */
function fieldsJson(fields: readonly RecordField[]): object {
  const values = new Map<string, string | string[]>()
  for (const { key, text } of fields) {
    const before = values.get(key)
    if (Array.isArray(before)) before.push(text)
    else values.set(key, before === undefined ? text : [before, text])
  }
  // fromEntries defines: a field that is called __proto__ is one like others.
  return Object.fromEntries(values)
}
