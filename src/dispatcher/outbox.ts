import type { Format } from './format.js'
import type { DropReason, Ledger } from './ledger.js'
import type { Segment } from './segment.js'
import type { QueueLimits } from './settings.js'

/** Bytes to be written next: the range [start, end) of what `segment` holds. */
export interface Output {
  readonly segment: { readonly bytes: Buffer }
  readonly start: number
  readonly end: number
}

/** An outbox's owner. It is called in the middle of taking records, so of a loss it must only take note. */
export interface OutboxWatcher {
  /** The outbox is full and more is to come: writes what the plugin takes now. */
  makeRoom(): void
  lossBegan(reason: DropReason): void
  lossEnded(lost: number): void
  /** A record was dropped because this plugin's format cannot carry it. */
  tooLong(): void
  /** A record was dropped because the plugin has died of it again and again; its line. */
  poisoned(line: Buffer): void
}

/** What is on its way to one plugin, as the fan-out fills it and the plugin's driver empties it. */
export interface Outbox {
  readonly format: Format
  readonly ledger: Ledger
  /** Nothing is left to be written, nor to be acknowledged. */
  readonly isEmpty: boolean
  /** Bytes that wait, or are on their way; what counts against `q_bytes`. */
  readonly heldBytes: number
  readonly flow: 'open' | 'losing' | 'suspended' | 'shut'
  /** It wants the door shut, because its overflow action is `block`. */
  readonly blocks: boolean
  /** Whether it lets the door be opened again. */
  readonly unblocks: boolean

  setLimits(limits: QueueLimits): void
  /**
   * Takes `records` whole records, the bytes [start, end) of `segment`, or drops them as the overflow action says.
   * `ownRecord`: they are the daemon's own, whose loss is counted but never told, nor the reason for a loss.
   * `first`, `last`: the seqs of the first and the last of them.
   */
  offer(
    segment: Segment,
    start: number,
    end: number,
    records: number,
    ownRecord: boolean,
    first: number,
    last: number,
  ): void
  /** Takes one record that is for this plugin alone, in its format. */
  offerAlone(record: Buffer, seq: number): void
  /** Counts a record that this plugin's format cannot carry. */
  dropTooLong(seq: number): void
  /** Records of the input may be missing here: nobody knows how many. */
  noteGap(seq: number): void

  /** The bytes to write next; undefined when nothing is to be written now. */
  next(): Output | undefined
  /** A copy of the first of these bytes, at most `limit`, to be written later; they stay in their place until wrote(). */
  handOver(limit: number): Buffer
  /** `count` bytes of next() have been written. */
  wrote(count: number): void
  /**
   * The process is gone and left the last `unread` bytes that were written to it unread. Returns how many of them had been
   * let go before and so cannot be given back.
   */
  takeBack(unread: number): number

  resume(): void
  /** Drops what waits and all that is still to come, until reopen(). Returns how many records waited. */
  shut(reason: 'failed' | 'stopped'): number
  /** Takes records again; returns how many were lost since it was shut, or since the loss that was going on then began. */
  reopen(): number
  /** Lets all memory go; the outbox is not used afterwards. */
  close(): void
  /** `segment` is sealed: what little of it is held is copied out, so as not to pin it. */
  settle(segment: Segment): void
}
