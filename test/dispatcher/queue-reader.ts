// A queue beside its model, with a plugin that reads from both: what the queue gives it must be what the model has.

import assert from 'node:assert/strict'
import type { Format } from '../../src/dispatcher/format.js'
import { Queue } from '../../src/dispatcher/queue.js'
import type { SegmentPool } from '../../src/dispatcher/segment.js'
import type { QueueLimits } from '../../src/dispatcher/settings.js'
import { recordOf } from './numbered-record.js'
import { QueueModel } from './queue-model.js'

const OWED_BYTES = 200

export class QueueReader {
  readonly queue: Queue
  readonly model: QueueModel
  /** Offered record by record and not all of them, as a plugin with a selector is. */
  readonly isPicky: boolean
  readonly told: string[] = []
  /** What the plugin takes at once when the queue asks it to make room. */
  roomBytes = 0
  /** A piece is on its way, and nothing else is written until it is in. */
  #pieceBytes = 0
  #isMakingRoom = false
  /** What each makeRoom() wrote, until the model comes to the same point. */
  readonly #rooms: Buffer[][] = []

  constructor(pool: SegmentPool, format: Format, limits: QueueLimits, isPicky: boolean) {
    this.isPicky = isPicky
    const owed = recordOf(format, 0, OWED_BYTES)
    this.model = new QueueModel(limits, owed, () => this.#modelMakesRoom())
    this.queue = new Queue(format, limits, pool, {
      makeRoom: () => this.#makeRoom(),
      lossBegan: (reason) => this.told.push(`began ${reason}`),
      lossEnded: (lost) => {
        this.told.push(`ended ${lost}`)
        this.queue.offerAlone(owed)
      },
      tooLong: () => {},
      poisoned: () => {},
    })
  }

  /** Writes as a plugin does: of what stands next, as much as its FIFO takes. */
  write(most: number): void {
    const { queue, model } = this
    if (this.#pieceBytes > 0) return this.#pieceIsIn()
    const bytes = this.#next(most)
    if (bytes === undefined) return assert.equal(model.waiting.length, 0, 'something waits, but nothing comes next')
    assertNext(model, bytes)
    queue.wrote(bytes.length)
    model.write(bytes.length)
  }

  /** Hands a piece over that goes in when the next write comes. */
  handOver(limit: number): void {
    if (this.#pieceBytes > 0) return
    const piece = this.queue.handOver(limit)
    assertNext(this.model, piece)
    this.#pieceBytes = piece.length
    this.model.handedOver = piece.length
  }

  /** A death with so many bytes unread, or as many as can be. */
  die(wanted: number): void {
    const { queue, model } = this
    this.#pieceBytes = 0
    const unread = Math.max(0, Math.min(wanted, model.returnableBytes))
    assert.equal(queue.takeBack(unread), 0, 'everything unread comes back')
    assert.equal(queue.takeBack(1), 1, 'and nothing a second time')
    model.die(unread)
  }

  shut(reason: 'failed' | 'stopped'): void {
    this.#pieceBytes = 0
    assert.equal(this.queue.shut(reason), this.model.shut(reason))
  }

  check(): void {
    const { queue, model } = this
    assert.deepEqual(queue.ledger, model.ledger)
    assert.deepEqual(this.told, model.told)
    const seen = [queue.flow, queue.isEmpty, queue.heldBytes, queue.blocks, queue.unblocks]
    assert.deepEqual(seen, [model.flow, model.waiting.length === 0, model.waitingBytes, model.blocks, model.unblocks])
    assert.deepEqual(this.#rooms, [], 'the model asked for room as often')
  }

  #pieceIsIn(): void {
    const count = this.#pieceBytes
    this.#pieceBytes = 0
    this.queue.wrote(count)
    this.model.write(count)
  }

  #makeRoom(): void {
    if (this.#isMakingRoom) return
    this.#isMakingRoom = true
    const writes: Buffer[] = []
    while (this.roomBytes > 0 && this.#pieceBytes === 0) {
      const bytes = this.#next(this.roomBytes)
      if (bytes === undefined) break
      writes.push(bytes)
      this.roomBytes -= bytes.length
      this.queue.wrote(bytes.length)
    }
    this.#rooms.push(writes)
    this.#isMakingRoom = false
  }

  #modelMakesRoom(): void {
    if (this.#isMakingRoom) return
    this.#isMakingRoom = true
    for (const bytes of this.#rooms.shift() ?? assert.fail('the queue did not ask for room')) {
      assertNext(this.model, bytes)
      this.model.write(bytes.length)
    }
    this.#isMakingRoom = false
  }

  /** A copy of what stands next, at most so much of it. */
  #next(most: number): Buffer | undefined {
    const span = this.queue.next()
    if (span === undefined) return undefined
    assert.ok(span.end > span.start, 'what comes next is not empty')
    return Buffer.from(span.segment.bytes.subarray(span.start, Math.min(span.end, span.start + most)))
  }
}

function assertNext(model: QueueModel, bytes: Buffer): void {
  let at = 0
  let skip = model.partial
  for (const waiting of model.waiting) {
    if (at === bytes.length) return
    const part = waiting.subarray(skip, skip + bytes.length - at)
    assert.ok(part.equals(bytes.subarray(at, at + part.length)), `other bytes than the model's at ${at}`)
    at += part.length
    skip = 0
  }
  assert.equal(at, bytes.length, 'more comes next than waits')
}
