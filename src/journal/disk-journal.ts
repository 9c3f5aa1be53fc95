import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { ID_BYTES } from './block.js'
import { runWork } from './file-port.js'
import type { GapLine } from './gap.js'
import { Journal } from './journal.js'
import { JournalStore } from './journal-store.js'
import { takeLock } from './lock.js'
import { NodeFilePort, syncDir } from './node-file-port.js'
import type { JournalOptions } from './opening.js'

const DIR_MODE = 0o700

/** A journal in a directory, locked. */
export class DiskJournal extends JournalStore {
  readonly #diskPort: NodeFilePort
  readonly #unlock: () => void

  static async open(dir: string, gapLine: GapLine, options: Partial<JournalOptions> = {}): Promise<DiskJournal> {
    await ensureDir(resolve(dir))
    const unlock = takeLock(dir)
    const port = new NodeFilePort(dir)
    try {
      const world = { wallMs: () => Date.now(), randomId: () => randomBytes(ID_BYTES).toString('hex'), gapLine }
      return new DiskJournal(await runWork(port, Journal.open(world, options)), port, unlock)
    } catch (error) {
      await port.close()
      unlock()
      throw error
    }
  }

  private constructor(journal: Journal, port: NodeFilePort, unlock: () => void) {
    super(journal, port)
    this.#diskPort = port
    this.#unlock = unlock
  }

  override async close(): Promise<void> {
    try {
      await super.close()
    } finally {
      await this.#diskPort.close()
      this.#unlock()
    }
  }
}

async function ensureDir(dir: string): Promise<void> {
  if (existsSync(dir)) return
  mkdirSync(dir, { mode: DIR_MODE })
  await syncDir(dirname(dir))
}
