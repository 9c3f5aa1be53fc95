// What auditd has written down itself tells who lost an event that never came to us: what stands in its log it had, and did
// not pass on; what does not was lost before, in the kernel.

import { textStamp } from '../dispatcher/serial-stamp.js'
import type { SerialRange } from '../dispatcher/serial-count.js'
import type { FilePort } from './host.js'

const LF = 0x0a
/** As many files as auditd keeps at most, and as much of them as is worth the time. */
const MAX_FILES = 999
const MAX_BYTES = 256 * 1024 * 1024
/** Clocks and buffers: an event may be stamped a little before the daemon that missed it began. */
const EARLIER_SECONDS = 10

/** Of the events that did not come, how many auditd had; how many it had not; and of how many its log does not tell. */
export interface Evidence {
  readonly had: number
  readonly hadNot: number
  readonly untold: number
}

export const NO_EVIDENCE: Evidence = { had: 0, hadNot: 0, untold: 0 }

/** Looks for `missing` in auditd's log and those that it has rotated, from `sinceSeconds` on. */
export async function evidenceIn(
  files: Pick<FilePort, 'readFile' | 'stat'>,
  logFile: string,
  missing: readonly SerialRange[],
  sinceSeconds: number,
): Promise<Evidence> {
  const seen = new Set<number>()
  const lowest = Math.min(...missing.map(([from]) => from))
  let low = Infinity
  let high = -Infinity
  let left = MAX_BYTES
  for (let number = 0; number < MAX_FILES && low >= lowest; number++) {
    const bytes = await bytesOf(files, number === 0 ? logFile : `${logFile}.${number}`, left)
    if (bytes === undefined) break
    left -= bytes.length
    let isOlder = false
    for (const { serial, seconds } of stampsIn(bytes)) {
      if (seconds < sinceSeconds - EARLIER_SECONDS) {
        isOlder = true
        continue
      }
      low = Math.min(low, serial)
      high = Math.max(high, serial)
      if (missing.some(([from, to]) => serial >= from && serial <= to)) seen.add(serial)
    }
    if (isOlder) break
  }
  let evidence = NO_EVIDENCE
  for (const [from, to] of missing) {
    const events = ((to - from) >>> 0) + 1
    const had = [...seen].filter((serial) => serial >= from && serial <= to).length
    // What lies at the ends of the log may have been written to a file that is gone, or not yet.
    const isTold = low < from && high > to
    evidence = {
      had: evidence.had + had,
      hadNot: evidence.hadNot + (isTold ? events - had : 0),
      untold: evidence.untold + (isTold ? 0 : events - had),
    }
  }
  return evidence
}

async function bytesOf(
  files: Pick<FilePort, 'readFile' | 'stat'>,
  path: string,
  maxBytes: number,
): Promise<Buffer | undefined> {
  try {
    // Of what is no file, such as a FIFO, the end may never come.
    const found = await files.stat(path)
    return found.isFile() && found.size <= maxBytes ? await files.readFile(path) : undefined
  } catch {
    // ENOENT: no more of them. EACCES: not for us.
    return undefined
  }
}

function* stampsIn(bytes: Buffer): Generator<{ readonly serial: number; readonly seconds: number }> {
  for (let at = 0; at < bytes.length;) {
    const lf = bytes.indexOf(LF, at)
    const end = lf === -1 ? bytes.length : lf
    const stamp = textStamp(bytes, at, end)?.stamp
    if (stamp !== undefined) yield stamp
    at = end + 1
  }
}
