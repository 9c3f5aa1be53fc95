import { HEADER_BYTES, MAGIC, MAX_PAYLOAD_BYTES, type RmwMessage } from './message.js'
import { RmwError } from './rmw-error.js'

export interface RmwRead {
  readonly messages: readonly RmwMessage[]
  /** What came behind those messages is no protocol; nothing is read from then on. */
  readonly fault: RmwError | undefined
}

/**
 * Reads messages out of chunks of any size. Only an unfinished one is held, at most a header and MAX_PAYLOAD_BYTES; if the connection
 * ends within it, it is dropped: its sender has no answer to it and sends it again.
 */
export class RmwReader {
  readonly #held = Buffer.alloc(HEADER_BYTES + MAX_PAYLOAD_BYTES)
  #heldBytes = 0
  #fault: RmwError | undefined

  /** Bytes of the message that has not ended yet. */
  get heldBytes(): number {
    return this.#heldBytes
  }

  /** The chunk must stay as it is for as long as the messages are used. */
  push(chunk: Buffer): RmwRead {
    const messages: RmwMessage[] = []
    try {
      if (this.#fault === undefined) this.#read(chunk, messages)
    } catch (error) {
      if (!(error instanceof RmwError)) throw error
      this.#fault = error
      this.#heldBytes = 0
    }
    return { messages, fault: this.#fault }
  }

  #read(chunk: Buffer, messages: RmwMessage[]): void {
    let at = this.#heldBytes === 0 ? 0 : this.#completeHeld(chunk, messages)
    while (at < chunk.length) {
      const bytes = frameBytes(chunk, at, chunk.length)
      if (bytes === undefined || at + bytes > chunk.length) break
      messages.push(messageAt(chunk, at, bytes))
      at += bytes
    }
    if (at < chunk.length) this.#heldBytes += chunk.copy(this.#held, 0, at)
  }

  /** Returns from where the chunk can be read by itself. */
  #completeHeld(chunk: Buffer, messages: RmwMessage[]): number {
    let at = 0
    for (;;) {
      const bytes = frameBytes(this.#held, 0, this.#heldBytes)
      const wanted = (bytes ?? HEADER_BYTES) - this.#heldBytes
      if (wanted === 0) {
        messages.push(messageAt(Buffer.from(this.#held.subarray(0, this.#heldBytes)), 0, this.#heldBytes))
        this.#heldBytes = 0
        return at
      }
      if (at === chunk.length) return at
      const copied = chunk.copy(this.#held, this.#heldBytes, at, at + wanted)
      this.#heldBytes += copied
      at += copied
    }
  }
}

/** How long the message at `at` is, if its header is there; each byte of that is judged as soon as it has come. */
function frameBytes(bytes: Buffer, at: number, end: number): number | undefined {
  const has = Math.min(end - at, HEADER_BYTES)
  const magicEnd = Math.min(has, MAGIC.length)
  if (bytes.compare(MAGIC, 0, magicEnd, at, at + magicEnd) !== 0)
    throw new RmwError('bad-magic', `a message begins with ${bytes.toString('hex', at, at + magicEnd)}`)
  if ((has > 4 && bytes[at + 4] !== 0) || (has > 5 && bytes[at + 5] !== 0))
    throw new RmwError('bad-version', 'a message of a version that is not known')
  if (has < HEADER_BYTES) return undefined
  const payloadBytes = bytes.readUInt16LE(at + 10)
  if (payloadBytes > MAX_PAYLOAD_BYTES)
    throw new RmwError('too-long', `a message claims a payload of ${payloadBytes} bytes`)
  return HEADER_BYTES + payloadBytes
}

function messageAt(bytes: Buffer, at: number, length: number): RmwMessage {
  return {
    type: bytes.readUInt32LE(at + 6),
    sequence: bytes.readUInt32LE(at + 12),
    payload: bytes.subarray(at + HEADER_BYTES, at + length),
  }
}
