import type { LogDisk } from './log-disk.js'
import { asTrouble, SinkTrouble } from './sink.js'

/** The file that is written. */
export class ActiveFile {
  readonly #disk: LogDisk
  readonly name: string
  readonly fd: number
  readonly id: string
  /** When it was begun, ms since 1970. */
  beganMs: number
  /** Where the last whole write ended. */
  offset: number
  isTooLargeTold = false

  constructor(disk: LogDisk, name: string, fd: number) {
    const { id, bytes, modifiedMs } = disk.of(fd)
    this.#disk = disk
    this.name = name
    this.fd = fd
    this.id = id
    this.offset = bytes
    this.beganMs = modifiedMs
  }

  /** Writes behind the end, without moving that. */
  async write(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const written = await this.#disk.write(this.fd, bytes.subarray(at), this.offset + at)
      if (written === 0) throw new SinkTrouble('full', `${this.name}: nothing more can be written`)
      at += written
    }
  }

  /** Nobody shall read a torn line meanwhile. If it fails, the same lines are written over it. */
  takeBack(): void {
    try {
      this.#disk.cut(this.fd, this.offset)
    } catch (error) {
      asTrouble(error, this.name)
    }
  }

  /** Before another file is written: what could not be taken back goes into that. Throws what the disk does. */
  settle(): void {
    if (this.#disk.of(this.fd).bytes > this.offset) this.#disk.cut(this.fd, this.offset)
  }
}
