// Where records lie while they wait. Every format has one log of segments, and all plugins of that format read the same
// bytes: a queue holds spans of segments, never copies of its own (but see Queue.settle). A segment is filled once from
// front to back, then sealed; it goes back to the pool when the last span on it is let go. Bytes below `used` never change
// while anybody holds the segment, which is what makes sharing safe.

/** Size of a segment in bytes: some 1,000 records. It must hold the longest line (65,536 bytes) several times over. */
export const SEGMENT_BYTES = 256 * 1024

/** Segments kept for reuse; more than these are left to the garbage collector. */
const SPARE_SEGMENTS = 24

export class Segment {
  readonly bytes: Buffer = Buffer.allocUnsafeSlow(SEGMENT_BYTES)
  /** Bytes filled, from the front. */
  used = 0
  /** Spans and writers that keep this segment from being reused. */
  #holds = 0
  readonly #pool: SegmentPool

  constructor(pool: SegmentPool) {
    this.#pool = pool
  }

  hold(): void {
    this.#holds++
  }

  release(): void {
    if (--this.#holds > 0) return
    if (this.#holds < 0) throw new Error('segment released more often than held')
    this.used = 0
    this.#pool.giveBack(this)
  }
}

export class SegmentPool {
  readonly #spare: Segment[] = []

  take(): Segment {
    return this.#spare.pop() ?? new Segment(this)
  }

  giveBack(segment: Segment): void {
    if (this.#spare.length < SPARE_SEGMENTS) this.#spare.push(segment)
  }
}

/** An append-only run of segments: the writing end that records are formatted into. */
export class SegmentLog {
  readonly #pool: SegmentPool
  readonly #onSealed: (segment: Segment) => void
  #segment: Segment

  /** `onSealed` is called when a segment is full, while its bytes are still held. */
  constructor(pool: SegmentPool, onSealed: (segment: Segment) => void) {
    this.#pool = pool
    this.#onSealed = onSealed
    this.#segment = pool.take()
    this.#segment.hold()
  }

  get segment(): Segment {
    return this.#segment
  }

  /** The segment to write at `segment.used`; at least `bytes` are free there. The writer then moves `used` itself. */
  reserve(bytes: number): Segment {
    if (bytes > SEGMENT_BYTES) throw new Error(`${bytes} bytes do not fit a segment`)
    if (SEGMENT_BYTES - this.#segment.used >= bytes) return this.#segment
    const full = this.#segment
    this.#onSealed(full)
    this.#segment = this.#pool.take()
    this.#segment.hold()
    full.release()
    return this.#segment
  }

  /** Copies `record` in; the range of the segment where it lies now. */
  append(record: Buffer): { readonly segment: Segment; readonly start: number; readonly end: number } {
    const segment = this.reserve(record.length)
    const start = segment.used
    segment.used += record.copy(segment.bytes, start)
    return { segment, start, end: segment.used }
  }

  /** Lets the segment being filled go; the log is not used afterwards. */
  close(): void {
    this.#segment.release()
  }
}
