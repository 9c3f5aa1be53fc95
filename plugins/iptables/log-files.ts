import { closeSync, constants, fstatSync, openSync, readdirSync, readSync, statSync, type BigIntStats } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { errorText } from '../../src/config/disk.js'
import { errorCode } from '../../src/config/error-code.js'
import type { LogFiles, OpenFile } from './followed-file.js'

/** Of more than these in a directory the rest is not looked at. */
const MAX_FAMILY = 1000
const COMPRESSED = /\.(?:gz|xz|zst|bz2|lz4|lzma)$/

export const REAL_LOG_FILES: LogFiles = {
  open(path) {
    try {
      // Not blocking: a FIFO's open would wait for a writer.
      return regularFile(openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY))
    } catch (error) {
      if (errorCode(error) === '') throw error
      return errorText(error)
    }
  },
  stat(path) {
    try {
      return statSync(path, { bigint: true, throwIfNoEntry: false })
    } catch (error) {
      if (errorCode(error) === '') throw error
      return undefined
    }
  },
  family(path) {
    const name = basename(path)
    const isOurs = (each: string): boolean =>
      each === name || ((each.startsWith(`${name}.`) || each.startsWith(`${name}-`)) && !COMPRESSED.test(each))
    try {
      const dir = dirname(path)
      return readdirSync(dir)
        .filter(isOurs)
        .slice(0, MAX_FAMILY)
        .map((each) => join(dir, each))
    } catch (error) {
      if (errorCode(error) === '') throw error
      return []
    }
  },
}

function regularFile(fd: number): OpenFile | string {
  const stat = (): BigIntStats => fstatSync(fd, { bigint: true })
  if (!stat().isFile()) {
    closeSync(fd)
    return 'it is not a regular file'
  }
  return {
    stat,
    read: (buffer, at) => readSync(fd, buffer, 0, buffer.length, at),
    close: () => {
      closeSync(fd)
    },
  }
}
