import type { Reading } from './packet.js'

/** One line of a source, read. */
export interface SourceLine {
  readonly reading: Reading
  /** Rises with the lines; where to go on once this one is settled. */
  readonly position: number
}

/** Where to go on, as the position file keeps it. */
export interface Place {
  /** The boot, or the file's device and inode. */
  readonly identity: string
  /** What positions are counted from: position = base + place in the file, or in the kernel's buffer. */
  readonly base: number
  readonly offset: number
}

export interface Start {
  /** Where to go on. Undefined: there was nothing before. */
  readonly place: Place | undefined
  /** When that was written down, by the clock of the day; 0 without a place. */
  readonly placedAtMs: number
  /** Above every position that was ever given: what does not go on at `place` is counted from here. */
  readonly leastBase: number
}

export interface Source {
  /** Lines in order, as many as are there; an empty list after a while without any. Undefined: `stopping` was aborted. */
  next(stopping: AbortSignal): Promise<readonly SourceLine[] | undefined>
  /** The place whose position is `position`. */
  placeAt(position: number): Place
  /** Behind all that `next` has given, and behind what it has passed over. */
  readonly position: number
  close(): void
}

/** What a source has to tell, each time it happens. */
export interface SourceEvents {
  /** So many records were overwritten before they were read; of netfilter's or not. */
  overrun(lost: number): void
  /** The file has shrunk: what stood there unread is gone. */
  truncated(): void
  /** The file in which the last process had stopped is not there any more. */
  gone(): void
  /** Why there is no file to read; '' if there is one. */
  absent(why: string): void
  /** All lines before are to be settled before the source goes on. */
  settle(): Promise<void>
  /** From now on places lie in another file; written down before anything of it is given. */
  moved(place: Place): void
}
