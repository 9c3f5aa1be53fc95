import { diskSpace, FileError, listFiles, type DiskSpace, type Work } from '../../src/journal/file-port.js'

/** How much room the spool takes, and how much there is. */
export interface DiskUse {
  readonly spoolBytes: number
  /** Undefined where the system does not say. */
  readonly fileSystem: DiskSpace | undefined
}

/** Of all plain files in the directory. What cannot be asked is not known, and no reason to stop. */
export function* diskUse(): Work<DiskUse> {
  return { spoolBytes: yield* spoolBytes(), fileSystem: yield* fileSystem() }
}

function* spoolBytes(): Work<number> {
  try {
    const files = yield* listFiles()
    return files.reduce((sum, { bytes }) => sum + bytes, 0)
  } catch (error) {
    if (!(error instanceof FileError)) throw error
    return 0
  }
}

function* fileSystem(): Work<DiskSpace | undefined> {
  try {
    return yield* diskSpace()
  } catch (error) {
    if (!(error instanceof FileError)) throw error
    return undefined
  }
}
