// What both programs write down for people to look at: `status.json` beside their journal. It decides nothing, and nothing is lost with
// it.

import { fields, list, number, oneOf, orNull, text, type Shaped } from '../config/json-shape.js'

export const STATUS_NAME = 'status.json'
const VERSION = 1
/** What goes beyond is counted in `more`. */
export const MAX_STREAMS = 10_000
export const MAX_REASONS = 100
const MAX_TEXT = 1024

/** Entries in the journal, and how many records they cover. */
const tally = fields({ entries: number, records: number })

const certificate = fields({ name: text(MAX_TEXT), endMs: number })

/** One stream: at remote-send its own, at remote-recv each that was ever received. */
const stream = fields({
  /** Whose it is; at remote-send the collector, while it is connected. */
  principal: text(MAX_TEXT),
  stream: text(MAX_TEXT),
  state: oneOf(['up', 'opening', 'down', 'suspended', 'closed']),
  /** Since when `state` is so; wall time, ms since 1970, as all that ends in Ms but is no lag. */
  sinceMs: number,
  /** Of the other end, or where the last try went; '' if there never was one. */
  address: text(MAX_TEXT),
  last: number,
  durable: number,
  acked: number,
  lagRecords: number,
  /** The age of the oldest record that is not acknowledged. */
  lagMs: number,
  /** What will never come, because the sender had freed it when the collector was restored. */
  holes: tally,
  /** What the sender lost, by its policy or by damage. */
  losses: tally,
  /** Records that came again and were not taken, and those that were taken although they may have come before. */
  repeats: number,
  maybeRepeats: number,
  forks: number,
  certificate: orNull(certificate),
  lastError: text(MAX_TEXT),
})

const status = fields({
  version: number,
  program: oneOf(['remote-send', 'remote-recv']),
  pid: number,
  startedMs: number,
  writtenMs: number,
  /** The program ended by itself, and this was the last it had to say. */
  state: oneOf(['running', 'stopped']),
  protocol: text(MAX_TEXT),
  /** What an acknowledgement is worth, in words. */
  promise: text(MAX_TEXT),
  disk: oneOf(['ok', 'low', 'full', 'failing', 'stalled']),
  dir: text(4096),
  bytes: number,
  /** Its own certificate. */
  certificate: orNull(certificate),
  /** How far the dispatcher of the collector is; null at remote-send. */
  handOver: orNull(fields({ last: number, acked: number })),
  /** Connections that were not let in, by reason. */
  refused: list(fields({ reason: text(MAX_TEXT), count: number }), MAX_REASONS),
  streams: list(stream, MAX_STREAMS),
  /** Streams that are not listed. */
  more: number,
})

export type ProgramStatus = Shaped<typeof status>
export type StreamStatus = Shaped<typeof stream>
export type Tally = Shaped<typeof tally>
export type CertificateStatus = Shaped<typeof certificate>

export const NO_TALLY: Tally = { entries: 0, records: 0 }

/** What a program knows; the version, and when it was written, are added. */
export type StatusReport = Omit<ProgramStatus, 'version' | 'writtenMs' | 'state' | 'more'>

/** The bytes of the file. Lists and texts are cut to their bounds. */
export function writeStatus(report: StatusReport, state: ProgramStatus['state'], nowMs: number): string {
  const { streams, refused } = report
  const written: ProgramStatus = {
    version: VERSION,
    ...report,
    state,
    writtenMs: nowMs,
    refused: [...refused].sort((a, b) => b.count - a.count).slice(0, MAX_REASONS),
    streams: streams.slice(0, MAX_STREAMS),
    more: Math.max(0, streams.length - MAX_STREAMS),
  }
  return `${JSON.stringify(written, (_key, value: unknown) => (typeof value === 'string' ? value.slice(0, MAX_TEXT) : value))}\n`
}

/** Undefined: this is no status, or one of a version that is not known here. */
export function readStatus(json: string): ProgramStatus | undefined {
  try {
    const parsed: unknown = JSON.parse(json)
    const found = status(parsed)
    return found?.version === VERSION ? found : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
