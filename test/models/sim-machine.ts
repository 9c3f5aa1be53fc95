// A machine of the simulator: a name on the network, a disk, and at most one living process of the program under test. What a process
// has asked for when it dies is never answered.

import type { GapLine } from '../../src/journal/gap.js'
import { gapRecord } from '../../src/journal/gap-record.js'
import { JournalStore } from '../../src/journal/journal-store.js'
import type { JournalOptions } from '../../src/journal/opening.js'
import type { Random } from '../protocol/random.js'
import { SeededRandom, VirtualClock } from './virtual-time.js'
import type { VirtualTime } from './virtual-time.js'
import { VirtualDisk, type DiskPhase } from './virtual-disk.js'
import type { VirtualNet } from './virtual-net.js'

/** What the whole simulation shares. */
export interface SimWorld {
  readonly time: VirtualTime
  readonly net: VirtualNet
  readonly random: Random
  /** Something that should not be. */
  violation(text: string): void
  log(who: string, text: string, fields: Readonly<Record<string, string | number>>): void
}

/** One process, from its start to its death. */
export interface Life {
  isAlive: boolean
  readonly clock: VirtualClock
}

export abstract class SimMachine {
  readonly name: string
  readonly world: SimWorld
  readonly disk: VirtualDisk
  /** Of the machine's clock. */
  wallOffsetMs = 1_700_000_000_000
  life: Life | undefined
  /** The process has read its journal, and takes records. */
  isBegun = false
  /** Torn tails that were found at starts. */
  tornTails = 0

  constructor(name: string, world: SimWorld) {
    this.name = name
    this.world = world
    this.disk = new VirtualDisk(world.time, world.random)
  }

  /** The process begins; one that cannot, as its disk gives errors, is begun again later. */
  boot(): void {
    if (this.life !== undefined) return
    const life: Life = { isAlive: true, clock: new VirtualClock(this.world.time, () => life.isAlive) }
    life.clock.wallOffsetMs = this.wallOffsetMs
    this.life = life
    this.begin(life).catch((error: unknown) => {
      if (!life.isAlive) return
      this.world.log(this.name, 'did not start', { error: error instanceof Error ? error.message : String(error) })
      this.kill()
      this.failedToStart(error)
    })
  }

  /** Its configuration has changed: what depends on it is made anew. */
  abstract reload(): void

  protected abstract begin(life: Life): Promise<void>
  protected abstract failedToStart(error: unknown): void
  /** The process is gone: what the machine knew of it is forgotten. */
  protected abstract forget(): void

  /** kill -9. The kernel tells the other ends of its connections. */
  kill(): void {
    this.#die(true)
    this.disk.kill()
  }

  losePower(): void {
    this.#die(this.world.random.below(4) === 0)
    this.disk.losePower()
  }

  get phase(): DiskPhase {
    return this.disk.phase
  }

  stepClock(ms: number): void {
    this.wallOffsetMs += ms
    if (this.life !== undefined) this.life.clock.wallOffsetMs = this.wallOffsetMs
  }

  protected async openStore(life: Life, options: Partial<JournalOptions>): Promise<JournalStore> {
    const { random } = this.world
    const gapLine: GapLine = (gap) => gapRecord(gap, { pid: 1, uid: 0, auid: 0, ses: 0 }, '')
    const journalWorld = {
      wallMs: () => life.clock.wallMs(),
      randomId: () => random.bytes(16).toString('hex'),
      gapLine,
    }
    const port = this.disk.port(() => life.isAlive)
    const store = await JournalStore.over(port, journalWorld, options)
    if (store.journal.report.tornBytes > 0) this.tornTails++
    return store
  }

  protected get seeded(): SeededRandom {
    return new SeededRandom(this.world.random)
  }

  #die(isTold: boolean): void {
    if (this.life !== undefined) this.life.isAlive = false
    this.life = undefined
    this.isBegun = false
    this.world.net.deafen(this.name)
    for (const connection of this.world.net.all)
      if (connection.from === this.name || connection.to === this.name) connection.lose(this.name, isTold)
    this.forget()
  }
}
