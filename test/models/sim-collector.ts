// The collector of the simulator: the production intake and native sessions over a journal, and behind it a dispatcher that takes
// records by their positions, as audispd would.

import type { JournalStore } from '../../src/journal/journal-store.js'
import type { Session } from '../../plugins/remote-recv/intake.js'
import { JournalIntake } from '../../plugins/remote-recv/journal-intake.js'
import type { SenderLimits } from '../../plugins/remote-recv/limits.js'
import { NativeServer } from '../../plugins/remote-recv/native-server.js'
import type { ServerOptions } from '../../plugins/remote-recv/native-world.js'
import { diskSpace } from '../../src/journal/file-port.js'
import { readJournal, type Reading, type StoodBlock } from './journal-reading.js'
import { SimMachine, type Life } from './sim-machine.js'
import type { DiskImage } from './virtual-disk.js'

export type CollectorBackup = DiskImage

const SEGMENT_BYTES = 48 * 1024

const LIMITS: SenderLimits = { bytesPerS: 0, recordsPerS: 0, journalBytes: 0, maxConnections: 4, weight: 1, names: [] }
const SERVER: ServerOptions = {
  budgetBytes: 4 * 1024 * 1024,
  maxBlockBytes: 1024 * 1024,
  maxStreams: 64,
  nodeCheck: 'off',
}

export class SimCollector extends SimMachine {
  #store: JournalStore | undefined
  #intake: JournalIntake | undefined

  get isAtRest(): boolean {
    return this.#store?.journal.pendingBytes === 0
  }

  get status(): string {
    return `${this.name}: ${this.#store?.journal.durablePosition ?? 'dead'} disk ${this.#intake?.disk ?? '-'}`
  }

  read(): Reading {
    return this.disk.look(readJournal())
  }

  backup(): CollectorBackup {
    return this.disk.image
  }

  restore(image: CollectorBackup): void {
    this.disk.restore(image)
  }

  wipe(): void {
    this.disk.restore(new Map())
  }

  /** Its configuration is read again. */
  override reload(): void {
    // Nothing that is taken into use anew here.
  }

  judgeConsumer(_blocks: readonly StoodBlock[]): readonly string[] {
    return []
  }

  protected async begin(life: Life): Promise<void> {
    const store = await this.openStore(life, { segmentBytes: SEGMENT_BYTES, onDamage: 'stop' })
    const log = (text: string, fields: Readonly<Record<string, string | number>>): void => {
      if (life.isAlive) this.world.log(this.name, text, fields)
    }
    const freeBytes = async (): Promise<number> => (await store.read(diskSpace())).freeBytes
    const intake = new JournalIntake(
      { store, clock: life.clock, freeBytes },
      { commitDelayMs: 2, lowBytes: 0, reserveBytes: 0 },
      {
        committed: () => undefined,
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
        limitsOf: () => LIMITS,
        alarm: (alarm) => {
          log('alarm', { what: alarm.what, text: JSON.stringify(alarm) })
        },
      },
      SERVER,
    )
    this.#store = store
    this.#intake = intake
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

  protected failedToStart(): void {
    this.world.time.after(1000, () => {
      this.boot()
    })
  }

  protected forget(): void {
    this.#store = undefined
    this.#intake = undefined
  }
}
