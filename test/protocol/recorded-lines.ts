// Recorded records as lines of text; test/fixtures/auditd-stream/README.md tells how they were made.
import { recording } from './recordings.js'

export const RECORDED_LOGS = [
  'v2.8.5-raw.log',
  'v2.8.5-enriched.log',
  'v2.8.5-enriched-node.log',
  'v3.0.9-raw-plugin.log',
  'v3.0.9-enriched-node-plugin.log',
]
/** Of log files and of what string plugins got, which has EOE records too. */
export const RECORDED_LINES = [...RECORDED_LOGS, 'v2.8.5-raw.string', 'v3.0.9-raw-plugin.string']

/** The records of a file, without their LF. */
export function recordedLines(name: string): Buffer[] {
  const bytes = recording(name)
  const lines: Buffer[] = []
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(0x0a, start)
    lines.push(bytes.subarray(start, end))
    start = end + 1
  }
  return lines
}
