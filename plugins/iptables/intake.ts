// From lines to records: what is no packet is passed over, what is not wanted or too much is left out, and the rest goes to the output one
// after the other, so that never more is on its way than the output takes.

import type { Packet } from './packet.js'
import { prefixFilter } from './prefix-filter.js'
import { Quota } from './quota.js'
import type { Source, SourceLine } from './source.js'

export interface IntakeOptions {
  readonly prefixes: readonly string[]
  readonly maxPerSecond: number
}

/** What is told, each time. */
export interface IntakeEvents {
  odd(why: string): void
  heldBack(): void
}

/** False: it cannot be sent any more. */
export type SendPacket = (packet: Packet, position: number, heldBack: number) => Promise<boolean>

export class Intake {
  readonly #events: IntakeEvents
  readonly #send: SendPacket
  readonly #nowMs: () => number
  #isWanted: (prefix: string) => boolean
  #quota: Quota
  /** Since the last one that was sent. */
  #heldBack = 0
  /** Everything up to here is on its way, or needs none. */
  done = 0

  constructor({ prefixes, maxPerSecond }: IntakeOptions, send: SendPacket, nowMs: () => number, events: IntakeEvents) {
    this.#events = events
    this.#send = send
    this.#nowMs = nowMs
    this.#isWanted = prefixFilter(prefixes)
    this.#quota = new Quota(maxPerSecond)
  }

  /** From now on these count. */
  set({ prefixes, maxPerSecond }: IntakeOptions): void {
    this.#isWanted = prefixFilter(prefixes)
    this.#quota = new Quota(maxPerSecond)
  }

  /** Until `stopping` is aborted. `passed` is called after each lot of lines. */
  async run(source: Source, stopping: AbortSignal, passed: () => void): Promise<void> {
    this.done = source.position
    for (let lines = await source.next(stopping); lines !== undefined; lines = await source.next(stopping)) {
      for (const line of lines) {
        if (stopping.aborted) return
        const isTaken = this.#take(line)
        // Most lines of a syslog file are others': none of them is to cost a turn.
        if (isTaken !== true && !(await isTaken)) return
        this.done = line.position
      }
      passed()
    }
  }

  #take({ reading, position }: SourceLine): true | Promise<boolean> {
    switch (reading.kind) {
      case 'other':
        return true
      case 'odd':
        this.#events.odd(reading.why)
        return true
      case 'packet':
        return this.#takePacket(reading.packet, position)
      default:
        return reading satisfies never
    }
  }

  #takePacket(packet: Packet, position: number): true | Promise<boolean> {
    if (!this.#isWanted(packet.fields.get('prefix') ?? '')) return true
    if (this.#quota.passes(packet.timeMs ?? this.#nowMs())) {
      const heldBack = this.#heldBack
      this.#heldBack = 0
      return this.#send(packet, position, heldBack)
    }
    this.#heldBack++
    this.#events.heldBack()
    return true
  }
}
