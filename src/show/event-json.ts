// An event as one JSON object on one line, in ASCII: whatever a terminal or a log could stumble over stands as \uXXXX. The keys
// are those of the manual, and stay; new ones may come.

import type { AuditEvent, AuditRecord, RecordField } from '../sdk/index.js'
import { summaryOf } from './summary.js'

const BEYOND_ASCII = /[^\x20-\x7e]/g

/** Without its LF. What is undefined is left out. */
export function eventJson(event: AuditEvent): string {
  const {
    type,
    syscall,
    access,
    result,
    error,
    auid,
    uid,
    pid,
    exe,
    comm,
    acct,
    cwd,
    command,
    title,
    paths,
    address,
    keys,
  } = summaryOf(event) ?? { paths: [], keys: [] }
  return ascii({
    time: new Date(event.timeMs).toISOString(),
    serial: event.serial,
    node: event.node === '' ? undefined : event.node,
    type,
    syscall,
    access,
    result,
    error,
    auid,
    uid,
    pid: pid === undefined ? undefined : numberIn(pid),
    exe,
    comm,
    acct,
    address,
    cwd,
    command,
    title,
    paths: paths.length === 0 ? undefined : paths,
    keys: keys.length === 0 ? undefined : keys,
    incomplete: event.incomplete,
    late: event.isLate ? true : undefined,
    records: event.records.map(recordJson),
  })
}

function recordJson(record: AuditRecord): object {
  const enriched = record.enrichedFields()
  return {
    type: record.typeName,
    fields: fieldsJson(record.fields()),
    enriched: enriched.length === 0 ? undefined : fieldsJson(enriched),
    text: record.bytes.toString('utf8'),
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

function numberIn(text: string): number | string {
  return /^\d{1,10}$/.test(text) ? Number(text) : text
}

function ascii(value: object): string {
  // Outside of strings JSON is ASCII.
  return JSON.stringify(value).replaceAll(BEYOND_ASCII, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
