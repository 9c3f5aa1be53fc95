// What the troubles of a stream on stdin mean, in words for an admin, and which of them cost records.

import type { StreamTrouble } from './stream-trouble.js'

export const TROUBLE_MEANING: Record<StreamTrouble['code'], string> = {
  'unknown-version': 'stdin: a header of an unknown version; looking for the next one that can be believed',
  'bad-header-length': 'stdin: a header that is not 16 bytes long; looking for the next one that can be believed',
  oversize: 'stdin: a header claims more bytes than a record can have; looking for the next one that can be believed',
  resynchronised: 'stdin: records are read again; what lay between is lost',
  'damaged-payload': 'stdin: a record covers the beginning of another one; left out, reading on from that one',
  'torn-end': 'stdin ended in the middle of a record; it is not passed on',
  unrecognised: 'stdin ended within bytes that are no record',
  'partial-line': 'stdin began in the middle of a line; that line is not passed on',
  'line-too-long': 'stdin: a line is longer than any record; not passed on',
  'lost-tail':
    'stdin: records lack their last 16 bytes, a known fault of these releases of auditd; upgrade auditd, or use log_format = ENRICHED or name_format in auditd.conf',
  'gave-up': 'stdin: nothing that can be believed for too long; is this the output of auditd?',
}

/** Whether records of the input may be missing after it. */
export function losesRecords({ code }: StreamTrouble): boolean {
  return LOSSES.has(code)
}

/** What is told where it begins has its loss where it ends: resynchronised. */
const LOSSES: ReadonlySet<StreamTrouble['code']> = new Set([
  'resynchronised',
  'damaged-payload',
  'torn-end',
  'partial-line',
  'line-too-long',
  'gave-up',
])
