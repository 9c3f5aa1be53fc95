// What one plugin in a fan-out should have been given, record by record.

import { BINARY, PROTOCOL, STRING, type Format } from '../../src/dispatcher/format.js'
import { emptyLedger } from '../../src/dispatcher/ledger.js'
import type { Seen } from './seen-record.js'

const LONGEST_LINE = 65_536

type Item =
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  | {
      readonly kind: 'lost'
      readonly count: number
      readonly first: number
      readonly last: number
      readonly reason: string
    }

export class Expectation {
  readonly format: Format
  readonly name: string
  readonly ledger = emptyLedger()
  /** Seqs of the first and the last record that it gets. */
  readonly held = { from: Infinity, to: 0 }
  wants: (seen: Seen) => boolean
  readonly #items: Item[] = []

  constructor(format: Format, name: string, wants: (seen: Seen) => boolean) {
    this.format = format
    this.name = name
    this.wants = wants
  }

  /** All that it should have read, with lost ranges where the format has words for them. */
  get bytes(): Buffer {
    return Buffer.concat(
      this.#items.map((item) => {
        if (item.kind === 'bytes') return item.bytes
        const { count, first, last, reason } = item
        return Buffer.from(this.format === PROTOCOL ? `LOST ${count} ${first} ${last} ${reason}\n` : '')
      }),
    )
  }

  comes(seen: Seen, seq: number): void {
    this.ledger.in++
    if (seen.source === this.name || !this.wants(seen)) this.ledger.filtered++
    else this.#gets(seen, seq)
  }

  /** It is for this plugin, whatever it asked for. */
  comesAlone(seen: Seen, seq: number): void {
    this.ledger.in++
    this.#gets(seen, seq)
  }

  gap(seq: number): void {
    this.#loses(0, seq, 'input-gap')
  }

  #gets(seen: Seen, seq: number): void {
    const bytes = bytesOf(this.format, seen, seq)
    if (bytes === undefined) {
      this.ledger.dropped['too-long']++
      return this.#loses(1, seq, 'too-long')
    }
    this.ledger.delivered++
    this.held.from = Math.min(this.held.from, seq)
    this.held.to = seq
    this.#items.push({ kind: 'bytes', bytes })
  }

  #loses(count: number, seq: number, reason: string): void {
    const last = this.#items.at(-1)
    if (last?.kind === 'lost' && last.reason === reason) {
      this.#items.splice(-1, 1, { ...last, count: last.count + count, last: seq })
    } else this.#items.push({ kind: 'lost', count, first: seq, last: seq, reason })
  }
}

function bytesOf(format: Format, { line, frame }: Seen, seq: number): Buffer | undefined {
  if (format === STRING) return line
  if (format === BINARY) return frame
  const record = Buffer.concat([Buffer.from(`RECORD ${seq} `), line])
  return record.length > LONGEST_LINE ? undefined : record
}
