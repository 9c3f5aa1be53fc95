import { closeSync, constants, fstatSync, openSync, readdirSync, readSync, statSync, type BigIntStats } from 'node:fs'
import { getSystemErrorMap } from 'node:util'

/** Configuration is short. More than this is some other file, and not worth the memory. */
const MAX_FILE_BYTES = 256 * 1024

/** What is asked about a file; of a symbolic link's target where it is one. */
export interface FileFacts {
  readonly kind: 'file' | 'directory' | 'other'
  readonly uid: number
  readonly gid: number
  /** The permission bits. */
  readonly mode: number
  /** Differs whenever the file has been replaced or written to. */
  readonly identity: string
}

/** A file's bytes, or that it has too many. */
export interface ReadFile {
  readonly facts: FileFacts
  readonly bytes: Buffer | 'too-large'
}

/** As much of the world as the configuration is read from and judged by. Everything throws what node:fs throws. */
export interface Disk {
  /** Who reads: root is strict about whom files belong to. */
  readonly uid: number
  stat(path: string): FileFacts
  /** The facts are those of the file that was read, whatever stands at the path by now. */
  read(path: string): ReadFile
  list(directory: string): readonly string[]
}

export const REAL_DISK: Disk = {
  uid: process.geteuid?.() ?? -1,
  stat: (path) => factsOf(statSync(path, { bigint: true })),
  read(path) {
    const before = factsOf(statSync(path, { bigint: true }))
    if (before.kind !== 'file') return { facts: before, bytes: Buffer.alloc(0) }
    // Not blocking: between the two calls a FIFO may have taken the file's place, and its open would wait for a writer.
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
    try {
      const facts = factsOf(fstatSync(fd, { bigint: true }))
      return { facts, bytes: facts.kind === 'file' ? readAll(fd) : Buffer.alloc(0) }
    } finally {
      closeSync(fd)
    }
  },
  list: (directory) => readdirSync(directory),
}

/** What a system error says to people, such as `permission denied`. */
export function errorText(error: unknown): string {
  const number = error instanceof Error && 'errno' in error && typeof error.errno === 'number' ? error.errno : 0
  return getSystemErrorMap().get(number)?.[1] ?? String(error)
}

function factsOf(stats: BigIntStats): FileFacts {
  return {
    kind: stats.isFile() ? 'file' : stats.isDirectory() ? 'directory' : 'other',
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    mode: Number(stats.mode & 0o7777n),
    identity: [stats.dev, stats.ino, stats.mtimeNs, stats.size].join(':'),
  }
}

function readAll(fd: number): Buffer | 'too-large' {
  const bytes = Buffer.alloc(MAX_FILE_BYTES + 1)
  let length = 0
  while (length < bytes.length) {
    const read = readSync(fd, bytes, length, bytes.length - length, null)
    if (read === 0) return bytes.subarray(0, length)
    length += read
  }
  return 'too-large'
}
