import { spawnSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { JournalError } from './journal-error.js'

const FLOCK = '/usr/bin/flock'
const FILE_MODE = 0o600
/** flock -n: somebody else has it. */
const IS_LOCKED = 1

/**
 * Takes the journal's lock and returns what gives it back. Node cannot lock a file; flock(1) can, on a descriptor that it inherits. The
 * lock belongs to the open file, which stays open here, so it ends with this process however that ends.
 */
export function takeLock(dir: string): () => void {
  const fd = openSync(join(dir, 'LOCK'), 'a', FILE_MODE)
  const { status, error } = spawnSync(FLOCK, ['-n', '3'], { stdio: ['ignore', 'ignore', 'ignore', fd], env: {} })
  if (status !== 0) {
    closeSync(fd)
    if (status === IS_LOCKED) throw new JournalError('locked', `another process has ${dir} open`)
    throw new JournalError('locked', `${FLOCK} cannot lock ${dir}`, { cause: error })
  }
  return () => {
    closeSync(fd)
  }
}
