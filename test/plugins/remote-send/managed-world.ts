// A managed uplink over a spool in memory, a net that does whatever it is told, and a model of auditd, in virtual time.

import { NO_SOURCE } from '../../../src/journal/block.js'
import type { FileOp, FilePort } from '../../../src/journal/file-port.js'
import { JournalStore } from '../../../src/journal/journal-store.js'
import type { LinkEvents } from '../../../src/remote/ports.js'
import type { SenderOptions } from '../../../src/remote/rmw/sender-input.js'
import { managedUplink } from '../../../plugins/remote-send/managed-uplink.js'
import type { Uplink, UplinkHost } from '../../../plugins/remote-send/uplink.js'
import { quietWorld, testGapLine } from '../../journal/journal-world.js'
import { MemoryDisk } from '../../journal/memory-disk.js'
import { VirtualNet } from '../../models/virtual-net.js'
import { SeededRandom, VirtualClock, VirtualTime } from '../../models/virtual-time.js'
import { Random } from '../../protocol/random.js'
import { ShamAuditd } from '../../remote/rmw/sham-auditd.js'

const OPTIONS: SenderOptions = {
  window: 8,
  heartbeatMs: 5000,
  answerMs: 4000,
  connectMs: 10_000,
  firstRetryMs: 500,
  longestRetryMs: 4000,
  maxTries: 3,
}
const COLLECTOR = 'collector'
const ANSWER_BYTES = 16

export class ManagedWorld {
  readonly random: Random
  readonly time = new VirtualTime()
  readonly net: VirtualNet
  readonly auditd = new ShamAuditd()
  readonly says: string[] = []
  readonly logs: string[] = []
  readonly acked: [seq: number, chain: string][] = []
  /** What `damaged` answers. */
  onDamage: 'stop' | 'skip' = 'stop'
  segmentBytes = 20_000
  /** auditd writes each answer by itself. */
  areAnswersApart = false
  /** Of the sender. */
  writes = 0
  kills = 0
  dials = 0
  readonly #options: SenderOptions
  #disk: MemoryDisk
  #gate: Promise<void> = Promise.resolve()
  #life = 0
  #store: JournalStore | undefined
  #uplink: Uplink | undefined

  constructor(seed: number, options: Partial<SenderOptions> = {}) {
    this.random = new Random(seed)
    this.net = new VirtualNet(this.time, this.random)
    this.#disk = new MemoryDisk(this.random)
    this.#options = { ...OPTIONS, ...options }
    this.listen()
  }

  get store(): JournalStore {
    if (this.#store === undefined) throw new Error('the spool is not open')
    return this.#store
  }

  get uplink(): Uplink {
    if (this.#uplink === undefined) throw new Error('there is no uplink')
    return this.#uplink
  }

  get disk(): MemoryDisk {
    return this.#disk
  }

  listen(): void {
    this.net.listen(COLLECTOR, (link): LinkEvents => {
      const serve = this.auditd.accept()
      return {
        connected: () => {},
        data: (bytes) => {
          const answers = serve(bytes)
          const each = this.areAnswersApart ? ANSWER_BYTES : answers.length
          for (let at = 0; at < answers.length; at += each) link.write([answers.subarray(at, at + each)])
        },
        drained: () => {},
        closed: () => {},
      }
    })
  }

  /** A process begins, on what the disk shows. */
  async start(): Promise<void> {
    const life = ++this.#life
    const isAlive = (): boolean => life === this.#life
    const store = await JournalStore.over(this.#gated(this.#disk.port), quietWorld(), {
      segmentBytes: this.segmentBytes,
      onDamage: 'skip',
    })
    const host: UplinkHost = {
      store,
      clock: new VirtualClock(this.time, isAlive),
      random: new SeededRandom(this.random),
      servers: [{ host: COLLECTOR, port: 60 }],
      dial: (_, events) => {
        this.dials++
        let held: Buffer[] | undefined
        // As in a kernel, what comes while nobody reads is one piece.
        const readAll = (): void => {
          const bytes = Buffer.concat(held ?? [])
          held = undefined
          if (bytes.length > 0) events.data(bytes)
        }
        const data = (bytes: Buffer): void => {
          if (held === undefined) events.data(bytes)
          else held.push(bytes)
        }
        const heard = listenedToWhile(isAlive, { ...events, data })
        const link = this.net.dial('sender', 'sender', COLLECTOR, heard)
        return {
          write: (chunks) => {
            this.writes++
            return link.write(chunks)
          },
          pause: () => {
            held ??= []
          },
          resume: readAll,
          end: () => {
            link.end()
          },
          destroy: () => {
            link.destroy()
          },
        }
      },
      log: (level, text) => {
        this.logs.push(`${level}: ${text}`)
      },
      acked: (seq, chain) => {
        store.journal.acknowledge({ seq, chain })
        this.acked.push([seq, chain.toString('hex')])
      },
      peerSays: (what, text) => {
        this.says.push(text === '' ? what : `${what}: ${text}`)
      },
      damaged: (firstSeq, lastSeq) => {
        this.logs.push(`damaged ${firstSeq}-${lastSeq}`)
        return this.onDamage
      },
    }
    this.#store = store
    this.#uplink = managedUplink({ ...this.#options, gapLine: testGapLine })(host)
  }

  /** kill -9: the page cache stays, and nobody says goodbye but the kernel. */
  async kill(): Promise<void> {
    this.kills++
    this.#life++
    for (const connection of this.net.all) connection.lose('sender', true)
    this.#disk = new MemoryDisk(this.random, this.#disk.files)
    await this.start()
  }

  /** Whatever is written from now on waits for a turn, which comes when the result is called. */
  holdWrites(): () => void {
    let open = (): void => {}
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    this.#gate = gate
    return open
  }

  async append(...records: readonly string[]): Promise<void> {
    const lines = Buffer.from(records.map((record) => `${record}\n`).join(''), 'latin1')
    this.store.journal.append(lines, records.length, NO_SOURCE)
    await this.store.commit()
    this.uplink.durable()
  }

  async pass(ms: number): Promise<void> {
    await this.time.run(this.time.nowMs + ms)
  }

  /** Until all that is durable is acknowledged, or so much time has gone by. */
  async settle(ms = 600_000): Promise<void> {
    const { journal } = this.store
    await this.time.run(this.time.nowMs + ms, () => this.uplink.status.ackedSeq === journal.durablePosition)
  }

  #gated(port: FilePort): FilePort {
    const isWrite = (op: FileOp): boolean => op.kind === 'write' || op.kind === 'sync'
    return { run: async (batch) => (batch.some(isWrite) ? this.#gate : Promise.resolve()).then(() => port.run(batch)) }
  }
}

/** A process that is dead hears nothing. */
function listenedToWhile(isAlive: () => boolean, events: LinkEvents): LinkEvents {
  return {
    connected: (peer) => {
      if (isAlive()) events.connected(peer)
    },
    data: (bytes) => {
      if (isAlive()) events.data(bytes)
    },
    drained: () => {
      if (isAlive()) events.drained()
    },
    closed: (why) => {
      if (isAlive()) events.closed(why)
    },
  }
}
