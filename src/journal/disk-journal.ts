import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { ID_BYTES } from './block.js'
import { runWork, type Work } from './file-port.js'
import type { GapLine } from './gap.js'
import { Journal, type Commit } from './journal.js'
import { takeLock } from './lock.js'
import { NodeFilePort, syncDir } from './node-file-port.js'
import type { JournalOptions } from './opening.js'

const DIR_MODE = 0o700
export const SEGMENT_BYTES = 64 * 1024 * 1024

/** A journal in a directory, locked, with its steps run one after another as they are asked for. */
export class DiskJournal {
  readonly journal: Journal
  readonly #port: NodeFilePort
  readonly #unlock: () => void
  #last: Promise<unknown> = Promise.resolve()

  static async open(dir: string, gapLine: GapLine, options: Partial<JournalOptions> = {}): Promise<DiskJournal> {
    await ensureDir(resolve(dir))
    const unlock = takeLock(dir)
    const port = new NodeFilePort(dir)
    try {
      const world = { wallMs: () => Date.now(), randomId: () => randomBytes(ID_BYTES).toString('hex'), gapLine }
      const journal = await runWork(
        port,
        Journal.open(world, { segmentBytes: SEGMENT_BYTES, onDamage: 'stop', ...options }),
      )
      return new DiskJournal(journal, port, unlock)
    } catch (error) {
      await port.close()
      unlock()
      throw error
    }
  }

  private constructor(journal: Journal, port: NodeFilePort, unlock: () => void) {
    this.journal = journal
    this.#port = port
    this.#unlock = unlock
  }

  /** What was pending is durable when this resolves with `durable`. */
  commit(): Promise<Commit> {
    return this.write(() => this.journal.commit())
  }

  /** Steps that change the journal, when all that were asked for before are done. */
  write<T>(begin: () => Work<T>): Promise<T> {
    const result = this.#last.then(() => runWork(this.#port, begin()))
    // Whoever asked for it gets the error; the next one goes on all the same.
    this.#last = result.catch(() => undefined)
    return result
  }

  /** Steps that only read, beside whatever is being written. */
  read<T>(work: Work<T>): Promise<T> {
    return runWork(this.#port, work)
  }

  async close(): Promise<void> {
    try {
      await this.write(() => this.journal.close())
    } finally {
      await this.#port.close()
      this.#unlock()
    }
  }
}

async function ensureDir(dir: string): Promise<void> {
  if (existsSync(dir)) return
  mkdirSync(dir, { mode: DIR_MODE })
  await syncDir(dirname(dir))
}
