// As much of the file system as the log needs. Data goes out without holding up the process; what changes names is done at once, as
// nothing must come in between two of its steps.

import { spawnSync } from 'node:child_process'
import * as fs from 'node:fs'
import { errorCode } from '../../src/config/error-code.js'

const FLOCK = '/usr/bin/flock'
/** flock -n: somebody else has it. */
const IS_LOCKED = 1
const DIR_MODE = 0o750
const FILE_MODE = 0o600
/** Where a group may read. */
const GROUP_FILE_MODE = 0o640
const ROOT = 0
const READ_BYTES = 64 * 1024

export interface FoundFile {
  readonly kind: 'file' | 'fifo' | 'device' | 'other'
  /** Stays with the file when its name changes. */
  readonly id: string
  readonly bytes: number
  readonly modifiedMs: number
}

/** Everything throws what node:fs throws. */
export interface LogDisk {
  /** Undefined: there is nothing. */
  look(path: string): FoundFile | undefined
  of(fd: number): FoundFile
  list(dir: string): string[]
  makeDir(dir: string, gid: number): void
  /** To read and write, without changing what is in it. */
  open(path: string, gid: number): number
  /** A FIFO or a device, to write; without waiting for anybody who reads. */
  openStream(path: string, kind: 'fifo' | 'device'): number
  /** What stands in a FIFO and nobody has read; it is taken out. */
  unread(fd: number): Buffer
  /** Writes at a place, or where a stream stands; may write less. */
  write(fd: number, bytes: Buffer, at: number | null): Promise<number>
  read(fd: number, at: number, bytes: number): Buffer
  sync(fd: number, what: 'data' | 'all'): Promise<void>
  cut(fd: number, bytes: number): void
  close(fd: number): void
  /** Until this process ends, or closes it. False: another process has it. */
  lock(fd: number): boolean
  rename(from: string, to: string): void
  remove(path: string): void
  /** Names are on the disk when it returns. */
  syncDir(dir: string): void
  room(dir: string): { readonly freeBytes: number; readonly totalBytes: number }
}

export const NODE_LOG_DISK: LogDisk = {
  look(path) {
    const stats = fs.statSync(path, { bigint: true, throwIfNoEntry: false })
    return stats && foundOf(stats)
  },
  of: (fd) => foundOf(fs.fstatSync(fd, { bigint: true })),
  list: (dir) => fs.readdirSync(dir),
  makeDir(dir, gid) {
    if (fs.mkdirSync(dir, { recursive: true, mode: DIR_MODE }) !== undefined && gid !== ROOT)
      fs.chownSync(dir, ROOT, gid)
  },
  open(path, gid) {
    const mode = gid === ROOT ? FILE_MODE : GROUP_FILE_MODE
    // A link would be renamed instead of what it leads to, and at last removed.
    const { O_RDWR, O_CREAT, O_NOCTTY, O_NOFOLLOW } = fs.constants
    const fd = fs.openSync(path, O_RDWR | O_CREAT | O_NOCTTY | O_NOFOLLOW, mode)
    if (gid !== ROOT && fs.fstatSync(fd).gid !== gid) {
      fs.fchownSync(fd, ROOT, gid)
      fs.fchmodSync(fd, GROUP_FILE_MODE)
    }
    return fd
  },
  openStream(path, kind) {
    const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = fs.constants
    return fs.openSync(path, O_WRONLY | O_NOCTTY | (kind === 'fifo' ? O_NONBLOCK : 0))
  },
  unread(fd) {
    // By the descriptor, as another FIFO may have taken the name.
    const reader = fs.openSync(`/proc/self/fd/${fd}`, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK)
    try {
      return readUntilEmpty(reader)
    } finally {
      fs.closeSync(reader)
    }
  },
  write: (fd, bytes, at) =>
    new Promise((resolve, reject) => {
      fs.write(fd, bytes, 0, bytes.length, at, (error, written) => {
        if (error === null) resolve(written)
        else reject(error)
      })
    }),
  read(fd, at, bytes) {
    const buffer = Buffer.alloc(bytes)
    let filled = 0
    while (filled < bytes) {
      const count = fs.readSync(fd, buffer, filled, bytes - filled, at + filled)
      if (count === 0) break
      filled += count
    }
    return buffer.subarray(0, filled)
  },
  sync: (fd, what) =>
    new Promise((resolve, reject) => {
      const done = (error: Error | null): void => {
        if (error === null) resolve()
        else reject(error)
      }
      if (what === 'data') fs.fdatasync(fd, done)
      else fs.fsync(fd, done)
    }),
  cut: (fd, bytes) => {
    fs.ftruncateSync(fd, bytes)
  },
  close: (fd) => {
    fs.closeSync(fd)
  },
  lock(fd) {
    // Node cannot lock a file; flock(1) can, on a descriptor that it inherits, and the lock belongs to the open file.
    const { status, error } = spawnSync(FLOCK, ['-n', '3'], { stdio: ['ignore', 'ignore', 'ignore', fd], env: {} })
    if (error !== undefined) throw error
    if (status === 0 || status === IS_LOCKED) return status === 0
    throw Object.assign(new Error(`${FLOCK} ended with status ${status}`), { code: 'ENOLCK' })
  },
  rename: (from, to) => {
    fs.renameSync(from, to)
  },
  remove: (path) => {
    fs.rmSync(path, { force: true })
  },
  syncDir(dir) {
    const fd = fs.openSync(dir, 'r')
    try {
      fs.fsyncSync(fd)
    } finally {
      fs.closeSync(fd)
    }
  },
  room(dir) {
    const { bavail, blocks, bsize } = fs.statfsSync(dir)
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize }
  },
}

function readUntilEmpty(fd: number): Buffer {
  const parts: Buffer[] = []
  for (;;) {
    const part = Buffer.alloc(READ_BYTES)
    try {
      const count = fs.readSync(fd, part)
      if (count === 0) break
      parts.push(part.subarray(0, count))
    } catch (error) {
      // EAGAIN: it is empty, and somebody else may write.
      if (errorCode(error) !== 'EAGAIN') throw error
      break
    }
  }
  return Buffer.concat(parts)
}

function foundOf(stats: fs.BigIntStats): FoundFile {
  const isDevice = stats.isCharacterDevice() || stats.isBlockDevice()
  return {
    kind: stats.isFile() ? 'file' : stats.isFIFO() ? 'fifo' : isDevice ? 'device' : 'other',
    id: `${stats.dev}:${stats.ino}`,
    bytes: Number(stats.size),
    modifiedMs: Number(stats.mtimeMs),
  }
}
