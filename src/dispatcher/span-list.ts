import type { Segment, SegmentLog } from './segment.js'

/** A run of bytes in a segment. */
export interface Span {
  readonly segment: Segment
  start: number
  end: number
}

/** Spans in order, each holding its segment; adjoining ones are one. Short: about one a segment, not one a record. */
export class SpanList {
  #spans: Span[] = []
  #bytes = 0

  get bytes(): number {
    return this.#bytes
  }

  get length(): number {
    return this.#spans.length
  }

  get first(): Span | undefined {
    return this.#spans[0]
  }

  get firstBytes(): number {
    const first = this.#spans[0]
    return first === undefined ? 0 : first.end - first.start
  }

  at(index: number): Span | undefined {
    return this.#spans[index]
  }

  append(segment: Segment, start: number, end: number): void {
    if (end === start) return
    this.#bytes += end - start
    const last = this.#spans.at(-1)
    if (last !== undefined && last.segment === segment && last.end === start) {
      last.end = end
      return
    }
    segment.hold()
    this.#spans.push({ segment, start, end })
  }

  prepend(segment: Segment, start: number, end: number): void {
    if (end === start) return
    this.#bytes += end - start
    const first = this.#spans[0]
    if (first !== undefined && first.segment === segment && first.start === end) {
      first.start = start
      return
    }
    segment.hold()
    this.#spans.unshift({ segment, start, end })
  }

  /** Takes the last span off; its segment is still held, and the caller lets it go. */
  takeLast(): Span | undefined {
    const last = this.#spans.pop()
    if (last !== undefined) this.#bytes -= last.end - last.start
    return last
  }

  /** Drops the first span. */
  dropFirst(): void {
    this.cutFirst(this.#spans[0]?.end ?? 0)
  }

  /** Drops what stands before `start` in the first span. */
  cutFirst(start: number): void {
    this.cut(0, start)
  }

  /** Drops what stands before `start` in the span at `index`. */
  cut(index: number, start: number): void {
    const span = this.#spans[index]
    if (span === undefined) return
    this.#bytes -= start - span.start
    span.start = start
    if (span.start < span.end) return
    this.#spans.splice(index, 1)
    span.segment.release()
  }

  /** Parts the first span in two at `at`. */
  splitFirst(at: number): void {
    const first = this.#spans[0]
    if (first === undefined || at >= first.end || at <= first.start) return
    first.segment.hold()
    this.#spans.splice(1, 0, { segment: first.segment, start: at, end: first.end })
    first.end = at
  }

  clear(): void {
    for (const span of this.#spans) span.segment.release()
    this.#spans = []
    this.#bytes = 0
  }

  /** Bytes that lie in `segment`. */
  bytesIn(segment: Segment): number {
    let bytes = 0
    for (const span of this.#spans) if (span.segment === segment) bytes += span.end - span.start
    return bytes
  }

  /** Copies what lies in `segment` into `log`, where it stays in its place in the order, and lets `segment` go. */
  moveOutOf(segment: Segment, log: SegmentLog): void {
    const from = this.#spans.findIndex((span) => span.segment === segment)
    if (from === -1) return
    for (const span of this.#spans.splice(from)) {
      const length = span.end - span.start
      this.#bytes -= length
      if (span.segment === segment) this.#appendCopy(span, length, log)
      else this.append(span.segment, span.start, span.end)
      span.segment.release()
    }
  }

  #appendCopy(span: Span, length: number, log: SegmentLog): void {
    const target = log.reserve(length)
    const at = target.used
    target.used += span.segment.bytes.copy(target.bytes, at, span.start, span.end)
    this.append(target, at, at + length)
  }
}
