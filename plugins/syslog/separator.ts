import type { SyslogConfig } from './config.js'

/** Between what the kernel wrote and what auditd added. */
export const SEPARATOR = 0x1d
const BLANK = 0x20

/** The record as it is to be sent; the same bytes when there is nothing to change. */
export function withSeparator(record: Buffer, how: SyslogConfig['separator']): Buffer {
  const at = record.indexOf(SEPARATOR)
  if (at < 0 || how === 'keep') return record
  if (how === 'strip') return record.subarray(0, at)
  const changed = Buffer.from(record)
  for (let next = at; next >= 0; next = changed.indexOf(SEPARATOR, next + 1)) changed[next] = BLANK
  return changed
}
