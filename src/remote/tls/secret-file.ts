import { Buffer } from 'node:buffer'
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs'
import { errorText, REAL_DISK, type Disk } from '../../config/disk.js'
import { errorCode } from '../../config/error-code.js'
import { readTrusted } from '../../config/trusted-file.js'
import { CredentialError } from './credential-error.js'

/** Keys are short; what is longer is some other file. */
const MAX_SECRET_BYTES = 64 * 1024
const OTHERS = 0o077
const ROOT = 0

/**
 * The bytes of a file that nobody else may read. It is opened once, and what is judged is what was opened: between a look at a path and
 * its opening another file could take its place. A symbolic link is not followed, for who may change the link chooses the secret.
 */
export function readSecret(file: string): Buffer {
  // Not blocking: it could be a FIFO, whose open would wait for a writer.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY
  let fd: number
  try {
    fd = openSync(file, flags)
  } catch (error) {
    if (errorCode(error) === 'ELOOP')
      throw new CredentialError('untrusted', file, 'is a symbolic link; give the path of the file itself', {
        cause: error,
      })
    throw new CredentialError('unreadable', file, `cannot be read: ${errorText(error)}`, { cause: error })
  }
  try {
    const doubt = doubtAbout(fstatSync(fd))
    if (doubt !== undefined) throw new CredentialError('untrusted', file, doubt)
    return readAll(fd, file)
  } finally {
    closeSync(fd)
  }
}

/** The text of a file that anybody may read, but only root may write. */
export function readPublic(file: string, disk: Disk = REAL_DISK): Buffer {
  const found = readTrusted(file, { kind: disk.uid === ROOT ? 'root' : 'anybody' }, disk)
  switch (found.kind) {
    case 'read':
      return found.bytes
    case 'absent':
      throw new CredentialError('unreadable', file, 'does not exist')
    case 'refused': {
      const text = found.problems.map((problem) => problem.text).join('; ')
      throw new CredentialError(text.startsWith('cannot be read') ? 'unreadable' : 'untrusted', file, text)
    }
    default:
      return found satisfies never
  }
}

function doubtAbout(stats: Stats): string | undefined {
  if (!stats.isFile()) return 'is not a regular file'
  const self = process.geteuid?.() ?? ROOT
  if (stats.uid !== ROOT && stats.uid !== self)
    return `belongs to user ${stats.uid}; a secret belongs to root (chown root)`
  if ((stats.mode & OTHERS) !== 0) return 'others than its owner may read or write it (chmod 0400)'
  return undefined
}

function readAll(fd: number, file: string): Buffer {
  const bytes = Buffer.alloc(MAX_SECRET_BYTES + 1)
  let length = 0
  while (length < bytes.length) {
    const read = readSync(fd, bytes, length, bytes.length - length, null)
    if (read === 0) return bytes.subarray(0, length)
    length += read
  }
  throw new CredentialError('unusable', file, `has more than ${MAX_SECRET_BYTES} bytes: this is no key`)
}
