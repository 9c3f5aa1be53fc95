// What waits for the handlers, and the buffers that it lies in.

import type { Lost } from '../protocol/line.js'
import type { LineLayout } from './line-layout.js'

export const FIRST_BYTES = 128 * 1024
/** A buffer that has grown beyond this is not kept for the next time. */
export const KEPT_BYTES = 1024 * 1024

/** What waits for its turn, in the order in which it came. Offsets are those of its Hand. */
export type Item =
  | {
      readonly kind: 'records'
      readonly start: number
      end: number
      count: number
      last: number
      readonly arrivedMs: number
      readonly layout: LineLayout
    }
  | { readonly kind: 'lost'; readonly lost: Lost }
  | { readonly kind: 'reload' }
  /** An event had been open for too long at this time. */
  | { readonly kind: 'expire'; readonly atMs: number }
  /** `leavesOpen`: open events are left to the next process, which gets their records again. */
  | { readonly kind: 'stop'; readonly leavesOpen: boolean }

/** What lay waiting at one time: its items, and the bytes that they lie in. */
export interface Hand {
  readonly bytes: Buffer
  readonly items: readonly Item[]
}

/** Where what has come waits for its turn. */
export interface Waiting {
  /** Bytes that wait for the handlers. */
  readonly aheadBytes: number
  /** Something that did not come through the input but has to wait for its turn all the same. */
  add(item: Item): void
  /** Forgets all that waits, and all that comes, but for this and what is urgent. */
  leaveOnly(item: Item): void
  /** All that waits; it is the caller's until the next call. */
  take(): Hand | undefined
}

/** A larger copy of the first `kept` bytes, with room for `bytes` and for as many again as are likely to come. */
export function enlarged(buffer: Buffer, kept: number, bytes: number): Buffer {
  const larger = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, 2 ** Math.ceil(Math.log2(bytes))))
  buffer.copy(larger, 0, 0, kept)
  return larger
}
