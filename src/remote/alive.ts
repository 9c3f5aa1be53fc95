import { readdir, readlink, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { errorCode } from '../config/error-code.js'
import type { ProgramStatus } from './status.js'

const LOCK_NAME = 'LOCK'

/**
 * Whether the process that wrote it is there. A pid may belong to somebody else by now; who has the journal's lock file open is the one.
 * The lock itself is not tried: whoever starts just then would find it taken.
 */
export async function isAlive({ pid, dir, state }: ProgramStatus): Promise<boolean> {
  if (state === 'stopped') return false
  const fds = `/proc/${pid}/fd`
  try {
    const { dev, ino } = await stat(join(dir, LOCK_NAME))
    for (const fd of await readdir(fds)) {
      const target = await readlink(join(fds, fd)).catch(() => '') // ENOENT: closed meanwhile.
      if (basename(target) !== LOCK_NAME) continue
      const open = await stat(join(fds, fd))
      if (open.dev === dev && open.ino === ino) return true
    }
    return false
  } catch (error) {
    // EACCES: somebody else's process, of which no more can be known than that it is there.
    return errorCode(error) === 'EACCES'
  }
}
