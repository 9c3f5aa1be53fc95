// A sender of the simulator: the production spool and uplink, fed by a dispatcher as audispd would: what is not acknowledged is kept and
// comes again to the next process, from where the spool says.

import type { JournalReader } from '../../src/journal/journal-reader.js'
import type { JournalStore } from '../../src/journal/journal-store.js'
import { loadMeta, timelineOf, type Meta } from '../../src/journal/meta.js'
import type { RetentionLimits } from '../../src/journal/retention.js'
import { Keeping } from '../../plugins/remote-send/keeping.js'
import { Spool, type SpoolOptions } from '../../plugins/remote-send/spool.js'
import type { Uplink, UplinkHost, UplinkMaker } from '../../plugins/remote-send/uplink.js'
import type { Oracle, SpoolView } from './oracle.js'
import { SimMachine, type Life, type SimWorld } from './sim-machine.js'
import type { DiskImage } from './virtual-disk.js'

export interface SenderSettings {
  readonly segmentBytes: number
  readonly spool: SpoolOptions
  readonly retention: RetentionLimits
  readonly uplink: UplinkMaker
}

/** A backup: the files, and what stood in them. */
export interface SpoolBackup {
  readonly image: DiskImage
  readonly stood: ReadonlyMap<number, string>
  readonly streams: ReadonlySet<string>
}

/** What waits in a dispatcher for its acknowledgement. */
const MOST_UNACKED = 400
const MOST_AT_ONCE = 8

interface Issued {
  readonly seq: number
  readonly text: string
}

export class SimSender extends SimMachine {
  readonly principal: string
  readonly producer: string
  readonly #oracle: Oracle
  readonly #settings: SenderSettings
  #isProducing = true
  /** Of the dispatcher: its run, what it has numbered, and what is not acknowledged. */
  #run: Buffer
  #seq = 0
  #unacked: Issued[] = []
  #issuedCount = 0
  /** Seq by seq what stands in the spool, also what was freed since. */
  #stood = new Map<number, string>()
  #texts = new Set<string>()
  #store: JournalStore | undefined
  #spool: Spool | undefined
  #keeping: Keeping | undefined
  #uplink: Uplink | undefined
  #makeUplink: (() => Uplink) | undefined
  #reader: JournalReader | undefined
  acks = 0

  constructor(
    name: string,
    principal: string,
    producer: string,
    world: SimWorld,
    oracle: Oracle,
    settings: SenderSettings,
  ) {
    super(name, world)
    this.principal = principal
    this.producer = producer
    this.#oracle = oracle
    this.#settings = settings
    this.#run = world.random.bytes(16)
    this.#produceLater()
  }

  get isProducing(): boolean {
    return this.#isProducing
  }

  stopProducing(): void {
    this.#isProducing = false
  }

  /** One record more, whatever else. */
  produceOne(): void {
    this.#produce(1)
  }

  /** All that was issued is acknowledged, and the other side has all of it. */
  get isAtRest(): boolean {
    const { journal } = this.#store ?? {}
    if (journal === undefined || this.#unacked.length > 0 || this.#spool === undefined) return false
    return journal.pendingBytes === 0 && this.#uplink?.status.ackedSeq === journal.durablePosition
  }

  get status(): string {
    const { journal } = this.#store ?? {}
    const uplink = this.#uplink?.status
    return `${this.name}: unacked=${this.#unacked.length} durable=${journal?.durablePosition ?? '-'} acked=${uplink?.ackedSeq ?? '-'} ${uplink?.state ?? 'dead'} ${uplink?.lastError ?? ''}`
  }

  get forks(): number {
    return (this.#store?.journal.meta.timelines.length ?? 1) - 1
  }

  /** For the oracle. */
  view(meta: Meta): SpoolView {
    const at = new Map<number, { readonly stream: string; readonly text: string }>()
    for (const [seq, text] of this.#stood) {
      const timeline = timelineOf(meta, seq)
      if (timeline !== undefined) at.set(seq, { stream: timeline.stream, text })
    }
    return { principal: this.principal, at }
  }

  get meta(): Meta | undefined {
    return this.#store?.journal.meta
  }

  backup(): SpoolBackup {
    this.#see()
    const { timelines } = this.#metaOnDisk() ?? { timelines: [] }
    return {
      image: this.disk.image,
      stood: new Map(this.#stood),
      streams: new Set(timelines.map(({ stream }) => stream)),
    }
  }

  /**
   * Whether what the backup has may have been delivered under an id that it does not know: after a fork below its end. Going back to it
   * is more than the protocol promises to undo.
   */
  isOutdated({ stood, streams }: SpoolBackup): boolean {
    const last = [...stood.keys()].at(-1) ?? 0
    const { timelines } = this.#metaOnDisk() ?? { timelines: [] }
    return timelines.some(({ stream, fromSeq }) => !streams.has(stream) && fromSeq <= last)
  }

  /** The machine is set back. Its dispatcher lives on, or is another one. */
  restore({ image, stood }: SpoolBackup, isOtherDispatcher: boolean): void {
    this.disk.restore(image)
    this.#stood = new Map(stood)
    this.#texts = new Set(stood.values())
    if (isOtherDispatcher) this.#newRun()
  }

  /** Whether it had it, at any time of this disk. */
  has(text: string): boolean {
    return this.#texts.has(text)
  }

  override losePower(): void {
    super.losePower()
    // The dispatcher is on the same machine; what it had not handed over is gone, and was never said to be safe.
    this.#newRun()
  }

  wipe(): void {
    this.disk.restore(new Map())
    this.#stood = new Map()
    this.#texts = new Set()
  }

  get isSynced(): boolean {
    return this.#uplink?.status.state === 'up'
  }

  get isOpening(): boolean {
    return this.#uplink?.status.state === 'opening'
  }

  /** The uplink is ended, and another goes on from what the spool says. */
  override reload(): void {
    const [life, uplink] = [this.life, this.#uplink]
    if (life === undefined || uplink === undefined) return
    this.#uplink = undefined
    void uplink.close().then(() => {
      if (life.isAlive) this.#uplink = this.#makeUplink?.()
      return undefined
    })
  }

  protected async begin(life: Life): Promise<void> {
    const { segmentBytes, uplink, spool, retention } = this.#settings
    const store = await this.openStore(life, { segmentBytes, onDamage: 'stop' })
    this.#checkAfterStart(store)
    const log: UplinkHost['log'] = (_level, text, fields) => {
      if (life.isAlive) this.world.log(this.name, text, fields)
    }
    const opened = await Spool.open(
      {
        store,
        clock: life.clock,
        log,
        ack: (seq) => {
          if (life.isAlive) this.#acked(seq)
        },
        changed: () => this.#uplink?.durable(),
        troubled: () => undefined,
      },
      spool,
    )
    this.#store = store
    this.#spool = opened
    const freed = (): void => {
      this.#uplink?.durable()
      opened.roomFreed()
    }
    this.#keeping = new Keeping({ store, clock: life.clock, log, freed }, retention)
    const around: UplinkHost = {
      store,
      clock: life.clock,
      random: this.seeded,
      servers: [{ host: 'collector', port: 6514 }],
      dial: ({ host }, events) => this.world.net.dial(this.name, this.principal, host, events),
      log,
      acked: (seq, chain) => {
        if (life.isAlive) this.#remoteHas(seq, chain)
      },
      peerSays: () => undefined,
      damaged: () => 'stop',
    }
    this.#makeUplink = () => uplink(around)
    this.#uplink = this.#makeUplink()
    this.isBegun = true
    const from = opened.begin(this.#run)
    if (from !== undefined) this.#acked(from - 1)
    this.#give(this.#unacked)
  }

  protected failedToStart(): void {
    this.world.time.after(1000, () => {
      this.boot()
    })
  }

  protected forget(): void {
    this.#store = undefined
    this.#reader = undefined
    this.#spool = undefined
    this.#keeping = undefined
    this.#uplink = undefined
    this.#makeUplink = undefined
  }

  #produceLater(): void {
    const { random, time } = this.world
    const ms = random.below(4) === 0 ? random.below(20_000) : random.below(300)
    time.after(ms, () => {
      if (!this.#isProducing) return
      this.#produce(1 + random.below(MOST_AT_ONCE))
      this.#produceLater()
    })
  }

  #produce(count: number): void {
    const issued: Issued[] = []
    for (let n = 0; n < count && this.#unacked.length < MOST_UNACKED; n++) {
      const serial = ++this.#issuedCount
      const filling = 'x'.repeat(this.world.random.below(200))
      const text = `type=USER msg=audit(1.000:${serial}): p=${this.producer} ${filling}`
      this.#oracle.issue(this.producer, text)
      const record = { seq: ++this.#seq, text }
      issued.push(record)
      this.#unacked.push(record)
    }
    this.#give(issued)
  }

  /** One piece, as a handler of the program would be given it. What comes before the spool is open comes with its opening. */
  #give(records: readonly Issued[]): void {
    const last = records.at(-1)
    if (this.#spool === undefined || last === undefined) return
    const bytes = Buffer.from(records.map(({ text }) => `${text}\n`).join(''))
    void this.#spool.take([{ bytes, count: records.length, last: last.seq }])
  }

  /** The program has said that all up to `seq` is safe: it stands in the spool. */
  #acked(seq: number): void {
    this.acks++
    this.#see()
    const settled = this.#unacked.filter((record) => record.seq <= seq)
    this.#unacked = this.#unacked.filter((record) => record.seq > seq)
    for (const { text } of settled) {
      if (!this.#texts.has(text)) this.world.violation(`${this.name}: acknowledged and not in the spool: ${text}`)
      this.#oracle.oblige(this.producer, text)
    }
    this.world.time.trace(`${this.name} acks ${seq}`)
  }

  #remoteHas(seq: number, chain: Buffer): void {
    const store = this.#store
    this.world.time.trace(`${this.name} is acked ${seq}`)
    if (store === undefined) return
    // It may never have been told of more than it has.
    if (seq > store.journal.durablePosition) this.world.violation(`${this.name}: ${seq} is acked and not durable here`)
    this.#see()
    this.#keeping?.acked(seq, chain)
  }

  /** Takes down what has become durable in the spool. */
  #see(): void {
    const store = this.#store
    if (store === undefined) return
    this.#reader ??= store.journal.reader(this.#stoodSeq + 1)
    for (;;) {
      const item = this.disk.look(this.#reader.next())
      if (item === undefined) return
      if (item.kind === 'damage' || item.entry.block.isStated) continue
      const { firstSeq } = item.entry.block
      for (const [index, text] of item.lines.toString('latin1').split('\n').slice(0, -1).entries()) {
        this.#stood.set(firstSeq + index, text)
        this.#texts.add(text)
      }
    }
  }

  get #stoodSeq(): number {
    return [...this.#stood.keys()].at(-1) ?? 0
  }

  /** What was acknowledged before a death is there after it. */
  #checkAfterStart(store: JournalStore): void {
    const { durablePosition } = store.journal
    for (const [seq, text] of this.#stood) {
      if (seq > durablePosition) this.world.violation(`${this.name}: ${seq} was durable and is gone: ${text}`)
    }
  }

  #metaOnDisk(): Meta | undefined {
    return this.disk.look(loadMeta())
  }

  #newRun(): void {
    this.#run = this.world.random.bytes(16)
    this.#seq = 0
    this.#unacked = []
  }
}
