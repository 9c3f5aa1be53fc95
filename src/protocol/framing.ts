import { HEADER_BYTES, MAX_PAYLOAD_BYTES, headerFault, mayBeginHeader } from './frame.js'
import { BEHIND_BYTES } from './held-bytes.js'
import { findHeader, frameEndsAt } from './resync.js'

export type Framing = 'undecided' | 'exact' | 'padded'

/** What the bytes behind a payload say about the framing. */
export type Decision =
  | { readonly kind: 'exact' }
  /** Padded, and the next header is at `next`. */
  | { readonly kind: 'padded'; readonly next: number }
  | { readonly kind: 'damaged' }

const EXACT: Decision = { kind: 'exact' }
const DAMAGED: Decision = { kind: 'damaged' }

/** How many bytes behind a payload of `size` bytes settle the framing, if the first HEADER_BYTES do not. */
export function decisiveBytes(size: number): number {
  return MAX_PAYLOAD_BYTES - size + HEADER_BYTES
}

/** Judges by at least HEADER_BYTES at `at`, the end of a payload; undefined if it takes the decisive bytes. */
export function decideFraming(window: Buffer, view: DataView, at: number, size: number): Decision | undefined {
  if (headerFault(view, at) === undefined) return EXACT
  const next = at + MAX_PAYLOAD_BYTES - size
  if (window.length - next < HEADER_BYTES) return undefined
  return headerFault(view, next) === undefined && isPadding(window, view, at, next) ? { kind: 'padded', next } : DAMAGED
}

/** Judges by all the bytes there are at `at`, too few to be sure; undefined if they are like nothing. */
export function decideFramingAtEnd(window: Buffer, view: DataView, at: number, size: number): Decision | undefined {
  const next = at + MAX_PAYLOAD_BYTES - size
  if (window.length === next && isPadding(window, view, at, next)) return { kind: 'padded', next }
  if (window.length - at >= HEADER_BYTES && findHeader(window, view, searchStart(at)).kind === 'header') return DAMAGED
  if (window.length > next && mayBeginHeader(window, next)) return { kind: 'padded', next }
  return mayBeginHeader(window, at) ? EXACT : undefined
}

/** Whether no frame ends at `to`: else it is by chance, in a damaged exact stream, that the next header stands there. */
function isPadding(window: Buffer, view: DataView, from: number, to: number): boolean {
  return !frameEndsAt(window, view, searchStart(from), to)
}

/** Where to search for a header when there is none at `at`: the payload before may have counted a part of it. */
export function searchStart(at: number): number {
  return Math.max(0, at - BEHIND_BYTES)
}
