// What of a file's end is whole, when nobody has written down where it ends.

import { createReadStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import type { LogDisk } from './log-disk.js'

const LF = 0x0a
const CHUNK_BYTES = 64 * 1024
/** The last whole record of lines lies in these, however long it is. */
const LAST_BYTES = 2 * CHUNK_BYTES
/** What lies behind the last known end of a compressed file is one write; more than this is not looked into. */
const MAX_TAIL_BYTES = 16 * 1024 * 1024
const MAX_TIME_CHARACTERS = 64
const RECORD_TIME = /msg=audit\((\d{1,12})\.(\d{3}):\d+\)/g

/** Where the last line ends that has an end; 0 if there is none. */
export function endOfLines(disk: LogDisk, fd: number, bytes: number): number {
  for (let end = bytes; end > 0; end -= CHUNK_BYTES) {
    const start = Math.max(0, end - CHUNK_BYTES)
    const at = disk.read(fd, start, end - start).lastIndexOf(LF)
    if (at >= 0) return start + at + 1
  }
  return 0
}

/** Whether the bytes are whole gzip members. */
export async function areMembers(disk: LogDisk, fd: number, from: number, bytes: number): Promise<boolean> {
  if (bytes - from > MAX_TAIL_BYTES) return false
  const gunzip = createGunzip()
  try {
    await finished(gunzip.end(disk.read(fd, from, bytes - from)).resume())
  } catch {
    // Z_BUF_ERROR, Z_DATA_ERROR: the last one was begun only.
    return false
  }
  // What comes behind the last member it would take for padding.
  return gunzip.bytesWritten === bytes - from
}

/** The time of the last record in a file, compressed or not, ms since 1970; undefined if it has none that can be read. */
export async function timeOfLast(path: string, bytes: number): Promise<number | undefined> {
  const isCompressed = path.endsWith('.gz')
  const file = createReadStream(path, { start: isCompressed ? 0 : Math.max(0, bytes - LAST_BYTES) })
  const source = isCompressed ? file.pipe(createGunzip()) : file
  if (isCompressed) file.on('error', (error) => source.destroy(error))
  let last: number | undefined
  let rest = ''
  try {
    for await (const chunk of source) {
      const text = rest + Buffer.from(chunk).toString('latin1')
      for (const [, seconds, millis] of text.matchAll(RECORD_TIME)) last = Number(seconds) * 1000 + Number(millis)
      // A time that is cut in two is found with the next chunk.
      rest = text.slice(-MAX_TIME_CHARACTERS)
    }
  } catch {
    // Z_BUF_ERROR and the like: the end is torn; ENOENT, EIO: what could not be read says nothing.
  }
  file.destroy()
  return last
}
