// How far a log has come, beside it: which run of the dispatcher, up to which seq, in which file, and where that file ended then. It is
// written after the records and before they are acknowledged. All of it lies in one page, so a death leaves the old or the new; a loss of
// power may leave anything, which the checksum tells.

import { crc32 } from 'node:zlib'
import type { LogDisk } from './log-disk.js'

const BYTES = 512
const LF = '\n'
const LINE =
  /^audispd-log 1 run=(\S*) seq=(\d{1,16}) file=(\d+:\d+) offset=(\d{1,16}) began=(\d{1,16}) crc=([0-9a-f]{8})$/

export interface State {
  /** Empty without a dispatcher that numbers its records. */
  readonly run: string
  /** The last record that is safe, or was given up. */
  readonly seq: number
  /** FoundFile.id of the file that is written. */
  readonly file: string
  /** Where the last whole write into it ended. */
  readonly offset: number
  /** When that file was begun, ms since 1970. */
  readonly beganMs: number
}

/** Beside the log, under whatever names that is written. */
export function statePath(logFile: string): string {
  return `${logFile}.state`
}

export class StateFile {
  readonly #disk: LogDisk
  readonly #fd: number

  constructor(disk: LogDisk, path: string) {
    this.#disk = disk
    this.#fd = disk.open(path, 0)
  }

  /** False: another process has it. */
  lock(): boolean {
    return this.#disk.lock(this.#fd)
  }

  /** Undefined: there is none, or it cannot be believed. */
  read(): State | undefined {
    return stateOf(this.#disk.read(this.#fd, 0, BYTES).toString('latin1'))
  }

  async write(state: State): Promise<void> {
    const bytes = Buffer.from(textOf(state), 'latin1')
    const written = await this.#disk.write(this.#fd, bytes, 0)
    if (written < bytes.length) throw Object.assign(new Error('a short write'), { code: 'ENOSPC', errno: -28 })
  }

  close(): void {
    this.#disk.close(this.#fd)
  }
}

function textOf({ run, seq, file, offset, beganMs }: State): string {
  const text = `audispd-log 1 run=${run} seq=${seq} file=${file} offset=${offset} began=${Math.trunc(beganMs)}`
  const line = `${text} crc=${crc32(text).toString(16).padStart(8, '0')}${LF}`
  return line.padEnd(BYTES - 1, ' ') + LF
}

function stateOf(text: string): State | undefined {
  const [line = ''] = text.split(LF)
  const [, run = '', seq, file = '', offset, began, crc = ''] = LINE.exec(line) ?? []
  if (crc32(line.slice(0, line.lastIndexOf(' crc='))) !== Number.parseInt(crc, 16)) return undefined
  return { run, seq: Number(seq), file, offset: Number(offset), beganMs: Number(began) }
}
