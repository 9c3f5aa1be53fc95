import { HEADER_BYTES, headerFault, viewOf } from './frame.js'
import { FrameScan } from './frame-scan.js'
import type { Framing } from './framing.js'
import { BEHIND_BYTES, HeldBytes } from './held-bytes.js'
import type { StreamReport } from './stream-report.js'
import type { StreamSink } from './stream-trouble.js'

// More than the scan wants is copied to the held bytes, so that they are left after a round or two.
const TOP_UP_BYTES = 64

/**
 * Reads framed records out of chunks of any size. They are scanned where they lie, in the chunk that was pushed; only an
 * unfinished end is copied, completed with the head of the next chunk, and left as soon as the position is back in the
 * chunk itself.
 */
export class FrameReader {
  readonly #scan: FrameScan
  readonly #held = new HeldBytes()
  /** Stream offset of the first byte of the chunk that is being pushed. */
  #chunkOffset = 0

  constructor(sink: StreamSink, report: StreamReport, forced: Framing, maxGarbageBytes: number) {
    this.#scan = new FrameScan(sink, report, forced, maxGarbageBytes)
  }

  get framing(): Framing {
    return this.#scan.framing
  }

  get heldBytes(): number {
    return this.#held.unread
  }

  push(chunk: Buffer): 'ok' | 'gave-up' {
    const view = viewOf(chunk)
    const at = this.#beginsWithHeader(chunk, view) ? 0 : this.#readThroughHeld(chunk)
    if (at < chunk.length) this.#held.replace(chunk, this.#scan.read(chunk, view, this.#chunkOffset, at))
    this.#chunkOffset += chunk.length
    return this.#scan.gaveUp ? 'gave-up' : 'ok'
  }

  end(): void {
    const { view, from } = this.#held
    const window = this.#held.window()
    const offset = this.#chunkOffset - window.length
    let at: number | undefined = from
    while (at !== undefined) at = this.#scan.finish(window, view, this.#scan.read(window, view, offset, at))
    this.#held.clear()
  }

  /** The usual case, one or more whole records in a chunk: what lies before it is of no interest. */
  #beginsWithHeader(chunk: Buffer, view: DataView): boolean {
    if (this.#held.unread > 0 || !this.#scan.isAtHeader || chunk.length < HEADER_BYTES) return false
    return headerFault(view, 0) === undefined
  }

  /** Scans the held bytes, completed from the chunk; returns from where the chunk can be scanned by itself. */
  #readThroughHeld(chunk: Buffer): number {
    const held = this.#held
    let at = 0
    while (at < chunk.length && !this.#scan.gaveUp) {
      const count = Math.min(chunk.length - at, Math.max(this.#scan.wanted - held.unread, TOP_UP_BYTES))
      held.append(chunk, at, count)
      at += count
      const window = held.window()
      held.readTo(this.#scan.read(window, held.view, this.#chunkOffset + at - window.length, held.from))
      // Not earlier: a search may begin that far before the position, and must find the same bytes in the chunk.
      if (at - held.unread >= BEHIND_BYTES) return at - held.unread
    }
    return chunk.length
  }
}
