// A sender of the native protocol in a test: its blocks stay in memory, and whatever happens to a connection, the next one goes on behind
// what the collector says to have.

import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { makeBlock, NO_SOURCE } from '../../src/journal/block.js'
import { encode } from '../../src/remote/wire/encode.js'
import { MessageReader } from '../../src/remote/wire/message-reader.js'
import { ackChain, type Data, type Hello, type Message } from '../../src/remote/wire/message.js'

const RETRY_MS = 20
const BEFORE = Buffer.alloc(32, 7)

interface Kept {
  readonly data: Data
  readonly last: number
  readonly chain: Buffer
}

export class PlaySender {
  readonly stream: string
  readonly port: () => number
  readonly #blocks: Kept[] = []
  #chain: Buffer = BEFORE
  #serial: number
  #socket: Socket | undefined
  #isOver = false
  acked = 0
  sent = 0
  credit = 0
  used = 0
  connections = 0
  /** Codes of ERRORs, and states of STATUSes. */
  readonly errors: string[] = []
  readonly states: string[] = []
  /** What breaks the protocol's promise, in words. */
  readonly wrong: string[] = []
  readonly #instance: string

  /** Serials of its records begin behind `serial`. */
  constructor(port: () => number, digit: string, serial: number) {
    this.port = port
    this.stream = digit.repeat(32)
    this.#serial = serial
    this.#instance = digit.repeat(32)
  }

  get last(): number {
    return this.#blocks.at(-1)?.last ?? 0
  }

  /** One more block of so many records. */
  add(count: number, node = ''): void {
    const records = Array.from(
      { length: count },
      () => `${node}type=USER msg=audit(1700000000.000:${++this.#serial}): x\n`,
    )
    const lines = Buffer.from(records.join(''))
    const draft = { kind: 'data', count, lines: count, wallMs: 1, source: NO_SOURCE, note: Buffer.alloc(0) } as const
    const block = makeBlock({ ...draft, firstSeq: this.last + 1, before: this.#chain }, [lines])
    this.#chain = block.chain
    this.#blocks.push({ data: { type: 'data', head: block.head, lines }, last: this.last + count, chain: block.chain })
    this.#pump()
  }

  /** Connects, again and again, until it is closed. */
  begin(): this {
    void this.#run()
    return this
  }

  /** Cuts the connection. */
  cut(): void {
    this.#socket?.resetAndDestroy()
  }

  close(): void {
    this.#isOver = true
    this.#socket?.destroy()
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      await new Promise<void>((resolve) => {
        this.#connect(resolve)
      })
      await delay(RETRY_MS)
    }
  }

  #connect(closed: () => void): void {
    const socket = connect(this.port(), '127.0.0.1')
    const reader = new MessageReader('sender')
    this.#socket = socket
    this.credit = 0
    this.used = 0
    this.sent = Infinity
    socket.on('connect', () => {
      this.connections++
      for (const chunk of encode(this.#hello())) socket.write(chunk)
    })
    socket.on('data', (bytes) => {
      reader.push(bytes)
      for (let message = reader.next(); message !== undefined; message = reader.next()) this.#take(socket, message)
    })
    socket.on('error', () => {
      // ECONNREFUSED, ECONNRESET: tried again.
    })
    socket.on('close', () => {
      this.sent = Infinity
      closed()
    })
  }

  #hello(): Hello {
    return {
      type: 'hello',
      versions: [1],
      stream: this.stream,
      from: 1,
      before: BEFORE.toString('hex'),
      parent: '',
      first: 1,
      last: this.last,
      chain: this.#chain.toString('hex'),
      acked: this.acked,
      closed: false,
      instance: this.#instance,
      bootId: '',
      receiver: '',
      maxBlock: 64 * 1024,
      agent: 'test',
    }
  }

  #take(socket: Socket, message: Message): void {
    switch (message.type) {
      case 'welcome': {
        const { last, chain, credit } = message
        if (last < this.acked) this.wrong.push(`it has ${last}, and has acknowledged ${this.acked}`)
        if (last > 0 && this.#chainAt(last) !== chain) this.wrong.push(`the chain at ${last} is not ours`)
        this.sent = last
        this.credit = credit
        socket.write(Buffer.concat(encode({ type: 'start', from: last + 1, chain })))
        break
      }
      case 'ack': {
        const chain = this.#chainAt(message.seq)
        if (message.seq > 0 && (chain === undefined || ackChain(chain) !== message.chain))
          this.wrong.push(`an ACK of ${message.seq}, which is no end of ours`)
        this.acked = Math.max(this.acked, message.seq)
        this.credit = message.credit
        break
      }
      case 'ping':
        socket.write(Buffer.concat(encode({ type: 'pong', nonce: message.nonce })))
        break
      case 'status':
        this.states.push(message.state)
        break
      case 'error':
        this.errors.push(message.code)
        break
      default:
    }
    this.#pump()
  }

  #chainAt(seq: number): string | undefined {
    return this.#blocks.find(({ last }) => last === seq)?.chain.toString('hex')
  }

  #pump(): void {
    for (const { data, last } of this.#blocks) {
      if (last <= this.sent) continue
      const bytes = data.head.length + data.lines.length
      if (this.#socket === undefined || this.sent === Infinity || this.used + bytes > this.credit) return
      for (const chunk of encode(data)) this.#socket.write(chunk)
      this.used += bytes
      this.sent = last
    }
  }
}
