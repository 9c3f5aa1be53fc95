// A sender played on the wire: blocks that were made before, frame by frame, at most so many unacknowledged. It has no spool, so what
// is measured is the collector.

import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { CHAIN_BYTES, ID_BYTES, makeBlock, NO_SOURCE } from '../../src/journal/block.js'
import { encode } from '../../src/remote/wire/encode.js'
import { MessageReader } from '../../src/remote/wire/message-reader.js'
import type { Message } from '../../src/remote/wire/message.js'
import { linesFrom } from './carrier.js'

const MAX_BLOCK = 64 * 1024
const VERSION = 1

export interface Plan {
  readonly blocks: number
  readonly recordsABlock: number
  readonly window: number
  /** One block in so much time, whatever is acknowledged; else the next ones go when there is room in the window. */
  readonly everyMs?: number
}

export interface PlayedEvents {
  /** WELCOME has come; it waits for `begin`. */
  ready(): void
  /** Everything is acknowledged. */
  done(): void
  failed(why: string): void
}

interface PlayedBlock {
  readonly frame: Buffer
  readonly bodyBytes: number
  readonly lastSeq: number
}

export class PlayedSender {
  /** From the write of a block to its acknowledgement. */
  readonly micros: number[] = []
  readonly #plan: Plan
  readonly #events: PlayedEvents
  readonly #socket: Socket
  readonly #reader = new MessageReader('sender')
  readonly #stream = randomBytes(ID_BYTES).toString('hex')
  readonly #before = randomBytes(CHAIN_BYTES)
  readonly #blocks: readonly PlayedBlock[]
  readonly #lastChain: string
  readonly #sentAt: number[] = []
  #acked = 0
  #credit = 0
  #creditUsed = 0

  constructor(plan: Plan, socket: Socket, events: PlayedEvents) {
    this.#plan = plan
    this.#events = events
    this.#socket = socket
    const { blocks, chain } = makeBlocks(plan, this.#before)
    this.#blocks = blocks
    this.#lastChain = chain.toString('hex')
    socket.setNoDelay(true)
    socket.on('data', (bytes: Buffer) => {
      this.#read(bytes)
    })
    socket.on('error', (error) => events.failed(error.message))
    socket.on('close', () => events.failed('closed'))
  }

  /** To be called when it is connected. */
  hello(): void {
    this.#say({
      type: 'hello',
      versions: [VERSION],
      stream: this.#stream,
      from: 1,
      before: this.#before.toString('hex'),
      parent: '',
      first: 1,
      last: this.#plan.blocks * this.#plan.recordsABlock,
      chain: this.#lastChain,
      acked: 0,
      closed: false,
      instance: randomBytes(ID_BYTES).toString('hex'),
      bootId: '',
      receiver: '',
      maxBlock: MAX_BLOCK,
      agent: 'bench',
    })
  }

  begin(): void {
    this.#say({ type: 'start', from: 1, chain: this.#before.toString('hex') })
    const { everyMs } = this.#plan
    if (everyMs === undefined) {
      this.#sendMore()
      return
    }
    // Not all at the same moment.
    setTimeout(() => {
      const timer = setInterval(() => {
        this.#sendMore(1)
        if (this.#sentAt.length === this.#blocks.length) clearInterval(timer)
      }, everyMs)
    }, Math.random() * everyMs)
  }

  #read(bytes: Buffer): void {
    this.#reader.push(bytes)
    for (let message = this.#reader.next(); message !== undefined; message = this.#reader.next()) this.#take(message)
  }

  #take(message: Message): void {
    switch (message.type) {
      case 'welcome':
        this.#credit = message.credit
        this.#events.ready()
        return
      case 'ack':
        this.#credit = message.credit
        this.#settle(message.seq)
        if (this.#plan.everyMs === undefined) this.#sendMore()
        return
      case 'ping':
        this.#say({ type: 'pong', nonce: message.nonce })
        return
      case 'error':
        this.#events.failed(`${message.code}: ${message.text}`)
        return
      case 'status':
      case 'pong':
      case 'probed':
      case 'bye':
        return
      default:
        this.#events.failed(`${message.type} is not for a sender`)
    }
  }

  #settle(seq: number): void {
    const now = performance.now()
    while (this.#acked < this.#blocks.length && (this.#blocks[this.#acked]?.lastSeq ?? 0) <= seq) {
      this.micros.push((now - (this.#sentAt[this.#acked] ?? now)) * 1000)
      this.#acked++
    }
    if (this.#acked === this.#blocks.length) this.#events.done()
  }

  #sendMore(most = Infinity): void {
    const frames: Buffer[] = []
    while (
      frames.length < most &&
      this.#sentAt.length < this.#blocks.length &&
      this.#sentAt.length - this.#acked < this.#plan.window
    ) {
      const next = this.#blocks[this.#sentAt.length]
      if (next === undefined || this.#creditUsed + next.bodyBytes > this.#credit) break
      this.#creditUsed += next.bodyBytes
      this.#sentAt.push(performance.now())
      frames.push(next.frame)
    }
    if (frames.length > 0) this.#socket.write(frames.length === 1 ? (frames[0] ?? '') : Buffer.concat(frames))
  }

  #say(message: Message): void {
    this.#socket.write(Buffer.concat(encode(message)))
  }
}

function makeBlocks(
  { blocks, recordsABlock }: Plan,
  before: Buffer,
): { readonly blocks: readonly PlayedBlock[]; readonly chain: Buffer } {
  let chain = before
  const made = Array.from({ length: blocks }, (_, index): PlayedBlock => {
    const firstSeq = index * recordsABlock + 1
    const lines = linesFrom(firstSeq, recordsABlock)
    const draft = { firstSeq, count: recordsABlock, lines: recordsABlock, wallMs: 0, source: NO_SOURCE, before: chain }
    const block = makeBlock({ kind: 'data', note: Buffer.alloc(0), ...draft }, [lines])
    chain = block.chain
    const bodyBytes = block.head.length + lines.length
    const frame = Buffer.concat(encode({ type: 'data', head: block.head, lines }))
    return { frame, bodyBytes, lastSeq: firstSeq + recordsABlock - 1 }
  })
  return { blocks: made, chain }
}
