import { constants } from 'node:fs'
import { open } from 'node:fs/promises'

/** As many streams as a status lists, and of each more than there is ever to say. */
export const MAX_STATUS_BYTES = 64 * 1024 * 1024

/**
 * The text of a status; rejects with the error of a system call. Its directory may be that of a user who is not trusted: what is no
 * file, or larger than a status can be, reads as '', which is none.
 */
export async function statusText(path: string): Promise<string> {
  // A pipe without anybody at its other end would be waited for.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const found = await file.stat()
    return found.isFile() && found.size <= MAX_STATUS_BYTES ? await file.readFile('utf8') : ''
  } finally {
    await file.close()
  }
}
