// A log file, followed: line by line, over its rotation by renaming or by truncation.
//
// A position is a number of bytes over all files since the first one. Before another file is begun everything of the one before is
// settled, and where the new one begins in that count is written down. So after a death it is enough to know one file and one place
// in it, and a line that is read again has the number that it had.

import type { BigIntStats } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { odd, type Reading } from './packet.js'
import type { Place, Source, SourceEvents, SourceLine, Start } from './source.js'

const READ_BYTES = 64 * 1024
/** A longer line is passed over, and counts as one that cannot be read. */
const MAX_LINE_BYTES = 16 * 1024
const POLL_MS = 100
const LF = 0x0a
const TOO_LONG = odd('the line is too long')
const TORN = odd('the file ends within the line')

/** A file that is open. */
export interface OpenFile {
  stat(): BigIntStats
  /** 0 at the end. */
  read(buffer: Buffer, at: number): number
  close(): void
}

/** As much of the disk as is needed. */
export interface LogFiles {
  /** The file, or why not. */
  open(path: string): OpenFile | string
  /** Undefined: there is none. */
  stat(path: string): BigIntStats | undefined
  /** The file and, under longer names in the same directory, what it was rotated to. */
  family(path: string): readonly string[]
}

interface Current {
  readonly file: OpenFile
  readonly identity: string
  readonly base: number
  /** Behind the last line that was given. */
  offset: number
  /** The beginning of the next line. */
  rest: Buffer
  /** How much of it is left out already, as it is too long. */
  skipped: number
  /** The file that follows; this one is only read to its end. */
  next: string | undefined
}

export class FollowedFile implements Source {
  readonly #path: string
  readonly #files: LogFiles
  readonly #events: SourceEvents
  readonly #read: (line: Buffer) => Reading
  readonly #buffer = Buffer.allocUnsafeSlow(READ_BYTES)
  /** Undefined while there is no file; what comes then begins at `#base`. */
  #current: Current | undefined
  #base: number

  /** `isFromNow`: without a place to go on from, what is in the file already is left out. */
  constructor(
    path: string,
    files: LogFiles,
    { place, placedAtMs, leastBase }: Start,
    isFromNow: boolean,
    read: (line: Buffer) => Reading,
    events: SourceEvents,
  ) {
    this.#path = path
    this.#files = files
    this.#events = events
    this.#read = read
    this.#base = leastBase
    if (place !== undefined) this.#goOn(place, placedAtMs)
    else if (isFromNow) this.#beginAtTheEnd()
  }

  get position(): number {
    const { base, offset } = this.#current ?? { base: this.#base, offset: 0 }
    return base + offset
  }

  placeAt(position: number): Place {
    const { identity, base } = this.#current ?? { identity: '', base: this.#base }
    return { identity, base, offset: position - base }
  }

  async next(stopping: AbortSignal): Promise<readonly SourceLine[] | undefined> {
    if (stopping.aborted) return undefined
    const current = this.#current ?? this.#open(this.#path)
    if (current !== undefined) {
      const lines = this.#readSome(current) ?? (await this.#atEnd(current))
      if (lines !== undefined) return lines
    }
    await pause(POLL_MS, undefined, { signal: stopping }).catch(() => {
      // AbortError: the end.
    })
    return stopping.aborted ? undefined : []
  }

  close(): void {
    this.#current?.file.close()
    this.#current = undefined
  }

  /** Opens the file that a place is in, whatever its name is by now. */
  #goOn(place: Place, placedAtMs: number): void {
    const path = this.#files.family(this.#path).find((each) => identityOf(this.#files.stat(each)) === place.identity)
    const file = path === undefined ? 'gone' : this.#files.open(path)
    if (typeof file === 'string') {
      if (place.identity === '') return
      this.#events.gone()
      // Files before the one that is gone were read to their ends, and have not been written since.
      const [next] = this.#writtenSince(BigInt(Math.floor(placedAtMs * 1000)) * 1000n)
      if (next !== undefined) this.#open(next)
      return
    }
    if (isLineStart(file, place.offset)) {
      this.#current = { ...atStart(file, place.base), offset: place.offset }
      return
    }
    // It was emptied and written anew.
    this.#events.truncated()
    this.#current = atStart(file, this.#base)
    this.#events.moved(this.placeAt(this.position))
  }

  #beginAtTheEnd(): void {
    const current = this.#open(this.#path)
    if (current === undefined) return
    current.offset = lastLineStart(current.file, this.#buffer)
    this.#events.moved(this.placeAt(this.position))
  }

  /** Opens a file at its beginning, as what follows all that was given. */
  #open(path: string): Current | undefined {
    const file = this.#files.open(path)
    this.#events.absent(typeof file === 'string' ? file : '')
    if (typeof file === 'string') return undefined
    this.#current = atStart(file, this.#base)
    this.#events.moved(this.placeAt(this.position))
    return this.#current
  }

  /** Undefined: there is nothing more now. */
  #readSome(current: Current): SourceLine[] | undefined {
    const count = current.file.read(this.#buffer, readTo(current))
    if (count === 0) return undefined
    const read = this.#buffer.subarray(0, count)
    const bytes = current.rest.length === 0 ? read : Buffer.concat([current.rest, read])
    const lines: SourceLine[] = []
    let at = 0
    for (let end = bytes.indexOf(LF); end >= 0; end = bytes.indexOf(LF, at)) {
      const isLong = current.skipped > 0 || end - at > MAX_LINE_BYTES
      const reading = isLong ? TOO_LONG : this.#read(bytes.subarray(at, end))
      current.offset += current.skipped + end + 1 - at
      current.skipped = 0
      at = end + 1
      lines.push({ reading, position: this.position })
    }
    const isTooLong = current.skipped > 0 || bytes.length - at > MAX_LINE_BYTES
    if (isTooLong) current.skipped += bytes.length - at
    current.rest = isTooLong ? Buffer.alloc(0) : Buffer.from(bytes.subarray(at))
    return lines
  }

  /** Goes over to the next file if there is one. Undefined: there is nothing to be done yet. */
  async #atEnd(current: Current): Promise<SourceLine[] | undefined> {
    if (Number(current.file.stat().size) < readTo(current)) {
      this.#events.truncated()
      await this.#events.settle()
      this.#begin(atStart(current.file, this.position))
      return []
    }
    if (current.next === undefined) {
      current.next = this.#successorOf(current)
      // What was written before there was another file is read first.
      return current.next === undefined ? undefined : []
    }
    const isTorn = current.rest.length + current.skipped > 0
    current.offset = readTo(current)
    await this.#events.settle()
    this.#base = this.position
    current.file.close()
    this.#current = undefined
    this.#open(current.next)
    return isTorn ? [{ reading: TORN, position: this.#base }] : []
  }

  #begin(current: Current): void {
    this.#current = current
    this.#events.moved(this.placeAt(this.position))
  }

  /** The oldest file that is newer than this one, once another one has its name. */
  #successorOf({ file, identity }: Current): string | undefined {
    const present = this.#files.stat(this.#path)
    // The writer may still have the old one open until something stands in the new one.
    if (present === undefined || identityOf(present) === identity || present.size === 0n) return undefined
    const { mtimeNs } = file.stat()
    return this.#writtenSince(mtimeNs, identity)[0] ?? this.#path
  }

  /** All that hold anything, but for one; the oldest first. */
  #writtenSince(sinceNs: bigint, but?: string): readonly string[] {
    return this.#files
      .family(this.#path)
      .flatMap((path) => {
        const stat = this.#files.stat(path)
        if (stat === undefined || stat.size === 0n || stat.mtimeNs < sinceNs || identityOf(stat) === but) return []
        return [{ path, mtimeNs: stat.mtimeNs }]
      })
      .toSorted((a, b) => Number(a.mtimeNs - b.mtimeNs))
      .map(({ path }) => path)
  }
}

function atStart(file: OpenFile, base: number): Current {
  const identity = identityOf(file.stat()) ?? ''
  return { file, identity, base, offset: 0, rest: Buffer.alloc(0), skipped: 0, next: undefined }
}

function readTo({ offset, skipped, rest }: Current): number {
  return offset + skipped + rest.length
}

function identityOf(stat: BigIntStats | undefined): string | undefined {
  return stat === undefined ? undefined : `${stat.dev}:${stat.ino}`
}

function isLineStart(file: OpenFile, offset: number): boolean {
  if (offset === 0) return true
  const byte = Buffer.alloc(1)
  return file.read(byte, offset - 1) === 1 && byte[0] === LF
}

function lastLineStart(file: OpenFile, buffer: Buffer): number {
  const from = Math.max(0, Number(file.stat().size) - buffer.length)
  const count = file.read(buffer, from)
  return from + buffer.subarray(0, count).lastIndexOf(LF) + 1
}
