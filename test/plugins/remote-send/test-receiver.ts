// The other side of the native protocol, made here from the wire's codec alone: it keeps what it takes in memory, checks that blocks
// follow one another, and answers at once. What it takes, it never forgets, unless a test makes it.

import { hasLines, readBlock } from '../../../src/journal/block.js'
import { encode } from '../../../src/remote/wire/encode.js'
import { MessageReader } from '../../../src/remote/wire/message-reader.js'
import { ackChain, type ErrorCode, type Hello, type Message, type PeerState } from '../../../src/remote/wire/message.js'

const MAX_DATA_BYTES = 2 * 1024 * 1024
const RECEIVER_ID = 'f'.repeat(32)

/** What it has of a stream. */
export interface Kept {
  readonly from: number
  last: number
  chain: string
  /** Chains behind the blocks. */
  readonly ends: Map<number, string>
  readonly blocks: { readonly firstSeq: number; readonly lastSeq: number; readonly lines: string }[]
  readonly holes: { readonly from: number; readonly to: number; readonly reason: string }[]
}

export interface Wire {
  write(bytes: Buffer): void
  end(): void
}

export class TestReceiver {
  readonly streams = new Map<string, Kept>()
  readonly hellos: Hello[] = []
  /** What came that does not fit. */
  readonly wrong: string[] = []
  readonly heard: Message['type'][] = []
  /** In bytes of DATA: what is allowed beyond what has come. */
  credit = 1024 * 1024
  state: PeerState = 'ok'
  /** Blocks taken are acknowledged; else when the test says so. */
  acknowledges = true
  /** Whether it answers at all. */
  isSilent = false
  readonly sessions = new Set<TestSession>()

  /** A connection. */
  open(wire: Wire): TestSession {
    const session = new TestSession(this, wire)
    this.sessions.add(session)
    return session
  }

  /** All lines of all streams, in the order of their seqs. */
  get lines(): string[] {
    return this.all.flatMap(({ lines }) => lines.split('\n').slice(0, -1))
  }

  get holes(): Kept['holes'] {
    return [...this.streams.values()].flatMap(({ holes }) => holes)
  }

  get all(): Kept['blocks'] {
    return [...this.streams.values()].flatMap(({ blocks }) => blocks).toSorted((a, b) => a.firstSeq - b.firstSeq)
  }
}

export class TestSession {
  readonly #receiver: TestReceiver
  readonly #wire: Wire
  readonly #reader = new MessageReader('receiver', MAX_DATA_BYTES)
  #stream = ''
  #taken = 0

  constructor(receiver: TestReceiver, wire: Wire) {
    this.#receiver = receiver
    this.#wire = wire
  }

  data(bytes: Buffer): void {
    this.#reader.push(bytes)
    for (let message = this.#reader.next(); message !== undefined; message = this.#reader.next()) {
      this.#receiver.heard.push(message.type)
      if (!this.#receiver.isSilent) this.#take(message)
    }
  }

  say(message: Message): void {
    this.#wire.write(Buffer.concat(encode(message)))
  }

  fail(code: ErrorCode, action: 'retry' | 'superseded' | 'operator' = 'retry'): void {
    this.say({ type: 'error', code, text: 'as the test wants', retryAfterMs: 0, action })
    this.#wire.end()
  }

  /** ACK of all that was taken. */
  acknowledge(): void {
    const kept = this.#receiver.streams.get(this.#stream)
    if (kept === undefined) return
    const { state, credit } = this.#receiver
    this.say({ type: 'ack', seq: kept.last, chain: ackChain(kept.chain), credit: this.#taken + credit, state })
  }

  closed(): void {
    this.#receiver.sessions.delete(this)
  }

  #take(message: Message): void {
    const kept = this.#receiver.streams.get(this.#stream)
    switch (message.type) {
      case 'hello': {
        this.#receiver.hellos.push(message)
        this.#stream = message.stream
        const known = this.#receiver.streams.get(message.stream)
        const { from, before } = message
        if (known === undefined)
          this.#receiver.streams.set(message.stream, {
            from,
            last: from - 1,
            chain: before,
            ends: new Map([[from - 1, before]]),
            blocks: [],
            holes: [],
          })
        const { last, chain } = known ?? { last: from - 1, chain: before }
        const credit = this.#taken + this.#receiver.credit
        this.say({
          type: 'welcome',
          version: 1,
          receiver: RECEIVER_ID,
          session: '1',
          last,
          chain,
          credit,
          pingMs: 15_000,
        })
        return
      }
      case 'probe':
        this.say({ type: 'probed', chains: message.seqs.map((seq) => kept?.ends.get(seq) ?? null) })
        return
      case 'start':
        if (message.from !== (kept?.last ?? 0) + 1 || message.chain !== kept?.chain) this.#wrong('START')
        return
      case 'skip':
        if (kept === undefined || message.from !== kept.last + 1) return this.#wrong('SKIP')
        kept.holes.push({ from: message.from, to: message.to, reason: message.reason })
        kept.last = message.to
        kept.chain = message.chain
        kept.ends.set(kept.last, kept.chain)
        if (this.#receiver.acknowledges) this.acknowledge()
        return
      case 'data': {
        const block = readBlock(message.head)
        if (block === undefined || !hasLines(block, message.lines) || kept === undefined) return this.#wrong('DATA')
        this.#taken += message.head.length + message.lines.length
        if (block.firstSeq !== kept.last + 1 || block.before.toString('hex') !== kept.chain) return this.#wrong('order')
        kept.last = block.firstSeq + block.count - 1
        kept.chain = block.chain.toString('hex')
        kept.ends.set(kept.last, kept.chain)
        const { firstSeq } = block
        kept.blocks.push({ firstSeq, lastSeq: kept.last, lines: message.lines.toString('latin1') })
        if (this.#receiver.acknowledges) this.acknowledge()
        return
      }
      case 'ping':
        this.say({ type: 'pong', nonce: message.nonce })
        return
      case 'bye':
        this.#wire.end()
        return
      default:
    }
  }

  #wrong(what: string): void {
    this.#receiver.wrong.push(what)
    this.fail('out-of-order')
  }
}
