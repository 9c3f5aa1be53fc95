// Compresses rotated files, one after the other, beside everything else. A file is compressed into another one under a name of its own,
// which is synced, gets the file's name with .gz, and only then is the file removed. A death leaves an unfinished copy, which the next
// start removes, or both files, of which it removes the one that is not compressed.

import {
  chmodSync,
  chownSync,
  createReadStream,
  createWriteStream,
  fsyncSync,
  openSync,
  closeSync,
  utimesSync,
} from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { LogDisk } from './log-disk.js'
import type { Shelf } from './shelf.js'
import { asTrouble, type Tell } from './sink.js'

const GZ = '.gz'
const COPY_MODE = 0o600
const GROUP_MODE = 0o640
const ROOT = 0
const SECOND_MS = 1000

export interface PackerHost {
  readonly disk: LogDisk
  readonly shelf: Shelf
  readonly gid: number
  readonly log: Tell
}

/** The name of an unfinished copy. */
export function copyName(base: string): string {
  return `${base}.packing`
}

export class Packer {
  readonly #host: PackerHost
  readonly #aborter = new AbortController()
  #work: Promise<void> | undefined

  constructor(host: PackerHost) {
    this.#host = host
  }

  /** There may be something to do. */
  wake(): void {
    if (this.#work !== undefined || this.#aborter.signal.aborted) return
    this.#work = this.#packAll().finally(() => {
      this.#work = undefined
    })
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await this.#work
  }

  /** What is under way is given up. */
  async close(): Promise<void> {
    this.#aborter.abort()
    await this.#work
  }

  async #packAll(): Promise<void> {
    const { shelf, log } = this.#host
    try {
      for (;;) {
        const name = shelf.rotated().find((each) => !each.endsWith(GZ))
        if (name === undefined) return
        await this.#pack(name)
      }
    } catch (error) {
      const { message } = asTrouble(error, 'compressing')
      this.#dropCopy()
      if (this.#aborter.signal.aborted) return
      log('warn', 'a rotated file cannot be compressed; it stays as it is until the next rotation', { error: message })
    }
  }

  /** One that stays is in nobody's way, and removed by the next start. */
  #dropCopy(): void {
    const { disk, shelf } = this.#host
    try {
      disk.remove(shelf.path(copyName(shelf.base)))
    } catch (error) {
      asTrouble(error, 'removing')
    }
  }

  async #pack(name: string): Promise<void> {
    const { disk, shelf, gid } = this.#host
    const copy = shelf.path(copyName(shelf.base))
    const { signal } = this.#aborter
    // Opened at once: a rotation gives the name to another file.
    const fd = openSync(shelf.path(name), 'r')
    const { id, modifiedMs } = disk.of(fd)
    const to = createWriteStream(copy, { mode: COPY_MODE })
    await pipeline(createReadStream('', { fd }), createGzip(), to, { signal })
    if (gid !== ROOT) {
      chownSync(copy, ROOT, gid)
      chmodSync(copy, GROUP_MODE)
    }
    // How old it is counts from its records.
    utimesSync(copy, modifiedMs / SECOND_MS, modifiedMs / SECOND_MS)
    syncFile(copy)
    // Gone: num_logs or `keep` did not want it any more.
    if (!shelf.replace(id, copyName(shelf.base))) this.#dropCopy()
  }
}

function syncFile(path: string): void {
  const fd = openSync(path, 'r+')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
