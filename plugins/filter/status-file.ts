import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { errorCode } from '../../src/config/error-code.js'
import type { Clock } from '../../src/remote/ports.js'

/** It is not written more often, however much happens. */
const PAUSE_MS = 10_000
const FILE_MODE = 0o640
const DIRECTORY_MODE = 0o700

/** Keeps a file that says how things are. It is written beside and renamed, so that a reader sees the old one or the new one, whole. */
export class StatusFile {
  readonly #path: string
  readonly #clock: Clock
  readonly #text: () => string
  readonly #trouble: (error: unknown) => void
  #writing: Promise<void> = Promise.resolve()
  #callOff: (() => void) | undefined
  #isTold = false

  /** `trouble` is told what keeps the file from being written, once until it is written again. */
  constructor(path: string, clock: Clock, text: () => string, trouble: (error: unknown) => void) {
    this.#path = path
    this.#clock = clock
    this.#text = text
    this.#trouble = trouble
  }

  /** Something has changed. Cheap: called as often as it likes. */
  changed(): void {
    if (this.#path === '') return
    this.#callOff ??= this.#clock.after(PAUSE_MS, () => {
      void this.write()
    })
  }

  /** Writes it now. */
  async write(): Promise<void> {
    this.#callOff?.()
    this.#callOff = undefined
    if (this.#path === '') return
    // One after the other: they share the name beside.
    this.#writing = this.#writing.then(() => this.#write())
    await this.#writing
  }

  async #write(): Promise<void> {
    const beside = `${this.#path}.new`
    try {
      await makeDirectory(dirname(this.#path))
      await rm(beside, { force: true })
      // What somebody has put there meanwhile, such as a link, is not written through.
      await writeFile(beside, this.#text(), { mode: FILE_MODE, flag: 'wx' })
      await rename(beside, this.#path)
      this.#isTold = false
    } catch (error) {
      if (!this.#isTold) this.#trouble(error)
      this.#isTold = true
      await rm(beside, { force: true }).catch(() => {
        // ENOTDIR: nothing was written.
      })
    }
  }
}

/** Under auditd nobody else makes /run/audispd. */
async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: DIRECTORY_MODE })
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error
  }
}
