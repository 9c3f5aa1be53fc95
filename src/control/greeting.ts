import { version } from '../version.js'

export const PROTOCOL_VERSION = 1

/** What whoever connects may do. */
export type Access = 'all' | 'status'

/** The first line that the daemon says. */
export function greetingLine(access: Access, pid: number): string {
  return `${JSON.stringify({ audispd: version(), protocol: PROTOCOL_VERSION, pid, access })}\n`
}
