// The collector of the simulator: the production intake and native sessions over a journal, and behind it a dispatcher that takes
// records by their positions, as audispd would.

import type { JournalStore } from '../../src/journal/journal-store.js'
import { HandOver } from '../../plugins/remote-recv/hand-over.js'
import { Holdings } from '../../plugins/remote-recv/holdings.js'
import type { Session } from '../../plugins/remote-recv/intake.js'
import { JournalIntake } from '../../plugins/remote-recv/journal-intake.js'
import type { SenderLimits } from '../../plugins/remote-recv/limits.js'
import { NativeServer } from '../../plugins/remote-recv/native-server.js'
import type { ServerOptions } from '../../plugins/remote-recv/native-world.js'
import { diskSpace } from '../../src/journal/file-port.js'
import { NodeGuard } from '../../plugins/remote-recv/node-guard.js'
import { StreamLedger } from '../../plugins/remote-recv/stream-ledger.js'
import { readJournal, type Reading, type StoodBlock } from './journal-reading.js'
import { SimConsumer } from './sim-consumer.js'
import { SimMachine, type Life, type SimWorld } from './sim-machine.js'
import type { DiskImage } from './virtual-disk.js'

export type CollectorBackup = DiskImage

type Log = (text: string, fields: Readonly<Record<string, string | number>>) => void

const SEGMENT_BYTES = 48 * 1024

const LIMITS: SenderLimits = { bytesPerS: 0, recordsPerS: 0, journalBytes: 0, maxConnections: 4, weight: 1, names: [] }
const SERVER: ServerOptions = {
  budgetBytes: 4 * 1024 * 1024,
  maxBlockBytes: 1024 * 1024,
  maxStreams: 64,
}

export class SimCollector extends SimMachine {
  readonly #consumer: SimConsumer
  #store: JournalStore | undefined
  #handOver: HandOver | undefined
  #intake: JournalIntake | undefined

  constructor(name: string, world: SimWorld) {
    super(name, world)
    this.#consumer = new SimConsumer(world.time, world.random)
  }

  /** All is durable, and the consumer has it. */
  get isAtRest(): boolean {
    const { journal } = this.#store ?? {}
    return journal?.pendingBytes === 0 && this.#consumer.hasAll(journal.durablePosition)
  }

  get status(): string {
    return `${this.name}: ${this.#store?.journal.durablePosition ?? 'dead'} disk ${this.#intake?.disk ?? '-'} consumer ${this.#consumer.received}`
  }

  read(): Reading {
    return this.disk.look(readJournal())
  }

  /** What it has for good: not what a commit that failed has left there. */
  readDurable(): Reading {
    return this.disk.lookDurable(readJournal())
  }

  backup(): CollectorBackup {
    return this.disk.image
  }

  restore(image: CollectorBackup): void {
    this.disk.restore(image)
    this.#consumer.forget()
  }

  override losePower(): void {
    super.losePower()
    this.#consumer.restart()
  }

  wipe(): void {
    this.disk.restore(new Map())
    this.#consumer.forget()
  }

  /** Its configuration is read again. */
  override reload(): void {
    // Nothing that is taken into use anew here.
  }

  judgeConsumer(blocks: readonly StoodBlock[]): readonly string[] {
    return this.#consumer.judge(blocks)
  }

  protected async begin(life: Life): Promise<void> {
    const store = await this.openStore(life, { segmentBytes: SEGMENT_BYTES, onDamage: 'stop' })
    const log: Log = (text, fields) => {
      if (life.isAlive) this.world.log(this.name, text, fields)
    }
    const freeBytes = async (): Promise<number> => (await store.read(diskSpace())).freeBytes
    const intake = new JournalIntake(
      { store, clock: life.clock, freeBytes },
      { commitDelayMs: 2, lowBytes: 0, reserveBytes: 0 },
      {
        committed: () => this.#handOver?.durable(),
        failed: (code, text) => {
          log('commit failed', { code, text })
        },
      },
    )
    await intake.begin()
    const server = new NativeServer(
      {
        intake,
        store,
        clock: life.clock,
        ledger: new StreamLedger(life.clock, () => {}),
        holdings: new Holdings(store, () => 0),
        guard: new NodeGuard(
          'off',
          () => [],
          () => undefined,
        ),
        limitsOf: () => LIMITS,
        alarm: (alarm) => {
          log('alarm', { what: alarm.what, text: JSON.stringify(alarm) })
        },
        unreadable: (text) => {
          log('cannot read', { text })
        },
      },
      SERVER,
    )
    this.#store = store
    this.#intake = intake
    this.#handOver = this.#beginHandOver(life, store, log)
    this.isBegun = true
    this.world.net.listen(this.name, (link, peer) => {
      const session: Session = server.serve({
        intake,
        clock: life.clock,
        link,
        peer,
        log: (_level, text, fields) => {
          log(text, fields)
        },
        strike: (reason) => {
          log('strike', { reason })
        },
      })
      return {
        connected: () => undefined,
        data: (bytes) => {
          session.data(bytes)
        },
        drained: () => {
          session.drained()
        },
        closed: (why) => {
          session.closed(why)
        },
      }
    })
  }

  #beginHandOver(life: Life, store: JournalStore, log: Log): HandOver {
    const handOver = new HandOver({
      store,
      clock: life.clock,
      aheadOf: () => 0,
      damaged: (segment, first, last) => {
        this.world.violation(`damaged in ${segment}: ${first}-${last}`)
      },
      unplaced: (line) => {
        log('unplaced', { line: line.toString() })
      },
      failed: (what, text) => {
        log('hand-over failed', { what, text })
      },
    })
    const settle = (n: number): void => {
      handOver.settle(n)
    }
    const downstream = this.#consumer.downstream(handOver.settled, () => life.isAlive, settle)
    handOver.run(downstream, new AbortController().signal).catch((error: unknown) => {
      if (life.isAlive) this.world.violation(`the hand-over ended: ${String(error)}`)
    })
    return handOver
  }

  protected failedToStart(): void {
    this.world.time.after(1000, () => {
      this.boot()
    })
  }

  protected forget(): void {
    this.#store = undefined
    this.#intake = undefined
    this.#handOver = undefined
  }
}
