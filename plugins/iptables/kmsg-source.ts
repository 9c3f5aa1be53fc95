// The kernel's buffer, read from /dev/kmsg: a record a read. Nothing in Node waits for a device, so it is looked at again after a pause;
// the kernel keeps what comes meanwhile.
//
// Times are those of the kernel's clock, which runs a little apart from the time of day. A record is no older than the last look that
// found nothing, and never from the future: where the sum of kernel's clock and offset says otherwise, the offset is set right.

import { closeSync, constants, openSync, readSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { errorCode } from '../../src/config/error-code.js'
import { readKmsg, type KmsgRecord } from './kmsg-record.js'
import { readLogText } from './log-text.js'
import { OTHER, type Reading } from './packet.js'
import type { Place, Source, SourceEvents, SourceLine, Start } from './source.js'

/** The kernel's own bound is 2048 with everything. */
const MAX_RECORD_BYTES = 8192
/** So many are given at once; before more are, what has come meanwhile is read. */
const MAX_LINES = 64
/** What is read ahead: many times what the kernel itself keeps. */
const MAX_AHEAD_CHARACTERS = 8 * 1024 * 1024
/** The first pause after something came, and the longest, to which the pauses grow: a small buffer is full soon. */
const LEAST_POLL_MS = 2
const MOST_POLL_MS = 20
/** Where audit's records stand while no auditd takes them: what is said there about packets is not netfilter's. */
const AUDIT_PREFIX = 'audit: '

export interface KmsgWorld {
  /** One record; undefined if there is none now, `overrun` if the next one is not there any more. Throws what node:fs throws. */
  read(): Buffer | 'overrun' | undefined
  /** Names the boot. */
  readonly boot: string
  wallMs(): number
  /** The time since boot by a clock near the kernel's own. */
  sinceBootMs(): number
  close(): void
}

interface Timed {
  readonly record: KmsgRecord
  readonly timeMs: number
}

export class KmsgSource implements Source {
  readonly #world: KmsgWorld
  readonly #events: SourceEvents
  readonly #base: number
  /** The sequence number behind what was given; undefined before the first. */
  #next: number | undefined
  /** The same behind what was read. */
  #expected: number | undefined
  #offsetMs: number
  readonly #skipTo: number
  #pollMs = MOST_POLL_MS
  /** Read and not given yet. */
  #ahead: Timed[] = []
  #aheadCharacters = 0
  /** The time of day when there was nothing to read, if nothing was read since. */
  #emptyAtMs: number | undefined

  /** `isFromNow`: without a place to go on from, what is in the buffer already is left out. */
  constructor(world: KmsgWorld, { place, leastBase }: Start, isFromNow: boolean, events: SourceEvents) {
    this.#world = world
    this.#events = events
    this.#offsetMs = world.wallMs() - world.sinceBootMs()
    const isSame = place !== undefined && place.identity === world.boot
    this.#base = isSame ? place.base : leastBase
    // 0 stands for nothing yet: what was overwritten before the first was read is no loss.
    this.#next = isSame && place.offset > 0 ? place.offset : undefined
    this.#expected = this.#next
    // There is no seek to a sequence number: what is settled is read again and passed over.
    this.#skipTo = isSame ? place.offset : 0
    if (isSame) return
    if (isFromNow) this.#skipAll()
    events.moved(this.placeAt(this.position))
  }

  get position(): number {
    return this.#base + (this.#next ?? 0)
  }

  placeAt(position: number): Place {
    return { identity: this.#world.boot, base: this.#base, offset: position - this.#base }
  }

  async next(stopping: AbortSignal): Promise<readonly SourceLine[] | undefined> {
    if (stopping.aborted) return undefined
    const lines = this.#readSome()
    this.#pollMs = lines.length > 0 ? LEAST_POLL_MS : Math.min(MOST_POLL_MS, 2 * this.#pollMs)
    if (lines.length > 0) return lines
    await pause(this.#pollMs, undefined, { signal: stopping }).catch(() => {
      // AbortError: the end.
    })
    return stopping.aborted ? undefined : []
  }

  close(): void {
    this.#world.close()
  }

  #readSome(): SourceLine[] {
    this.#readAhead()
    return this.#ahead.splice(0, MAX_LINES).map((timed) => {
      this.#aheadCharacters -= timed.record.text.length
      this.#next = timed.record.sequence + 1
      return { reading: readingOf(timed), position: this.position }
    })
  }

  #readAhead(): void {
    while (this.#aheadCharacters < MAX_AHEAD_CHARACTERS) {
      const read = this.#world.read()
      if (read === undefined) {
        this.#emptyAtMs = this.#world.wallMs()
        return
      }
      // How many it were is seen from the number of the next one.
      if (read === 'overrun') continue
      const record = readKmsg(read)
      if (record === undefined || record.sequence < this.#skipTo) continue
      const expected = this.#expected ?? record.sequence
      if (record.sequence > expected) this.#events.overrun(record.sequence - expected)
      this.#expected = record.sequence + 1
      this.#aheadCharacters += record.text.length
      this.#ahead.push({ record, timeMs: this.#timeOf(record) })
    }
  }

  #timeOf({ sinceBootUs }: KmsgRecord): number {
    const kernelMs = sinceBootUs / 1000
    const nowMs = this.#world.wallMs()
    const timeMs = kernelMs + this.#offsetMs
    const earliestMs = Math.min(this.#emptyAtMs ?? -Infinity, nowMs)
    if (timeMs > nowMs) this.#offsetMs = nowMs - kernelMs
    else if (timeMs < earliestMs) this.#offsetMs = earliestMs - kernelMs
    this.#emptyAtMs = undefined
    return kernelMs + this.#offsetMs
  }

  #skipAll(): void {
    for (let read = this.#world.read(); read !== undefined; read = this.#world.read()) {
      if (read === 'overrun') continue
      const record = readKmsg(read)
      if (record !== undefined) this.#next = record.sequence + 1
    }
    this.#expected = this.#next
  }
}

function readingOf({ record, timeMs }: Timed): Reading {
  const { text, isKernels } = record
  if (!isKernels || text.startsWith(AUDIT_PREFIX)) return OTHER
  const reading = readLogText(text)
  return reading.kind === 'packet' ? { kind: 'packet', packet: { ...reading.packet, timeMs } } : reading
}

/** Throws what node:fs throws. */
export function openKmsg(path: string, boot: string): KmsgWorld {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const buffer = Buffer.alloc(MAX_RECORD_BYTES)
  return {
    boot,
    read() {
      try {
        return buffer.subarray(0, readSync(fd, buffer, 0, buffer.length, null))
      } catch (error) {
        const code = errorCode(error)
        if (code === 'EAGAIN') return undefined
        if (code === 'EPIPE') return 'overrun'
        throw error
      }
    },
    wallMs: () => Date.now(),
    sinceBootMs: () => Number(process.hrtime.bigint() / 1000n) / 1000,
    close: () => {
      closeSync(fd)
    },
  }
}
