import { readdirSync, readlinkSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { errorCode } from '../../src/config/error-code.js'

/** The processes that have a file open; those of others are seen by root alone. */
export function writersOf(path: string, proc = '/proc'): number[] {
  const real = resolved(path)
  if (real === undefined) return []
  return readdirSync(proc)
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => openFiles(join(proc, pid, 'fd')).includes(real))
    .map(Number)
}

function openFiles(dir: string): string[] {
  return quietly(() => readdirSync(dir), []).map((fd) => quietly(() => readlinkSync(join(dir, fd)), ''))
}

function resolved(path: string): string | undefined {
  return quietly(() => realpathSync(path), undefined)
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
