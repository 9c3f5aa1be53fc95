import { closeSync, openSync, unlinkSync } from 'node:fs'

/** Opens ends of the FIFO at `path` by `take`, and unlinks it. What was opened is closed again when `take` throws. */
export function openEnds<T>(path: string, take: (open: (flags: number) => number) => T): T {
  const opened: number[] = []
  try {
    return take((flags) => {
      const fd = openSync(path, flags)
      opened.push(fd)
      return fd
    })
  } catch (error) {
    for (const fd of opened) closeSync(fd)
    throw error
  } finally {
    unlinkSync(path)
  }
}
