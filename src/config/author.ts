import { readFileSync } from 'node:fs'
import type { Author } from '../protocol/own-record.js'

/** Who this process is, as audit names it; 4294967295 is "unset". */
export function author(): Author {
  return {
    pid: process.pid,
    uid: process.getuid?.() ?? 0,
    auid: numberIn('/proc/self/loginuid'),
    ses: numberIn('/proc/self/sessionid'),
  }
}

function numberIn(path: string): number {
  const unset = 0xffffffff
  try {
    const text = readFileSync(path, 'utf8').trim()
    return /^[0-9]+$/.test(text) ? Number(text) : unset
  } catch {
    // ENOENT: a kernel without audit.
    return unset
  }
}
