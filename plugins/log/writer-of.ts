import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { errorCode } from '../../src/config/error-code.js'

const PROC = '/proc'
/** What fdinfo says of a descriptor whose file is locked with flock(2). */
const LOCK = /^lock:.*\bFLOCK\b/m

/** The processes that have a file open and locked, as who only reads it, for a backup say, does not; those of others are seen by root alone. */
export function writersOf(path: string): number[] {
  const real = quietly(() => realpathSync(path), undefined)
  if (real === undefined) return []
  const pids = readdirSync(PROC).filter((name) => /^\d+$/.test(name))
  return pids.filter((pid) => hasLocked(join(PROC, pid), real)).map(Number)
}

function hasLocked(dir: string, file: string): boolean {
  const fds = quietly(() => readdirSync(join(dir, 'fd')), [])
  return fds.some(
    (fd) =>
      quietly(() => readlinkSync(join(dir, 'fd', fd)), '') === file &&
      LOCK.test(quietly(() => readFileSync(join(dir, 'fdinfo', fd), 'utf8'), '')),
  )
}

/** What is gone, or is not for us to see, is not there. */
function quietly<T, U>(look: () => T, otherwise: U): T | U {
  try {
    return look()
  } catch (error) {
    if (errorCode(error) === '') throw error
    return otherwise
  }
}
