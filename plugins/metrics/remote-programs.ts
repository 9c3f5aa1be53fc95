import { dirname, join } from 'node:path'
import { errorCode } from '../../src/config/error-code.js'
import { isAlive } from '../../src/remote/alive.js'
import { remoteDirs } from '../../src/remote/remote-dirs.js'
import { readStatus, STATUS_NAME } from '../../src/remote/status.js'
import { statusText } from '../../src/remote/status-text.js'
import type { SeenProgram } from './remote-families.js'

/** The remote pair as its programs describe it themselves. `told`: why one of them cannot be read. */
export async function remotePrograms(
  configFile: string,
  given: readonly string[],
  told: (file: string, why: string) => void,
): Promise<readonly SeenProgram[]> {
  const dirs = given.length > 0 ? given : await remoteDirs(dirname(configFile))
  const seen: SeenProgram[] = []
  for (const dir of dirs) {
    const file = join(dir, STATUS_NAME)
    try {
      const status = readStatus(await statusText(file))
      if (status === undefined) told(file, 'it is of another release')
      else seen.push({ status: { ...status, dir }, isRunning: await isAlive({ ...status, dir }) })
    } catch (error) {
      if (!(error instanceof Error) || errorCode(error) === '') throw error
      // One machine need not have both.
      if (errorCode(error) !== 'ENOENT') told(file, error.message)
    }
  }
  return seen
}
