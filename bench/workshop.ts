import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Program } from './consumer.js'
import { findPrograms, type Programs } from './programs.js'
import { makeMixedStream, makeStream } from './stream.js'

/** What every measurement needs: the programs at the ends of the stream, the stream, and a directory for each run. */
export class Workshop {
  readonly programs: Programs
  readonly streamPath: string
  /** Records of several types. */
  readonly mixedStreamPath: string
  readonly stampAt: number
  readonly #dir = mkdtempSync(join(tmpdir(), 'audispd-bench-'))
  #runs = 0

  constructor() {
    this.programs = findPrograms(this.#dir)
    const { bytes, stampAt } = makeStream()
    this.stampAt = stampAt
    this.streamPath = join(this.#dir, 'stream')
    writeFileSync(this.streamPath, bytes)
    this.mixedStreamPath = join(this.#dir, 'mixed-stream')
    writeFileSync(this.mixedStreamPath, makeMixedStream())
  }

  newDir(): string {
    const dir = join(this.#dir, String(++this.#runs))
    mkdirSync(dir)
    return dir
  }

  /** A plugin that notes when each record arrived. */
  stamper(file: string): Program {
    return this.#reader('stamp', file)
  }

  /** A plugin that counts what it reads. */
  sink(file: string): Program {
    return this.#reader('sink', file)
  }

  close(): void {
    rmSync(this.#dir, { recursive: true, force: true })
  }

  #reader(role: 'stamp' | 'sink', file: string): Program {
    const [path, ...args] = this.programs.reader
    return { path, args: [...args, role, file] }
  }
}
