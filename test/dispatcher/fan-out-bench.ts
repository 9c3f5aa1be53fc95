import type { FanOut } from '../../src/dispatcher/fan-out.js'
import { PROTOCOL, type Format } from '../../src/dispatcher/format.js'
import type { Outbox, OutboxWatcher } from '../../src/dispatcher/outbox.js'
import { ProtocolQueue } from '../../src/dispatcher/protocol-queue.js'
import { Queue } from '../../src/dispatcher/queue.js'
import type { QueueLimits } from '../../src/dispatcher/settings.js'
import type { SegmentPool } from '../../src/dispatcher/segment.js'
import { parseSelector } from '../../src/protocol/selector.js'
import type { WireRecord } from '../protocol/wire.js'

export const ROOMY: QueueLimits = { depth: 1e9, bytes: 1e12, overflow: 'drop-newest' }

/** A queue in a fan-out, and what a plugin has read from it. */
export class Reader {
  readonly queue: Outbox
  readonly selector: string
  readonly told: string[] = []
  /** Sizes of what was handed over in one piece. */
  readonly pieces: number[] = []
  #read: Buffer[] = []

  constructor(fanOut: FanOut, pool: SegmentPool, format: Format, selector = '', limits = ROOMY, name = '') {
    this.selector = selector
    this.queue = newQueue(format, limits, pool, {
      makeRoom: () => {},
      lossBegan: (reason) => this.told.push(`began ${reason}`),
      lossEnded: (lost) => this.told.push(`ended ${lost}`),
      tooLong: () => {},
      poisoned: () => {},
    })
    fanOut.add({ queue: this.queue, selector: selector === '' ? undefined : parseSelector(selector), name })
  }

  /** All that it has been given so far. */
  read(): Buffer {
    for (let run = this.queue.next(); run !== undefined; run = this.queue.next()) {
      this.#read.push(Buffer.from(run.segment.bytes.subarray(run.start, run.end)))
      this.pieces.push(run.end - run.start)
      this.queue.wrote(run.end - run.start)
    }
    this.#read = [Buffer.concat(this.#read)]
    return this.#read[0] ?? Buffer.alloc(0)
  }
}

/** A queue whose process reads, and acknowledges nothing. */
function newQueue(format: Format, limits: QueueLimits, pool: SegmentPool, watcher: OutboxWatcher): Outbox {
  if (format !== PROTOCOL) return new Queue(format, limits, pool, watcher)
  const queue = new ProtocolQueue(limits, pool, watcher)
  queue.open(false, 1)
  return queue
}

/** Gives one frame as the reader does: somewhere in a buffer that is something else right afterwards. */
export function comeFrame(fanOut: FanOut, { version, type, payload }: WireRecord): void {
  const bytes = Buffer.concat([Buffer.from('before'), payload, Buffer.from('after')])
  const isClean = !payload.includes(0) && !payload.includes('\n')
  fanOut.frame(version, type, bytes, 6, 6 + payload.length, isClean)
  bytes.fill('?')
}

export function comeLines(fanOut: FanOut, lines: readonly Buffer[], source?: string): void {
  const bytes = Buffer.concat([Buffer.from('before\n'), ...lines, Buffer.from('after\n')])
  fanOut.lines(bytes, 7, bytes.length - 6, lines.length, source)
  bytes.fill('?')
}
