// What waits for one client. It is bounded by records and by bytes; what comes beyond is lost for this client alone, newest
// first, and by whole records. Once something is lost nothing is taken until half of the room is free again: a client that is
// a little too slow then has long runs of records and a few gaps that are told, instead of a gap at every other record.

import type { ClientFormat } from './config.js'
import { firstOf, type Piece } from './piece.js'

/** One write to a client's socket has about this at most; what the kernel does not take of it at once waits in memory. */
const FLIGHT_BYTES = 256 * 1024

export interface QueueBounds {
  readonly records: number
  readonly bytes: number
}

type Keeping = { readonly kind: 'keeping' } | { readonly kind: 'losing'; readonly lost: number }

export class ClientQueue {
  readonly #bounds: QueueBounds
  readonly #format: ClientFormat
  #waiting: Piece[] = []
  #flight: readonly Piece[] = []
  #keeping: Keeping = { kind: 'keeping' }
  #records = 0
  #bytes = 0
  #mostRecords = 0
  #sent = 0
  #lost = 0

  constructor(bounds: QueueBounds, format: ClientFormat) {
    this.#bounds = bounds
    this.#format = format
  }

  /** What the kernel has not taken yet. */
  get records(): number {
    return this.#records
  }

  get bytes(): number {
    return this.#bytes
  }

  get mostRecords(): number {
    return this.#mostRecords
  }

  /** Records that the kernel has taken. */
  get sent(): number {
    return this.#sent
  }

  get lost(): number {
    return this.#lost
  }

  get isLosing(): boolean {
    return this.#keeping.kind === 'losing'
  }

  get isInFlight(): boolean {
    return this.#flight.length > 0
  }

  /** Whether the client begins to lose records by this. */
  take(piece: Piece): boolean {
    if (this.#keeping.kind === 'losing') {
      this.#lose(this.#keeping.lost, piece.count)
      return false
    }
    const roomRecords = this.#bounds.records - this.#records
    const roomBytes = this.#bounds.bytes - this.#bytes
    if (piece.count <= roomRecords && piece.bytes.length <= roomBytes) {
      this.#keep(piece)
      return false
    }
    const part = firstOf(piece, this.#format, roomRecords, roomBytes)
    if (part.count > 0) this.#keep(part)
    this.#lose(0, piece.count - part.count)
    return true
  }

  /** What is to be written next, until written() is called; empty when nothing waits. */
  fly(): readonly Piece[] {
    let bytes = 0
    let end = 0
    while (end < this.#waiting.length && bytes < FLIGHT_BYTES) bytes += this.#waiting[end++]?.bytes.length ?? 0
    this.#flight = this.#waiting.splice(0, end)
    return this.#flight
  }

  /** The kernel has taken what flew. Gives how many were lost when that is over now. */
  written(): number | undefined {
    for (const { bytes, count } of this.#flight) {
      this.#records -= count
      this.#bytes -= bytes.length
      this.#sent += count
    }
    this.#flight = []
    if (this.#keeping.kind === 'keeping' || !this.#isHalfFree()) return undefined
    const { lost } = this.#keeping
    this.#keeping = { kind: 'keeping' }
    return lost
  }

  #keep(piece: Piece): void {
    this.#waiting.push(piece)
    this.#records += piece.count
    this.#bytes += piece.bytes.length
    this.#mostRecords = Math.max(this.#mostRecords, this.#records)
  }

  #lose(before: number, count: number): void {
    this.#keeping = { kind: 'losing', lost: before + count }
    this.#lost += count
  }

  #isHalfFree(): boolean {
    return this.#records <= this.#bounds.records / 2 && this.#bytes <= this.#bounds.bytes / 2
  }
}
