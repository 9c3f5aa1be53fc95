// Takes records out of a window of the stream, and decides what stands at the read position when it is no header.
//
// Every step needs a number of bytes that is known beforehand (`wanted`); it is taken when they are there and not tried
// before. So the outcome depends on the bytes alone, never on how they were cut, and single bytes cost no more in sum.
//
// Whether frames are padded shows only after the first of them: a header right behind the payload says exact; none there
// and one behind the longest possible payload says padded. The record itself never waits for that. In a damaged exact
// stream a header can stand there by chance, so the next record has to confirm it: no header right behind that either.
//
// Damage: where no header can be, the next believable one is searched, and the framing is undecided again. A size that
// was made larger shows in the payload: every header holds NULs, a good payload none except as its last bytes. If it
// covers only a part of the next header, the rest of that is no header: so a search begins a little before its position.
import { HEADER_BYTES, LITTLE_ENDIAN, MAX_PAYLOAD_BYTES, headerFault, mayBeginHeader, payloadSize } from './frame.js'
import { decideFraming, decideFramingAtEnd, decisiveBytes, searchStart } from './framing.js'
import type { Decision, Framing } from './framing.js'
import { FrameDelivery } from './frame-delivery.js'
import { findHeader, swallowedHeader } from './resync.js'
import type { StreamReport } from './stream-report.js'
import type { StreamSink } from './stream-trouble.js'

/** What stands at the read position. */
type Place =
  | { readonly kind: 'header' }
  /** The end of a payload of `size` bytes, and it is not known yet whether padding follows. */
  | { readonly kind: 'following'; readonly size: number }
  /** The end of a payload that shows whether the frames are padded indeed. */
  | { readonly kind: 'confirming'; readonly left: number }
  | { readonly kind: 'padding'; readonly left: number }
  /** No record, since that offset in the stream. */
  | { readonly kind: 'lost'; readonly since: number }
  | { readonly kind: 'gave-up' }

const HEADER: Place = { kind: 'header' }
const NUL = 0x00

export class FrameScan {
  readonly #delivery: FrameDelivery
  readonly #report: StreamReport
  readonly #forced: Framing
  readonly #maxGarbageBytes: number
  #framing: Framing
  /** Bytes that were taken for padding when the framing was decided, until the next record confirms it. */
  #assumedPadding = 0
  #place: Place = HEADER
  #wanted = HEADER_BYTES
  /** The stream offset of the window's first byte. */
  #offset = 0

  constructor(sink: StreamSink, report: StreamReport, forced: Framing, maxGarbageBytes: number) {
    this.#delivery = new FrameDelivery(sink, report)
    this.#report = report
    this.#forced = forced
    this.#framing = forced
    this.#maxGarbageBytes = maxGarbageBytes
  }

  get framing(): Framing {
    return this.#framing
  }

  get isAtHeader(): boolean {
    return this.#place.kind === 'header'
  }

  get gaveUp(): boolean {
    return this.#place.kind === 'gave-up'
  }

  /** How many unread bytes the next step needs. */
  get wanted(): number {
    return this.#wanted
  }

  /** Reads the window from `from` as far as it goes; returns where the unread bytes begin. */
  read(window: Buffer, view: DataView, offset: number, from: number): number {
    this.#offset = offset
    this.#delivery.enter(offset)
    let at = from
    while (window.length - at >= this.#wanted) at = this.#step(window, view, at)
    return at
  }

  /** Takes the end of the stream, with the rest from `at` unread; returns from where to read on if there is a record in it. */
  finish(window: Buffer, view: DataView, at: number): number | undefined {
    const place = this.#place
    const offset = this.#offset + at
    const unread = window.length - at
    switch (place.kind) {
      case 'header':
        return unread === 0 ? undefined : this.#finishRecord(window, view, at)
      case 'following':
        return unread === 0 ? undefined : this.#finishFraming(window, view, at, place.size)
      case 'confirming':
      case 'padding':
        this.#report.tornEnd(offset + unread, 'padding', 0, place.left - unread)
        return undefined
      case 'lost':
        this.#report.unrecognised(place.since, this.#offset + window.length - place.since)
        return undefined
      case 'gave-up':
        return undefined
      default:
        return place satisfies never
    }
  }

  #step(window: Buffer, view: DataView, at: number): number {
    const place = this.#place
    switch (place.kind) {
      case 'header':
        return this.#readRecords(window, view, at)
      case 'following':
        return this.#settleFraming(window, view, at, place.size)
      case 'confirming':
        return this.#confirmPadding(view, at, place.left)
      case 'padding':
        return this.#skipPadding(window, at, place.left)
      case 'lost':
        return this.#search(window, view, at, place.since)
      case 'gave-up':
        return window.length
      default:
        return place satisfies never
    }
  }

  #readRecords(window: Buffer, view: DataView, from: number): number {
    let at = from
    while (window.length - at >= HEADER_BYTES) {
      const version = view.getUint32(at, LITTLE_ENDIAN)
      const size = view.getUint32(at + 12, LITTLE_ENDIAN)
      if (version > 1 || size > MAX_PAYLOAD_BYTES || view.getUint32(at + 4, LITTLE_ENDIAN) !== HEADER_BYTES) {
        return this.#lose(window, view, at)
      }
      const start = at + HEADER_BYTES
      const end = start + size
      if (end > window.length) {
        this.#wanted = HEADER_BYTES + size
        return at
      }
      // This search ends at the header behind the payload, if not before.
      const nul = window.indexOf(NUL, start)
      const hasNul = nul !== -1 && nul < end
      const swallowed = hasNul ? swallowedHeader(window, view, at, end) : undefined
      if (swallowed !== undefined) return this.#leaveOut(at, size, swallowed)
      this.#delivery.deliver(version, view.getUint32(at + 8, LITTLE_ENDIAN), window, view, start, end, hasNul)
      at = end
      if (this.#framing !== 'exact') return this.#leavePayload(at, size)
    }
    this.#wanted = HEADER_BYTES
    return at
  }

  #leavePayload(at: number, size: number): number {
    // A payload of the full length has no padding in either framing, so it decides nothing.
    const left = MAX_PAYLOAD_BYTES - size
    if (left === 0) this.#expect(HEADER, HEADER_BYTES)
    else if (this.#framing === 'undecided') this.#expect({ kind: 'following', size }, HEADER_BYTES)
    else if (this.#assumedPadding > 0 && left >= HEADER_BYTES) this.#expect({ kind: 'confirming', left }, HEADER_BYTES)
    else this.#expect({ kind: 'padding', left }, 1)
    return at
  }

  #settleFraming(window: Buffer, view: DataView, at: number, size: number): number {
    const decision = decideFraming(window, view, at, size)
    if (decision !== undefined) return this.#take(decision, window, view, at)
    this.#wanted = decisiveBytes(size)
    return at
  }

  #take(decision: Decision, window: Buffer, view: DataView, at: number): number {
    switch (decision.kind) {
      case 'exact':
      case 'padded':
        this.#framing = decision.kind
        this.#assumedPadding = decision.kind === 'exact' ? 0 : decision.next - at
        this.#expect(HEADER, HEADER_BYTES)
        return at + this.#assumedPadding
      case 'damaged':
        return this.#lose(window, view, at)
      default:
        return decision satisfies never
    }
  }

  #confirmPadding(view: DataView, at: number, left: number): number {
    const assumed = this.#assumedPadding
    this.#assumedPadding = 0
    if (headerFault(view, at) !== undefined) {
      this.#expect({ kind: 'padding', left }, 1)
      return at
    }
    // It was garbage, and the record just read was the first one behind it.
    const frameBytes = HEADER_BYTES + MAX_PAYLOAD_BYTES - left
    this.#report.resynchronised(this.#offset + at - frameBytes, assumed)
    this.#framing = 'exact'
    this.#expect(HEADER, HEADER_BYTES)
    return at
  }

  #skipPadding(window: Buffer, at: number, left: number): number {
    const skipped = Math.min(left, window.length - at)
    if (skipped === left) this.#expect(HEADER, HEADER_BYTES)
    else this.#place = { kind: 'padding', left: left - skipped }
    return at + skipped
  }

  #lose(window: Buffer, view: DataView, at: number): number {
    this.#report.badHeader(this.#offset + at, window, view, at)
    this.#expect({ kind: 'lost', since: this.#offset + at }, 1)
    this.#forgetFraming()
    return searchStart(at)
  }

  #search(window: Buffer, view: DataView, from: number, since: number): number {
    const { kind, at } = findHeader(window, view, from)
    const offset = this.#offset + at
    if (offset - since > this.#maxGarbageBytes) {
      this.#report.gaveUp(since, this.#maxGarbageBytes)
      this.#expect({ kind: 'gave-up' }, Infinity)
      return window.length
    }
    if (kind === 'header') {
      this.#report.resynchronised(offset, Math.max(0, offset - since))
      this.#expect(HEADER, HEADER_BYTES)
    } else {
      this.#wanted = window.length - at + 1
    }
    return at
  }

  #leaveOut(at: number, size: number, swallowed: number): number {
    this.#report.damagedPayload(this.#offset + at, size, swallowed - at)
    this.#forgetFraming()
    this.#expect(HEADER, HEADER_BYTES)
    return swallowed
  }

  #finishRecord(window: Buffer, view: DataView, at: number): number | undefined {
    const unread = window.length - at
    if (unread < HEADER_BYTES) {
      if (mayBeginHeader(window, at)) this.#report.tornEnd(this.#offset + at, 'header', unread, HEADER_BYTES - unread)
      else this.#report.unrecognised(this.#offset + at, unread)
      return undefined
    }
    const size = payloadSize(view, at)
    const swallowed = swallowedHeader(window, view, at, window.length)
    if (swallowed !== undefined) return this.#leaveOut(at, size, swallowed)
    this.#report.tornEnd(this.#offset + at, 'payload', unread, HEADER_BYTES + size - unread)
    return undefined
  }

  #finishFraming(window: Buffer, view: DataView, at: number, size: number): number | undefined {
    const decision = decideFramingAtEnd(window, view, at, size)
    if (decision !== undefined) return this.#take(decision, window, view, at)
    this.#report.unrecognised(this.#offset + at, window.length - at)
    return undefined
  }

  /** Behind damage the framing is found out anew. */
  #forgetFraming(): void {
    this.#framing = this.#forced
    this.#assumedPadding = 0
  }

  #expect(place: Place, wanted: number): void {
    this.#place = place
    this.#wanted = wanted
  }
}
