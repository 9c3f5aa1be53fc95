// A server of native connections over a disk in memory, and senders that a test drives message by message.

import { Holdings } from '../../../plugins/remote-recv/holdings.js'
import type { SessionHost, Session } from '../../../plugins/remote-recv/intake.js'
import { JournalIntake } from '../../../plugins/remote-recv/journal-intake.js'
import type { SenderLimits } from '../../../plugins/remote-recv/limits.js'
import { NativeServer } from '../../../plugins/remote-recv/native-server.js'
import type { ServerOptions, ServerWorld } from '../../../plugins/remote-recv/native-world.js'
import { NodeGuard, type NodeCheckMode } from '../../../plugins/remote-recv/node-guard.js'
import { StreamLedger } from '../../../plugins/remote-recv/stream-ledger.js'
import { makeBlock, NO_SOURCE, type Block } from '../../../src/journal/block.js'
import { JournalStore } from '../../../src/journal/journal-store.js'
import type { Link } from '../../../src/remote/ports.js'
import { encode } from '../../../src/remote/wire/encode.js'
import { MessageReader } from '../../../src/remote/wire/message-reader.js'
import type { Ack, ControlMessage, Data, Hello, Message, Welcome } from '../../../src/remote/wire/message.js'
import { linesOf, quietWorld, readLines } from '../../journal/journal-world.js'
import { MemoryDisk } from '../../journal/memory-disk.js'
import { Random } from '../../protocol/random.js'
import { HandClock, rest } from './hand-clock.js'

export const STREAM = 'ab'.repeat(16)
const KIB = 1024
export const OPTIONS: ServerOptions = {
  budgetBytes: 64 * KIB * KIB,
  maxBlockBytes: KIB * KIB,
  maxStreams: 64,
}
const LIMITS: SenderLimits = {
  bytesPerS: 0,
  recordsPerS: 0,
  journalBytes: 0,
  maxConnections: 2,
  weight: 1,
  names: ['audit://site/web1'],
}

export class NativePlace {
  readonly disk: MemoryDisk
  readonly clock: HandClock
  readonly store: JournalStore
  readonly intake: JournalIntake
  readonly server: NativeServer
  readonly ledger: StreamLedger
  /** Somebody has come or gone. */
  changes = 0
  readonly holdings: Holdings
  readonly alarms: string[] = []
  limits: SenderLimits = LIMITS

  static async open(
    { nodeCheck = 'warn', ...options }: Partial<ServerOptions> & { readonly nodeCheck?: NodeCheckMode } = {},
    disk = new MemoryDisk(new Random(1)),
  ): Promise<NativePlace> {
    return new NativePlace(
      disk,
      await JournalStore.over(disk.port, quietWorld()),
      { ...OPTIONS, ...options },
      nodeCheck,
    )
  }

  private constructor(disk: MemoryDisk, store: JournalStore, options: ServerOptions, nodeCheck: NodeCheckMode) {
    this.disk = disk
    this.store = store
    this.clock = new HandClock()
    this.ledger = new StreamLedger(this.clock, () => this.changes++)
    this.intake = new JournalIntake(
      { store, clock: this.clock, freeBytes: async () => undefined },
      { commitDelayMs: 2, lowBytes: 0, reserveBytes: 0 },
      { committed() {}, failed() {} },
    )
    this.holdings = new Holdings(store, () => this.limits.journalBytes)
    const alarm = ({ what }: { readonly what: string }): void => {
      this.alarms.push(what)
    }
    const world: ServerWorld = {
      store,
      intake: this.intake,
      clock: this.clock,
      ledger: this.ledger,
      holdings: this.holdings,
      guard: new NodeGuard(nodeCheck, () => this.limits.names, alarm),
      limitsOf: () => this.limits,
      alarm,
      unreadable: () => this.alarms.push('unreadable'),
    }
    this.server = new NativeServer(world, options)
  }

  /** A connection that is made. */
  connect(principal = 'audit://site/web1', stream = STREAM): PlaySender {
    return new PlaySender(this, principal, stream)
  }

  /** The text of all records. */
  lines(): string[] {
    return this.disk
      .run(readLines(this.store.journal))
      .flatMap((lines) => lines.split('\n').filter((line) => line !== ''))
  }
}

export class PlaySender {
  readonly said: Message[] = []
  readonly strikes: string[] = []
  readonly session: Session
  readonly #place: NativePlace
  readonly stream: string
  readonly #reader = new MessageReader('sender')
  /** What comes of the other end is taken only while this is so. */
  isReading = true
  isPaused = false
  isClosed = false
  seq = 0
  chain: Buffer = Buffer.alloc(32, 7)

  constructor(place: NativePlace, principal: string, stream: string) {
    this.#place = place
    this.stream = stream
    const link: Link = {
      write: (chunks) => {
        this.#reader.push(Buffer.concat(chunks))
        for (let message = this.#reader.next(); message !== undefined; message = this.#reader.next())
          this.said.push(message)
        return this.isReading
      },
      pause: () => (this.isPaused = true),
      resume: () => (this.isPaused = false),
      end: () => {
        this.isClosed = true
      },
      destroy: () => {
        this.isClosed = true
      },
    }
    const host: SessionHost = {
      intake: place.intake,
      clock: place.clock,
      link,
      peer: { principal, address: '192.0.2.1:1000', certificateEndMs: undefined },
      log() {},
      strike: (reason) => this.strikes.push(reason),
    }
    this.session = place.server.serve(host)
  }

  /** All that is said of a kind. */
  all<T extends Message['type']>(type: T): Extract<Message, { type: T }>[] {
    return this.said.filter((message): message is Extract<Message, { type: T }> => message.type === type)
  }

  get welcome(): Welcome | undefined {
    return this.all('welcome').at(-1)
  }

  get ack(): Ack | undefined {
    return this.all('ack').at(-1)
  }

  /** What it may still send. */
  get limit(): number {
    return this.ack?.credit ?? this.welcome?.credit ?? 0
  }

  get error(): string | undefined {
    return this.all('error').at(-1)?.code
  }

  say(message: ControlMessage | Data): void {
    this.session.data(Buffer.concat(encode(message)))
  }

  hello(changes: Partial<Hello> = {}): void {
    this.say({
      type: 'hello',
      versions: [1],
      stream: this.stream,
      from: 1,
      before: Buffer.alloc(32, 7).toString('hex'),
      parent: '',
      first: 1,
      last: this.seq,
      chain: this.chain.toString('hex'),
      acked: 0,
      closed: false,
      instance: '1'.repeat(32),
      bootId: '',
      receiver: '',
      maxBlock: 64 * KIB,
      agent: 'test',
      ...changes,
    })
  }

  /** HELLO, WELCOME, START. */
  async open(changes: Partial<Hello> = {}): Promise<void> {
    this.hello(changes)
    await rest()
    const { welcome } = this
    if (welcome === undefined) throw new Error(`no WELCOME but ${JSON.stringify(this.said)}`)
    this.seq = welcome.last
    this.chain = Buffer.from(welcome.chain, 'hex')
    this.say({ type: 'start', from: this.seq + 1, chain: welcome.chain })
  }

  /** The next block, sent or not. */
  block(name: string, count = 1, fillBytes = 0): Data & { readonly block: Block } {
    const lines = linesOf(name, count, fillBytes)
    return this.blockOf(lines, count)
  }

  blockOf(lines: Buffer, count: number): Data & { readonly block: Block } {
    const draft = { kind: 'data', count, lines: count, wallMs: 1, source: NO_SOURCE, note: Buffer.alloc(0) } as const
    const block = makeBlock({ ...draft, firstSeq: this.seq + 1, before: this.chain }, [lines])
    this.seq += count
    this.chain = block.chain
    return { type: 'data', head: block.head, lines, block }
  }

  /** Returns the bytes of its body. */
  send(name: string, count = 1, fillBytes = 0): number {
    const data = this.block(name, count, fillBytes)
    this.say(data)
    return data.head.length + data.lines.length
  }

  close(): void {
    this.session.closed('ECONNRESET')
  }

  get place(): NativePlace {
    return this.#place
  }
}
