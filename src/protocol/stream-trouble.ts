import type { HeaderFault } from './frame.js'

/**
 * What an admin should know about a stream, each told once for a run of the same. `offset` counts from the first byte
 * of the stream.
 */
export type StreamTrouble =
  /** No header where one should be; `bytes` are the 16 that stand there. Then comes `resynchronised` or an end of the stream. */
  | { readonly code: HeaderFault; readonly offset: number; readonly bytes: Buffer }
  /** Records go on at `offset`, behind bytes that were none; also behind bytes that were taken for padding at first. */
  | { readonly code: 'resynchronised'; readonly offset: number; readonly skippedBytes: number }
  /** A record whose size covers the header of another one: left out, and read on from that header. */
  | {
      readonly code: 'damaged-payload'
      readonly offset: number
      readonly size: number
      readonly skippedBytes: number
    }
  /** The stream ends within a record. With `padding` the record itself was whole; of a line nobody knows how much is missing. */
  | {
      readonly code: 'torn-end'
      readonly offset: number
      readonly part: 'header' | 'payload' | 'padding' | 'line'
      readonly heldBytes: number
      readonly missingBytes: number | undefined
    }
  /** The stream ends within bytes that are no record. */
  | { readonly code: 'unrecognised'; readonly offset: number; readonly skippedBytes: number }
  /** The text began in the middle of a line. */
  | { readonly code: 'partial-line'; readonly offset: number; readonly skippedBytes: number }
  | { readonly code: 'line-too-long'; readonly offset: number }
  /** Records lack their last 16 bytes, a fault of the named releases of auditd. */
  | { readonly code: 'lost-tail'; readonly offset: number; readonly releases: readonly string[] }
  | { readonly code: 'gave-up'; readonly offset: number; readonly skippedBytes: number }

/** Sums since the stream began. */
export interface StreamCounters {
  frames: number
  lines: number
  bytes: number
  /** Bytes that belong to nothing that was delivered, but for a torn end. */
  skippedBytes: number
  badHeaders: number
  resyncs: number
  damaged: number
  tornRecords: number
  tooLong: number
}

/** Takes what a stream holds, in order. The bytes given are the reader's own and valid only during the call. */
export interface StreamSink {
  /** One record: its payload is bytes[start, end). `clean` says that neither LF nor NUL is in it; `view` is of all the bytes. */
  frame(version: 0 | 1, type: number, bytes: Buffer, start: number, end: number, clean: boolean, view: DataView): void
  /** One or more whole lines, each with its LF; `count` of them. Where there are several, `ends` has the end of each. */
  lines(bytes: Buffer, start: number, end: number, count: number, ends: readonly number[]): void
  trouble(trouble: StreamTrouble): void
}
