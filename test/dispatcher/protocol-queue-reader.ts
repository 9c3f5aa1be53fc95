// A queue of the line protocol beside its model, with a plugin that reads what the queue gives it: the bytes must be the
// model's, and what the contract promises.

import assert from 'node:assert/strict'
import { balances } from '../../src/dispatcher/ledger.js'
import { ProtocolQueue } from '../../src/dispatcher/protocol-queue.js'
import type { SegmentPool } from '../../src/dispatcher/segment.js'
import type { QueueLimits } from '../../src/dispatcher/settings.js'
import { ProtocolQueueModel, type ModelRecord } from './protocol-queue-model.js'
import { Memory, ProtocolPlugin } from './protocol-queue-plugin.js'

/** More than this a process cannot have left unread. */
const PIPE_BYTES = 1 << 20

/** How a process is started. */
export interface Opening {
  readonly acks: boolean
  readonly window: number
  /** It says `from=`, of everything that was ever sent, at this share. */
  readonly fromShare: number | undefined
  /** It dies before it is READY. */
  readonly isStillborn: boolean
}

export class ProtocolQueueReader {
  readonly queue: ProtocolQueue
  readonly model: ProtocolQueueModel
  /** Offered record by record and not all of them, as a plugin with a selector is. */
  readonly isPicky: boolean
  readonly memory = new Memory()
  readonly told: string[] = []
  readonly poisoned: Buffer[] = []
  /** What the plugin takes at once when the queue asks it to make room. */
  roomBytes = 0
  /** Whether any process has acknowledged what an earlier one had got: it may have been lost since, and is not told. */
  hasSkipped = false
  #plugin: ProtocolPlugin | undefined
  #acks = false
  #isReady = false
  #piece: Buffer = Buffer.alloc(0)
  #isMakingRoom = false
  /** What each makeRoom() wrote, until the model comes to the same point. */
  readonly #rooms: (Buffer | undefined)[][] = []

  constructor(pool: SegmentPool, limits: QueueLimits, isPicky: boolean) {
    this.isPicky = isPicky
    this.model = new ProtocolQueueModel(limits, () => this.#modelMakesRoom())
    this.queue = new ProtocolQueue(limits, pool, {
      makeRoom: () => this.#makeRoom(),
      lossBegan: (reason) => this.told.push(`began ${reason}`),
      lossEnded: (lost) => this.told.push(`ended ${lost}`),
      tooLong: () => {},
      poisoned: (line) => this.poisoned.push(line),
    })
  }

  /** The model takes what the queue has been offered. */
  offered(records: readonly ModelRecord[], own: boolean): void {
    this.model.offer(
      records.map((record) => ({ ...record })),
      own,
    )
  }

  start({ acks, window, fromShare, isStillborn }: Opening): void {
    if (this.#plugin !== undefined) return
    this.#plugin = new ProtocolPlugin(this.memory)
    this.#acks = false
    this.say(`HELLO 1 next=${this.queue.firstSeq}\n`)
    this.write(Infinity)
    assert.equal(this.queue.next(), undefined, 'nothing but HELLO comes before READY')
    assert.equal([...this.model.next()].length, 0)
    if (isStillborn) return
    if (acks && fromShare !== undefined) {
      const from = Math.ceil(fromShare * this.queue.sentSeq)
      this.hasSkipped = true
      this.#acked(from)
    }
    this.#acks = acks
    this.#isReady = true
    this.queue.open(acks, window)
    this.model.open(acks, window)
  }

  /** A line beside the records. */
  say(line: string): void {
    if (this.#plugin === undefined) return
    this.queue.control.push(line)
    this.model.control.push(Buffer.from(line))
    this.#plugin.expects(line)
  }

  /** Acknowledges a share of what it may. */
  ack(share: number): void {
    const { ackedSeq, sentSeq } = this.queue
    if (!this.#acks || sentSeq === ackedSeq) return
    const seq = ackedSeq + Math.max(1, Math.ceil(share * (sentSeq - ackedSeq)))
    // It may have got it as an earlier process.
    if (seq > (this.#plugin?.lastSeq ?? 0)) this.hasSkipped = true
    this.#acked(seq)
  }

  /** Writes as the driver does: of what stands next, as much as the FIFO takes. Returns what that was. */
  write(most: number): Buffer | undefined {
    if (this.#piece.length > 0) return this.#pieceIsIn()
    const bytes = this.#next(most)
    if (bytes === undefined) {
      assert.equal([...this.model.next()].length, 0, 'the model has something to write')
      return undefined
    }
    this.#assertNext(bytes)
    this.queue.wrote(bytes.length)
    this.model.write(bytes.length)
    this.#plugin?.take(bytes)
    return bytes
  }

  /** Hands a piece over that goes in when the next write comes. */
  handOver(limit: number): void {
    if (this.#piece.length > 0) return
    const piece = this.queue.handOver(limit)
    this.#assertNext(piece)
    this.#piece = piece
    this.model.handedOver = piece.length
  }

  /** What the process at hand is there for; undefined when there is none. */
  get stage(): 'greeted' | 'acks' | 'reads' | undefined {
    if (this.#plugin === undefined) return undefined
    return this.#isReady ? (this.#acks ? 'acks' : 'reads') : 'greeted'
  }

  /** The process goes, having left this share of what was written to it unread. */
  die(unreadShare: number, isCrash: boolean): void {
    const { written, acks } = this.model
    this.leave(Math.floor(unreadShare * (acks ? written : Math.min(written, PIPE_BYTES))), isCrash)
  }

  /** The process goes, having left so many bytes unread. */
  leave(unread: number, isCrash: boolean): void {
    if (this.#plugin === undefined) return
    const { written } = this.model
    this.#piece = Buffer.alloc(0)
    assert.equal(this.queue.takeBack(unread), 0, 'everything unread comes back')
    if (!this.#acks) this.#plugin.readOnly(written - unread)
    this.model.die(unread)
    this.#plugin = undefined
    this.#acks = this.#isReady = false
    if (isCrash) this.#countDeath()
  }

  shut(reason: 'failed' | 'stopped'): void {
    this.die(0, false)
    assert.equal(this.queue.shut(reason), this.model.shut(reason))
  }

  /** A process that acknowledges everything gets all that there is; the one at hand if it can be. */
  finish(acks = true, isNew = true): void {
    this.roomBytes = 0
    if (isNew || this.stage !== 'acks') this.die(0, false)
    assert.equal(this.queue.reopen(), this.model.reopen())
    this.start({ acks, window: 1000, fromShare: undefined, isStillborn: false })
    const lastSeq = (): number => this.#plugin?.lastSeq ?? 0
    for (let turns = 0; !this.queue.isEmpty; turns++) {
      assert.ok(turns < 10_000, 'it comes to an end')
      this.write(Infinity)
      if (this.#acks && lastSeq() > this.model.ackedSeq) this.#acked(lastSeq())
      this.check()
    }
    assert.equal(this.queue.next(), undefined)
    assert.equal(this.queue.ledger.queued, 0)
    // What a process without acknowledgements had read is known when it has gone.
    this.die(0, false)
    this.#checkWhole()
  }

  check(): void {
    const { queue, model } = this
    assert.deepEqual(queue.ledger, model.ledger)
    assert.ok(balances(queue.ledger), 'the ledger balances')
    assert.deepEqual(this.told, model.told)
    assert.deepEqual(seenOf(queue), seenOf(model))
    assert.deepEqual(this.#rooms, [], 'the model asked for room as often')
  }

  /** Every record that was offered was got, or told to be lost. */
  #checkWhole(): void {
    const { offered, told, done } = this.memory
    for (const seq of offered.keys()) assert.ok(done.has(seq) || told.has(seq), `${seq} came to nothing`)
    if (this.hasSkipped) return
    const lost = [...offered.keys()].filter((seq) => told.has(seq))
    const { dropped, delivered } = this.queue.ledger
    for (const [reason, count] of Object.entries(dropped)) {
      assert.equal(lost.filter((seq) => told.get(seq) === reason).length, count, `lost: ${reason}`)
    }
    assert.equal(offered.size - lost.length, delivered)
  }

  #acked(seq: number): void {
    const from = this.model.ackedSeq + 1
    this.queue.acked(seq)
    this.model.acked(seq)
    this.#plugin?.acked(from, seq, this.model.written + this.#piece.length)
  }

  #countDeath(): void {
    this.queue.countDeath()
    const poison = this.model.countDeath()
    assert.deepEqual(this.poisoned, poison === undefined ? [] : [poison.line.subarray(0, -1)])
    this.poisoned.length = 0
  }

  #pieceIsIn(): Buffer {
    const piece = this.#piece
    this.#piece = Buffer.alloc(0)
    this.queue.wrote(piece.length)
    this.model.write(piece.length)
    this.#plugin?.take(piece)
    return piece
  }

  #makeRoom(): void {
    if (this.#isMakingRoom) return
    this.#isMakingRoom = true
    const writes: (Buffer | undefined)[] = []
    while (this.roomBytes > 0 && this.#piece.length === 0) {
      const bytes = this.#next(this.roomBytes)
      writes.push(bytes)
      if (bytes === undefined) break
      this.roomBytes -= bytes.length
      this.queue.wrote(bytes.length)
      this.#plugin?.take(bytes)
    }
    this.#rooms.push(writes)
    this.#isMakingRoom = false
  }

  #modelMakesRoom(): void {
    if (this.#isMakingRoom) return
    this.#isMakingRoom = true
    for (const bytes of this.#rooms.shift() ?? assert.fail('the queue did not ask for room')) {
      if (bytes === undefined) assert.equal([...this.model.next()].length, 0)
      else {
        this.#assertNext(bytes)
        this.model.write(bytes.length)
      }
    }
    this.#isMakingRoom = false
  }

  /** A copy of what stands next, at most so much of it. */
  #next(most: number): Buffer | undefined {
    const output = this.queue.next()
    if (output === undefined) return undefined
    assert.ok(output.end > output.start, 'what comes next is not empty')
    return Buffer.from(output.segment.bytes.subarray(output.start, Math.min(output.end, output.start + most)))
  }

  #assertNext(bytes: Buffer): void {
    let at = 0
    for (const line of this.model.next()) {
      const part = line.subarray(0, bytes.length - at)
      assert.ok(part.equals(bytes.subarray(at, at + part.length)), `other bytes than the model's at ${at}`)
      at += part.length
      if (at === bytes.length) return
    }
    assert.equal(at, bytes.length, 'more comes next than may')
  }
}

function seenOf(queue: ProtocolQueue | ProtocolQueueModel): unknown {
  const { flow, isEmpty, isPaused, blocks, unblocks, ackedSeq, sentSeq, firstSeq, held } = queue
  return { flow, isEmpty, isPaused, blocks, unblocks, ackedSeq, sentSeq, firstSeq, held: { ...held } }
}
