// An event as one JSON object on one line, in ASCII: whatever a terminal or a log could stumble over stands as \uXXXX. The keys
// are those of the manual, and stay; new ones may come.

import type { AuditEvent } from '../sdk/index.js'
import { asciiJson } from './ascii-json.js'
import { recordJson } from './record-json.js'
import { summaryOf } from './summary.js'

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
  return asciiJson({
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

function numberIn(text: string): number | string {
  return /^\d{1,10}$/.test(text) ? Number(text) : text
}
