import { HEADER_BYTES, LITTLE_ENDIAN, viewOf } from './frame.js'
import { beginsRecord } from './record.js'
import { findHeader } from './resync.js'

/** What a stream turned out to be; of text the first `skippedBytes` are the rest of a line that began before it. */
export type Opening = { readonly kind: 'text'; readonly skippedBytes: number } | { readonly kind: 'binary' }

/** How a stream opened, and its bytes so far, in two parts. */
export interface Opened {
  readonly opening: Opening
  readonly first: Buffer
  readonly rest: Buffer
}

/** Within how many bytes the first line must end for the stream to be text. */
const FIRST_LINE_BYTES = 64 * 1024
const RECORD_FIELD_BYTES = 5 // type= or node=
const LF = 0x0a
const NOTHING = Buffer.alloc(0)
const BINARY: Opening = { kind: 'binary' }

/** How many bytes decide in any case: the first line, and a header that begins in it. */
const OPENING_BYTES = FIRST_LINE_BYTES + 32

/**
 * Tells text from frames by the first bytes of a stream, which it holds until they do. Text begins with a record, or
 * with the rest of a line and then a record. No header stands before the end of that record's line: the payload of a
 * version 1 frame is a text record too, and a stream may begin with one, or with a damaged header that holds an LF.
 */
export class StreamOpening {
  #held = NOTHING
  #heldBytes = 0
  #headerFrom = 0

  get heldBytes(): number {
    return this.#heldBytes
  }

  /** Takes the next bytes; undefined as long as they do not decide. */
  push(chunk: Buffer): Opened | undefined {
    if (this.#heldBytes === 0) {
      const opening = this.#decide(chunk, false)
      if (opening !== undefined) return { opening, first: chunk, rest: NOTHING }
      this.#held = Buffer.alloc(OPENING_BYTES)
    }
    const taken = chunk.copy(this.#held, this.#heldBytes)
    this.#heldBytes += taken
    const first = this.#held.subarray(0, this.#heldBytes)
    const opening = this.#decide(first, false)
    return opening && { opening, first, rest: chunk.subarray(taken) }
  }

  /** What a stream is that ends here. */
  end(): Opened {
    const first = this.#held.subarray(0, this.#heldBytes)
    return { opening: this.#decide(first, true) ?? BINARY, first, rest: NOTHING }
  }

  #decide(all: Buffer, isEnd: boolean): Opening | undefined {
    const bytes = all.subarray(0, OPENING_BYTES)
    const view = viewOf(bytes)
    if (isLikeHeader(view)) return BINARY

    const line = firstWholeLine(bytes)
    const header = findHeader(bytes, view, this.#headerFrom)
    this.#headerFrom = header.at
    const isHeaderFirst = header.at < line.end && header.kind !== 'none'
    if (isHeaderFirst && header.kind === 'header') return BINARY
    if (isEnd || bytes.length === OPENING_BYTES) return line.kind === 'record' ? textFrom(line.start) : BINARY
    if (line.kind === 'other') return BINARY
    return line.kind === 'record' && line.end !== Infinity && !isHeaderFirst ? textFrom(line.start) : undefined
  }
}

/** The first line that is there from its beginning. */
interface FirstLine {
  readonly kind: 'record' | 'other' | 'unknown'
  readonly start: number
  /** Where its LF is, Infinity if that has not come yet. */
  readonly end: number
}

function firstWholeLine(bytes: Buffer): FirstLine {
  if (beginsRecord(bytes, 0, bytes.length)) return recordLine(bytes, 0)
  const lf = bytes.indexOf(LF)
  if (lf === -1 || lf >= FIRST_LINE_BYTES) return { kind: 'unknown', start: 0, end: Infinity }
  if (beginsRecord(bytes, lf + 1, bytes.length)) return recordLine(bytes, lf + 1)
  return { kind: bytes.length > lf + RECORD_FIELD_BYTES ? 'other' : 'unknown', start: 0, end: lf }
}

function recordLine(bytes: Buffer, start: number): FirstLine {
  const lf = bytes.indexOf(LF, start)
  return { kind: 'record', start, end: lf === -1 ? Infinity : lf }
}

function textFrom(skippedBytes: number): Opening {
  return { kind: 'text', skippedBytes }
}

/** A header of any version that there may ever be. Text cannot look like it, so this is told at once, not after 64 KiB. */
function isLikeHeader(view: DataView): boolean {
  if (view.byteLength < HEADER_BYTES) return false
  const headerBytes = view.getUint32(4, LITTLE_ENDIAN)
  return view.getUint32(0, LITTLE_ENDIAN) <= 0xff && headerBytes >= HEADER_BYTES && headerBytes <= 0xff
}
