import { readSync } from 'node:fs'
import { errorCode } from '../config/error-code.js'

/** Bytes read from a descriptor that does not wait; 0 when there is nothing, or nobody writes any more. */
export function readNow(fd: number, into: Buffer): number {
  try {
    return readSync(fd, into, 0, into.length, null)
  } catch (error) {
    if (errorCode(error) === 'EAGAIN') return 0
    throw error
  }
}
