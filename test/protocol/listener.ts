// Sinks that remember what a stream reader hands them, and ways to feed it.
import { crc32 } from 'node:zlib'
import { StreamReader } from '../../src/protocol/stream.js'
import type { StreamOptions, StreamSink, StreamTrouble } from '../../src/protocol/stream.js'
import type { WireRecord } from './wire.js'

export interface HeardFrame extends WireRecord {
  readonly clean: boolean
}

/** Copies everything. */
export class Listener implements StreamSink {
  readonly frames: HeardFrame[] = []
  readonly troubles: StreamTrouble[] = []
  text = ''
  lineCount = 0

  frame(version: 0 | 1, type: number, bytes: Buffer, start: number, end: number, clean: boolean): void {
    this.frames.push({ version, type, payload: Buffer.from(bytes.subarray(start, end)), clean })
  }

  lines(bytes: Buffer, start: number, end: number, count: number): void {
    this.text += bytes.toString('latin1', start, end)
    this.lineCount += count
  }

  trouble(trouble: StreamTrouble): void {
    this.troubles.push(trouble)
  }

  get codes(): string[] {
    return this.troubles.map(({ code }) => code)
  }

  get payloads(): string[] {
    return this.frames.map(({ payload }) => payload.toString('latin1'))
  }
}

/** One number for the whole sequence of frames, lines and troubles; how lines were grouped does not count. */
export class Digest implements StreamSink {
  value = 0
  readonly #words = new Uint32Array(4)

  frame(version: 0 | 1, type: number, bytes: Buffer, start: number, end: number, clean: boolean): void {
    this.#words[0] = version
    this.#words[1] = type
    this.#words[2] = end - start
    this.#words[3] = Number(clean)
    this.value = crc32(bytes.subarray(start, end), crc32(this.#words, this.value))
  }

  lines(bytes: Buffer, start: number, end: number): void {
    this.value = crc32(bytes.subarray(start, end), this.value)
  }

  trouble(trouble: StreamTrouble): void {
    this.value = crc32(JSON.stringify(trouble), this.value)
  }
}

/** Feeds the pieces out of one buffer that is overwritten after each push, as a caller may do. */
export function feed(reader: StreamReader, pieces: Iterable<Buffer>): 'ok' | 'gave-up' {
  let scratch = Buffer.alloc(0)
  let verdict: 'ok' | 'gave-up' = 'ok'
  for (const piece of pieces) {
    if (scratch.length < piece.length) scratch = Buffer.alloc(piece.length)
    const chunk = scratch.subarray(0, piece.length)
    piece.copy(chunk)
    verdict = reader.push(chunk)
    chunk.fill(0x5a)
  }
  return verdict
}

export function listenTo(pieces: Iterable<Buffer>, options?: StreamOptions): { heard: Listener; reader: StreamReader } {
  const heard = new Listener()
  const reader = new StreamReader(heard, options)
  feed(reader, pieces)
  reader.end()
  return { heard, reader }
}

export function digestOf(pieces: Iterable<Buffer>): number {
  const digest = new Digest()
  const reader = new StreamReader(digest)
  feed(reader, pieces)
  reader.end()
  return digest.value
}

export function* piecesOf(bytes: Buffer, pieceBytes: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
}
