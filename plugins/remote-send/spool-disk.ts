import { FileError } from '../../src/journal/file-port.js'
import type { Commit } from '../../src/journal/journal.js'
import type { JournalStore } from '../../src/journal/journal-store.js'
import type { Clock } from '../../src/remote/ports.js'
import { diskUse, type DiskUse } from './disk-use.js'
import type { Level } from './uplink.js'

/** How old what is known of the disk may be. */
const LOOK_MS = 1000
/** A disk that has not answered for so long is told of. */
const STALL_MS = 30_000

export interface SpoolDiskHost {
  readonly store: JournalStore
  readonly clock: Clock
  log(level: Level, text: string, fields: Readonly<Record<string, string | number>>): void
  /** More is durable, or the oldest is gone. */
  changed(): void
  /** Once an episode: the spool cannot be written. */
  failed(text: string): void
}

/** The disk under the spool: what it holds, how it is, and commits with their errors told. */
export class SpoolDisk {
  readonly #host: SpoolDiskHost
  #use: DiskUse = { spoolBytes: 0, fileSystem: undefined }
  #lookedMs = -Infinity
  #commitError = ''
  #isStalled = false

  constructor(host: SpoolDiskHost) {
    this.#host = host
  }

  /** As of the last look, with what was committed since. */
  get use(): DiskUse {
    return this.#use
  }

  /** The system's code of the last commit's failure; empty if it was well. */
  get commitError(): string {
    return this.#commitError
  }

  get isStalled(): boolean {
    return this.#isStalled
  }

  /** The next look is a fresh one. */
  forget(): void {
    this.#lookedMs = -Infinity
  }

  /** At most once a second. */
  async look(): Promise<void> {
    const nowMs = this.#host.clock.monotonicMs()
    if (nowMs - this.#lookedMs < LOOK_MS) return
    this.#lookedMs = nowMs
    this.#use = await this.patiently(this.#host.store.read(diskUse()))
  }

  /** False: all is still pending. */
  async commit(): Promise<boolean> {
    const { store } = this.#host
    const bytes = store.journal.pendingBytes
    const commit = await this.patiently(store.commit())
    this.#tell(commit)
    if (commit.kind === 'failed') return false
    // What it comes to with the heads of its blocks shows at the next look.
    const written = bytes - store.journal.pendingBytes
    const { spoolBytes, fileSystem } = this.#use
    const left = fileSystem && { ...fileSystem, freeBytes: Math.max(0, fileSystem.freeBytes - written) }
    this.#use = { spoolBytes: spoolBytes + written, fileSystem: left }
    return true
  }

  /** Frees whole segments up to a position; false if there was none. */
  async free(position: number): Promise<boolean> {
    const { store } = this.#host
    if ((store.journal.segments[1]?.firstSeq ?? Infinity) > position + 1) return false
    const before = store.journal.segments.length
    try {
      // Else, after a death, what the other side has would look as if it had been freed unsent.
      await this.patiently(store.write(() => store.journal.saveCursor())).catch(ifFileError)
      await this.patiently(store.write(() => store.journal.purge(position)))
    } catch (error) {
      if (!(error instanceof FileError)) throw error
      this.#host.log('warn', 'old segments of the spool cannot be removed; trying again', { error: error.message })
    }
    this.forget()
    await this.look()
    if (store.journal.segments.length === before) return false
    this.#host.changed()
    return true
  }

  /** Nothing can be done about a disk that hangs but to say so. */
  async patiently<T>(work: Promise<T>): Promise<T> {
    const cancel = this.#host.clock.after(STALL_MS, () => {
      this.#isStalled = true
      this.#host.log('error', 'the disk of the spool does not answer; waiting', { ms: STALL_MS })
    })
    try {
      return await work
    } finally {
      cancel()
      if (this.#isStalled) this.#host.log('info', 'the disk of the spool answers again', {})
      this.#isStalled = false
    }
  }

  #tell(commit: Commit): void {
    const before = this.#commitError
    this.#commitError = commit.kind === 'failed' ? commit.error.code : ''
    if (commit.kind === 'durable' && commit.poisoned !== undefined) {
      const { message } = commit.poisoned
      this.#host.log('warn', 'the disk gave an error; written anew in another segment', { error: message })
    }
    if (commit.kind !== 'failed' || before === commit.error.code) return
    this.#host.log('error', 'the spool cannot be written; trying again', { error: commit.error.message })
    this.#host.failed(commit.error.message)
  }
}

/** A disk that keeps no cursor must not keep what nobody needs. */
function ifFileError(error: unknown): void {
  if (!(error instanceof FileError)) throw error
}
