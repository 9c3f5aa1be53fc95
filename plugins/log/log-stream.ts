// The log as a stream: a FIFO, or a device such as a tape. Its descriptor stays open, and nothing in it is ever cut or renamed.
//
// What goes into a FIFO goes in pieces of whole records that the kernel takes whole or not at all, so that this process may die between
// any two of them. A reader may go in the midst of a record, and leave unread what comes after that. Then what stands in the FIFO is
// taken back, which tells to the byte how far the reader came, and the next reader gets the record that was not read whole, and all
// behind it.
//
// On a device, at the end of the medium, the part of a record that fitted stays where it is, and the next medium begins with the whole.

import { errorText } from '../../src/config/disk.js'
import { errorCode } from '../../src/config/error-code.js'
import type { Clock } from '../../src/remote/ports.js'
import type { RecordLines } from '../../src/sdk/index.js'
import type { Settings } from './config-file.js'
import type { LogDisk } from './log-disk.js'
import { asTrouble, SinkTrouble, type Sink, type Tell } from './sink.js'

const LF = 0x0a
/** The kernel writes so much into a FIFO in one piece. */
const PIPE_BUF = 4096
const DEVICE_WRITE_BYTES = 64 * 1024
/** The largest FIFO that the kernel lets anybody have who is not root, and the record in which its oldest byte lies. */
const KEPT_BYTES = 1024 * 1024 + 64 * 1024
/** Pauses while a FIFO is full, doubling. */
const FIRST_PAUSE_MS = 1
const LONGEST_PAUSE_MS = 50
/** A reader that takes nothing for so long is none. */
const STALL_MS = 5000

export interface LogStreamHost {
  readonly disk: LogDisk
  readonly clock: Clock
  readonly log: Tell
}

/** Lines, and what of them is written. */
interface Hand {
  readonly bytes: Buffer
  at: number
}

export class LogStream implements Sink {
  readonly #host: LogStreamHost
  readonly #settings: Settings
  readonly #kind: 'fifo' | 'device'
  #fd: number | undefined
  #isEnding = false
  /** Taken back out of a FIFO: comes before everything else. */
  #again: Hand = { bytes: Buffer.alloc(0), at: 0 }
  #inHand: Hand = { bytes: Buffer.alloc(0), at: 0 }
  /** What was written into the FIFO last, and may not have been read. */
  #sent: Buffer[] = []
  #sentBytes = 0

  constructor(host: LogStreamHost, settings: Settings, kind: 'fifo' | 'device') {
    this.#host = host
    this.#settings = settings
    this.#kind = kind
  }

  async append(lines: RecordLines): Promise<void> {
    if (this.#inHand.bytes !== lines.bytes) this.#inHand = { bytes: lines.bytes, at: 0 }
    for (const hand of [this.#again, this.#inHand]) {
      while (hand.at < hand.bytes.length) await this.#writePiece(hand)
    }
  }

  async pass(): Promise<void> {}

  /** Another medium is in, or another reader is to be looked for. */
  rotate(): void {
    this.#close()
    this.#open()
    this.#host.log('info', 'the stream was opened anew', { file: this.#settings.config.logFile })
  }

  freeOldest(): boolean {
    return false
  }

  end(): void {
    this.#isEnding = true
  }

  async close(): Promise<void> {
    const left = this.#again.bytes.subarray(this.#again.at).reduce((count, byte) => count + (byte === LF ? 1 : 0), 0)
    if (left > 0)
      this.#host.log('error', 'records were taken back from the FIFO, and nobody came to read them', { records: left })
    this.#close()
  }

  async #writePiece(hand: Hand): Promise<void> {
    const fd = this.#open()
    const end = this.#pieceEnd(hand.bytes, hand.at)
    const piece = this.#padded(hand.bytes.subarray(hand.at, end))
    let written = 0
    try {
      while (written < piece.length) written += await this.#write(fd, piece.subarray(written))
      this.#sentNow(piece)
      hand.at = end
    } catch (error) {
      this.#sentNow(piece.subarray(0, written))
      hand.at = Math.min(hand.at + written, end)
      const trouble = this.#troubleOf(error)
      // A reader that is there gets the rest of a record; whoever has not got its beginning gets it whole.
      if (errorCode(error) === 'EPIPE' || trouble.code !== 'no-reader') hand.at = startOfRecord(hand.bytes, hand.at)
      if (errorCode(error) === 'EPIPE') this.#takeBack(fd)
      throw trouble
    }
  }

  /** Whole records as far as they fit, or one that is longer. */
  #pieceEnd(bytes: Buffer, from: number): number {
    const { blockBytes } = this.#settings.config
    const most = this.#kind === 'fifo' ? PIPE_BUF : blockBytes === 0 ? DEVICE_WRITE_BYTES : blockBytes
    if (bytes.length - from <= most) return bytes.length
    const end = bytes.subarray(from, from + most).lastIndexOf(LF) + 1
    return end > 0 ? from + end : bytes.indexOf(LF, from) + 1
  }

  /** A block is filled up with empty lines, which are no records. */
  #padded(piece: Buffer): Buffer {
    const { blockBytes } = this.#settings.config
    if (this.#kind === 'fifo' || blockBytes === 0 || piece.length % blockBytes === 0) return piece
    return Buffer.concat([piece, Buffer.alloc(blockBytes - (piece.length % blockBytes), LF)])
  }

  async #write(fd: number, bytes: Buffer): Promise<number> {
    const { disk, clock } = this.#host
    const { blockBytes } = this.#settings.config
    const block = this.#kind === 'device' && blockBytes > 0 ? bytes.subarray(0, blockBytes) : bytes
    const sinceMs = clock.monotonicMs()
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      try {
        const written = await disk.write(fd, block, null)
        if (written === 0) throw new SinkTrouble('medium', 'nothing more can be written')
        return written
      } catch (error) {
        if (errorCode(error) !== 'EAGAIN') throw error
        if (this.#isEnding || clock.monotonicMs() - sinceMs > STALL_MS)
          throw new SinkTrouble('no-reader', 'whoever has it open does not read', { cause: error })
      }
      await new Promise<void>((resolve) => clock.after(pauseMs, resolve))
    }
  }

  #troubleOf(error: unknown): SinkTrouble {
    if (error instanceof SinkTrouble) return error
    const code = errorCode(error)
    if (code === 'EPIPE') return new SinkTrouble('no-reader', errorText(error), { cause: error })
    if (this.#kind === 'device' && code === 'ENOSPC')
      return new SinkTrouble('medium', errorText(error), { cause: error })
    return asTrouble(error, this.#settings.config.logFile)
  }

  #open(): number {
    if (this.#fd !== undefined) return this.#fd
    const { logFile } = this.#settings.config
    try {
      this.#fd = this.#host.disk.openStream(logFile, this.#kind)
      return this.#fd
    } catch (error) {
      if (errorCode(error) === 'ENXIO' && this.#kind === 'fifo')
        throw new SinkTrouble('no-reader', 'nobody has it open', { cause: error })
      throw asTrouble(error, logFile)
    }
  }

  #close(): void {
    if (this.#fd !== undefined) this.#host.disk.close(this.#fd)
    this.#fd = undefined
    this.#sent = []
    this.#sentBytes = 0
  }

  #sentNow(bytes: Buffer): void {
    if (this.#kind !== 'fifo') return
    this.#sent.push(bytes)
    this.#sentBytes += bytes.length
    while (this.#sentBytes - (this.#sent[0]?.length ?? 0) > KEPT_BYTES)
      this.#sentBytes -= this.#sent.shift()?.length ?? 0
  }

  /** Whole records that the reader has not read whole come again; one that is not written whole yet is still in hand. */
  #takeBack(fd: number): void {
    const unread = this.#host.disk.unread(fd).length
    const sent = Buffer.concat(this.#sent)
    const from = startOfRecord(sent, Math.max(0, sent.length - unread))
    const back = sent.subarray(from, startOfRecord(sent, sent.length))
    this.#again = { bytes: Buffer.concat([back, this.#again.bytes.subarray(this.#again.at)]), at: 0 }
    this.#close()
    if (back.length > 0)
      this.#host.log('info', 'records that nobody had read were taken back from the FIFO', { bytes: back.length })
  }
}

/** Where the record begins that `at` lies in; `at` itself where one begins. */
function startOfRecord(bytes: Buffer, at: number): number {
  return at === 0 ? 0 : bytes.lastIndexOf(LF, at - 1) + 1
}
