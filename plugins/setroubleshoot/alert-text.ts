// An event as setroubleshootd is told of it: its records as sedispatch writes them, a line each, without what auditd has added
// behind the kernel's own text, which setroubleshootd would take for a part of the last value.

import type { AuditEvent, AuditRecord } from '../../src/sdk/index.js'

/** Analysing takes setroubleshootd seconds for each event; none of the kernel's comes near this. */
export const MAX_EVENT_BYTES = 1024 * 1024
const ENRICHED = 0x1d
/** An alert about setroubleshootd itself would make it look at files, and be told of that again; it even ends itself then. */
const OWN_TYPE = 'setroubleshootd_t'
const CONTEXTS = ['scontext', 'tcontext']

export type Alert =
  | { readonly kind: 'text'; readonly text: Buffer }
  | { readonly kind: 'other' }
  | { readonly kind: 'own' }
  | { readonly kind: 'too-long'; readonly bytes: number }

export function alertOf({ records }: Pick<AuditEvent, 'records'>, types: ReadonlySet<string>): Alert {
  if (!records.some(({ typeName }) => types.has(typeName))) return { kind: 'other' }
  if (records.some(isAboutSetroubleshoot)) return { kind: 'own' }
  const bytes = records.reduce((sum, record) => sum + record.bytes.length + 1, 0)
  if (bytes > MAX_EVENT_BYTES) return { kind: 'too-long', bytes }
  return { kind: 'text', text: Buffer.from(records.map((record) => `${textOf(record)}\n`).join('')) }
}

/** The bus takes UTF-8 without NULs, and disconnects whoever sends it anything else. */
function textOf({ bytes }: AuditRecord): string {
  const end = bytes.indexOf(ENRICHED)
  return bytes.toString('utf8', 0, end === -1 ? bytes.length : end).replaceAll('\0', '')
}

function isAboutSetroubleshoot(record: AuditRecord): boolean {
  return CONTEXTS.some((name) => record.get(name)?.split(':')[2] === OWN_TYPE)
}
