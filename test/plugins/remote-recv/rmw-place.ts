// Connections of auditd's protocol into a journal in memory, with time in the test's hands.

import type { Link, Peer } from '../../../src/remote/ports.js'
import { JournalIntake } from '../../../plugins/remote-recv/journal-intake.js'
import type { Session } from '../../../plugins/remote-recv/intake.js'
import { RmwSenders } from '../../../plugins/remote-recv/rmw-senders.js'
import { rmwSpeaker, type RmwOptions } from '../../../plugins/remote-recv/rmw-session.js'
import { JournalStore } from '../../../src/journal/journal-store.js'
import { quietWorld, readLines } from '../../journal/journal-world.js'
import { MemoryDisk } from '../../journal/memory-disk.js'
import { Random } from '../../protocol/random.js'
import { HandClock, rest } from './hand-clock.js'

export const UNLIMITED: RmwOptions['limits'] = { enter: () => () => {}, took: () => 0, isFull: () => false }
const OPTIONS: RmwOptions = { idleMs: 3_600_000, mayTake: () => true, limits: UNLIMITED }

export class RmwPlace {
  readonly clock = new HandClock()
  readonly logs: string[] = []
  readonly strikes: string[] = []
  free: number | undefined
  disk = new MemoryDisk(new Random(1))
  #store: JournalStore | undefined
  #intake: JournalIntake | undefined
  #senders: RmwSenders | undefined

  /** A process begins, on what the disk shows. */
  async open(): Promise<void> {
    this.disk = new MemoryDisk(new Random(1), this.disk.files)
    const store = await JournalStore.over(this.disk.port, quietWorld())
    const world = { store, clock: this.clock, freeBytes: async () => this.free }
    const listener = { committed: () => {}, failed: () => {} }
    this.#store = store
    this.#intake = new JournalIntake(world, { commitDelayMs: 2, lowBytes: 100, reserveBytes: 10 }, listener)
    await this.#intake.begin()
    this.#senders = new RmwSenders(this.#intake)
  }

  get senders(): RmwSenders {
    if (this.#senders === undefined) throw new Error('not open')
    return this.#senders
  }

  connect(principal = '192.0.2.7', options: Partial<RmwOptions> = {}): RmwConnection {
    const intake = this.#intake
    if (intake === undefined) throw new Error('not open')
    const link = new KeptLink()
    const peer: Peer = { principal, address: `${principal}:5000`, certificateEndMs: undefined }
    const host = {
      intake,
      clock: this.clock,
      link,
      peer,
      log: (_level: string, text: string) => {
        this.logs.push(text)
      },
      strike: (reason: string) => {
        this.strikes.push(reason)
      },
    }
    return new RmwConnection(rmwSpeaker(this.senders, { ...OPTIONS, ...options })(host), link)
  }

  async lines(): Promise<string[]> {
    const store = this.#store
    if (store === undefined) throw new Error('not open')
    return (await store.read(readLines(store.journal))).flatMap((lines) => lines.trimEnd().split('\n'))
  }

  /** Until what was taken is durable, if the disk allows it. */
  async commit(): Promise<void> {
    await this.clock.pass(2)
    await rest()
  }
}

export class RmwConnection {
  readonly link: KeptLink
  readonly #session: Session

  constructor(session: Session, link: KeptLink) {
    this.#session = session
    this.link = link
  }

  send(...messages: readonly Buffer[]): void {
    this.#session.data(Buffer.concat(messages))
  }

  drain(): void {
    this.link.isFull = false
    this.#session.drained()
  }

  /** The network breaks. */
  cut(): void {
    this.#session.closed('ECONNRESET')
  }

  end(): void {
    this.#session.end('stop', 0)
  }

  /** What was answered: type and sequence number of each. */
  get answers(): string[] {
    const bytes = Buffer.concat(this.link.written)
    return Array.from({ length: bytes.length / 16 }, (_, index) => {
      const type = bytes.readUInt32LE(16 * index + 6)
      return `${type === 0x40000000 ? 'ack' : type.toString(16)} ${bytes.readUInt32LE(16 * index + 12)}`
    })
  }
}

class KeptLink implements Link {
  readonly written: Buffer[] = []
  isFull = false
  isPaused = false
  state: 'open' | 'ended' | 'destroyed' = 'open'

  write(chunks: readonly Uint8Array[]): boolean {
    if (this.state === 'open') this.written.push(Buffer.concat(chunks))
    return !this.isFull
  }

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    this.isPaused = false
  }

  end(): void {
    if (this.state === 'open') this.state = 'ended'
  }

  destroy(): void {
    this.state = 'destroyed'
  }
}
