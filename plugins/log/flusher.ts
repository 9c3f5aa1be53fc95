// When what was written goes to the disk, by `flush`: before it is acknowledged, every so many records, beside everything else, or when
// the system likes.

import type { LogConfig } from './config.js'
import type { LogDisk } from './log-disk.js'
import { asTrouble } from './sink.js'

export class Flusher {
  readonly #disk: LogDisk
  readonly #failed: (text: string) => void
  #isFailing = false
  #records = 0
  /** Flushes that nobody waits for, one behind the other. */
  #behind: Promise<void> = Promise.resolve()
  #isBehind = false

  /** `failed`: flushes that nobody waits for do not go through any more; once until one does. */
  constructor(disk: LogDisk, failed: (text: string) => void) {
    this.#disk = disk
    this.#failed = failed
  }

  /** So many records were written, and nobody has been told. */
  async wrote(fd: number, records: number, { flush, freq }: LogConfig): Promise<void> {
    if (flush === 'data') await this.#disk.sync(fd, 'data')
    if (flush === 'sync') await this.#disk.sync(fd, 'all')
    if (!flush.startsWith('incremental')) return
    this.#records += records
    if (this.#records < freq || this.#isBehind) return
    this.#records = 0
    if (flush === 'incremental') await this.#disk.sync(fd, 'data')
    else this.#later(fd, () => {})
  }

  /** Nothing is written to it any more: it is closed, after its last flush. */
  async retire(fd: number, { flush }: LogConfig): Promise<void> {
    const close = (): void => {
      this.#disk.close(fd)
    }
    if (flush.startsWith('incremental')) this.#later(fd, close)
    else this.#behind = this.#behind.then(close)
    await this.#behind
  }

  async idle(): Promise<void> {
    await this.#behind
  }

  #later(fd: number, then: () => void): void {
    this.#isBehind = true
    this.#behind = this.#behindThat(this.#behind, fd, then)
  }

  async #behindThat(before: Promise<void>, fd: number, then: () => void): Promise<void> {
    await before
    try {
      await this.#disk.sync(fd, 'data')
      this.#isFailing = false
    } catch (error) {
      const { message } = asTrouble(error, 'flushing')
      if (!this.#isFailing) this.#failed(message)
      this.#isFailing = true
    }
    this.#isBehind = false
    then()
  }
}
