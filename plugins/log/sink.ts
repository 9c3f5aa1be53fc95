import { errorText } from '../../src/config/disk.js'
import { errorCode } from '../../src/config/error-code.js'
import type { LogFields } from '../../src/remote/voice.js'
import type { RecordLines } from '../../src/sdk/index.js'

/** Tells whoever reads the dispatcher's log. */
export type Tell = (level: 'info' | 'warn' | 'error', text: string, fields?: LogFields) => void

/** `full`, `error`: of the disk. `size`: of the file, with max_log_file_action = suspend. `no-reader`: of a FIFO. `medium`: of a device, that is at its end. */
export type TroubleCode = 'full' | 'error' | 'size' | 'no-reader' | 'medium'

/** Lines cannot be written now. Where they go is as it was before, but for whole records. */
export class SinkTrouble extends Error {
  override readonly name = 'SinkTrouble'
  readonly code: TroubleCode

  constructor(code: TroubleCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Where the records go. */
export interface Sink {
  /** Resolves when the lines are safe. Rejects with a SinkTrouble; the same lines are given again until they are. */
  append(lines: RecordLines): Promise<void>
  /** All up to seq is done with, though there is nothing to write. */
  pass(seq: number): Promise<void>
  /** By the admin: the file is rotated, or the medium was changed. Throws a SinkTrouble. */
  rotate(): void
  /** Frees room by losing what is oldest; false if there is nothing to lose. Throws a SinkTrouble. */
  freeOldest(): boolean
  /** No waiting any more. */
  end(): void
  close(): Promise<void>
}

/** Runs what may fail as the system's calls do. */
export function asTrouble(error: unknown, what: string): SinkTrouble {
  if (error instanceof SinkTrouble) return error
  const code = errorCode(error)
  if (code === '') throw error
  const isFull = code === 'ENOSPC' || code === 'EDQUOT'
  return new SinkTrouble(isFull ? 'full' : 'error', `${what}: ${errorText(error)}`, { cause: error })
}
