// The simulator: senders and a collector of production code in virtual time, on virtual disks and a virtual net, fed all the while, and
// everything that can go wrong at random from one seed. In the end all is well again, everything has to come to rest, and the oracle
// judges. The same seed is the same run.

import { Random } from '../protocol/random.js'
import { readJournal } from './journal-reading.js'
import { Oracle, Sights } from './oracle.js'
import { SimCollector, type CollectorBackup } from './sim-collector.js'
import { nextFault, type Fault } from './sim-fault.js'
import { SimSender, type SenderSettings, type SpoolBackup } from './sim-sender.js'
import type { SimMachine, SimWorld } from './sim-machine.js'
import { CALM } from './virtual-disk.js'
import { FAIR, VirtualNet } from './virtual-net.js'
import { VirtualTime } from './virtual-time.js'

/** What all seeds together have to meet at least. */
export const WANTED = {
  acks: 1000,
  kills: 100,
  'power-failures': 50,
  'kill-in-commit': 20,
  'kill-in-handshake': 20,
  'kill-in-roll': 20,
  'kill-in-recovery': 20,
  forks: 20,
  'torn-tails': 20,
  holes: 20,
  'set-back': 20,
  'disk-faults': 20,
  cuts: 20,
  clones: 5,
}
export type Sight = keyof typeof WANTED

export interface SimOptions {
  readonly senders: number
  readonly virtualMs: number
  /** Between two faults on average. */
  readonly faultEveryMs: number
  readonly settings: SenderSettings
  /** Everything that the programs say, for a closer look at one seed. */
  readonly log?: (line: string) => void
}

export interface SimResult {
  readonly seed: number
  readonly hash: string
  readonly violations: readonly string[]
  readonly sights: Sights<Sight>
  readonly records: number
  readonly calls: number
}

/** How long it may take to come to rest when all is well. */
const REST_MS = 2 * 3_600_000
const MOST_SET_BACKS = 5
/** How many milliseconds an opening is waited for. */
const OPENING_LOOKS = 3000
const MOST_VIOLATIONS = 12

/** One run. */
export async function simulate(seed: number, options: SimOptions): Promise<SimResult> {
  const simulation = new Simulation(seed, options)
  return simulation.run()
}

class Simulation {
  readonly #seed: number
  readonly #options: SimOptions
  readonly #random: Random
  readonly #time = new VirtualTime()
  readonly #net: VirtualNet
  readonly #oracle = new Oracle()
  readonly #sights = new Sights(WANTED)
  readonly #violations: string[] = []
  readonly #collector: SimCollector
  readonly #senders: SimSender[] = []
  readonly #spoolBackups = new Map<SimSender, SpoolBackup>()
  #collectorBackup: CollectorBackup | undefined
  #setBacks = 0
  #isCollectorSetBack = false
  #isOver = false
  readonly #world: SimWorld

  constructor(seed: number, options: SimOptions) {
    this.#seed = seed
    this.#options = options
    this.#random = new Random(seed)
    this.#net = new VirtualNet(this.#time, this.#random)
    this.#world = {
      time: this.#time,
      net: this.#net,
      random: this.#random,
      violation: (text) => {
        this.#violate(text)
      },
      log: (who, text, fields) => {
        options.log?.(`${(this.#time.nowMs / 1000).toFixed(3)} ${who}: ${text} ${JSON.stringify(fields)}`)
      },
    }
    this.#collector = new SimCollector('collector', this.#world)
    for (let n = 1; n <= options.senders; n++) this.#addSender(`s${n}`, `p${n}`)
  }

  async run(): Promise<SimResult> {
    const onRejection = (error: unknown): void => {
      this.#violate(
        `a promise was left alone: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      )
    }
    process.on('unhandledRejection', onRejection)
    try {
      for (const machine of this.#machines) machine.boot()
      this.#faultLater()
      await this.#time.run(this.#options.virtualMs, () => this.#violations.length > 0)
      this.#isOver = true
      if (this.#violations.length === 0) await this.#rest()
      if (this.#violations.length === 0) this.#judge()
    } catch (error) {
      this.#violate(error instanceof Error ? (error.stack ?? error.message) : String(error))
    } finally {
      process.off('unhandledRejection', onRejection)
    }
    return {
      seed: this.#seed,
      hash: this.#time.hash,
      violations: this.#violations.slice(0, MOST_VIOLATIONS),
      sights: this.#sights,
      records: this.#oracle.obligations,
      calls: this.#time.calls,
    }
  }

  get #machines(): readonly SimMachine[] {
    return [this.#collector, ...this.#senders]
  }

  #addSender(name: string, principal: string): SimSender {
    const sender = new SimSender(name, principal, name, this.#world, this.#oracle, this.#options.settings)
    this.#senders.push(sender)
    return sender
  }

  #faultLater(): void {
    this.#time.after(this.#random.below(2 * this.#options.faultEveryMs), () => {
      if (this.#isOver) return
      this.#strike(nextFault(this.#random))
      this.#faultLater()
    })
  }

  #strike(fault: Fault): void {
    const machine = this.#random.below(2) === 0 ? this.#collector : this.#random.oneOf(this.#senders)
    this.#time.trace(`${fault.kind} ${machine.name}`)
    this.#world.log('fault', fault.kind, { machine: machine.name })
    switch (fault.kind) {
      case 'kill':
        this.#kill(machine, fault.downMs, () => {
          machine.kill()
        })
        this.#sights.saw('kills')
        break
      case 'power':
        this.#kill(machine, fault.downMs, () => {
          machine.losePower()
        })
        this.#sights.saw('power-failures')
        break
      case 'kill-often':
        this.#killOften(machine, fault.times)
        break
      case 'kill-at-disk':
        this.#killAtDisk(machine, fault.nth)
        break
      case 'kill-at-opening':
        for (const connection of this.#net.all) connection.reset()
        this.#killAtOpening(machine, fault.afterMs, OPENING_LOOKS)
        break
      case 'cut':
        for (const connection of this.#net.all) {
          if (this.#random.below(2) === 0) continue
          this.#sights.saw('cuts')
          if (fault.how === 'reset') connection.reset()
          else if (fault.how === 'half-open') connection.lose(connection.to, false)
          else (fault.how === 'deaf' ? connection.near : connection.far).isSwallowed = true
        }
        break
      case 'weather':
        this.#net.weather = fault.weather
        this.#time.after(fault.forMs, () => {
          this.#net.weather = FAIR
        })
        break
      case 'partition':
        this.#net.isDown = true
        for (const { near, far } of this.#net.all) {
          near.isSwallowed = true
          far.isSwallowed = true
        }
        this.#time.after(fault.forMs, () => {
          this.#net.isDown = false
        })
        break
      case 'disk':
        machine.disk.trouble = fault.trouble
        this.#sights.saw('disk-faults')
        this.#time.after(fault.forMs, () => {
          machine.disk.trouble = CALM
        })
        break
      case 'full':
        machine.disk.capacityBytes = machine.disk.usedBytes + fault.leaveBytes
        this.#sights.saw('disk-faults')
        this.#time.after(fault.forMs, () => {
          machine.disk.capacityBytes = Infinity
        })
        break
      case 'clock':
        machine.stepClock(fault.ms)
        break
      case 'reload':
        machine.reload()
        break
      case 'backup':
        if (machine instanceof SimSender) this.#spoolBackups.set(machine, machine.backup())
        else this.#collectorBackup = this.#collector.backup()
        break
      case 'restore':
        this.#restore(machine)
        break
      case 'wipe':
        this.#setBack(machine, () => {
          if (machine instanceof SimSender) machine.wipe()
          else this.#collector.wipe()
        })
        break
      case 'clone':
        this.#clone()
        break
      default:
        fault satisfies never
    }
  }

  #kill(machine: SimMachine, downMs: number, how: () => void): void {
    if (machine.life === undefined) return
    this.#classify(machine)
    how()
    this.#time.after(downMs, () => {
      machine.boot()
    })
  }

  /** Again and again, soon after each start: in recoveries and openings. */
  #killOften(machine: SimMachine, times: number): void {
    if (times === 0) return
    this.#sights.saw('kills')
    this.#kill(machine, 1 + this.#random.below(50), () => {
      if (this.#random.below(2) === 0) machine.kill()
      else machine.losePower()
    })
    this.#time.after(52 + this.#random.below(this.#random.oneOf([12, 60, 1500])), () => {
      if (!this.#isOver) this.#killOften(machine, times - 1)
    })
  }

  #killAtDisk(machine: SimMachine, nth: number): void {
    let left = nth
    machine.disk.onBatch = () => {
      if (--left > 0 || this.#isOver) return
      machine.disk.onBatch = () => undefined
      // Not from within what it is doing.
      this.#time.after(0, () => {
        this.#killOften(machine, 1)
      })
    }
  }

  #killAtOpening(machine: SimMachine, afterMs: number, looks: number): void {
    if (looks === 0 || this.#isOver) return
    const isOpening = this.#senders.some((sender) => sender.isOpening)
    this.#time.after(isOpening ? afterMs : 1, () => {
      if (isOpening) this.#killOften(machine, 1)
      else this.#killAtOpening(machine, afterMs, looks - 1)
    })
  }

  #classify(machine: SimMachine): void {
    const { phase } = machine
    if (!machine.isBegun) this.#sights.saw('kill-in-recovery')
    else if (phase === 'roll') this.#sights.saw('kill-in-roll')
    else if (phase === 'commit') this.#sights.saw('kill-in-commit')
    if (this.#senders.some((sender) => sender.isOpening && (machine === sender || machine === this.#collector)))
      this.#sights.saw('kill-in-handshake')
  }

  #restore(machine: SimMachine): void {
    if (machine instanceof SimSender) {
      const backup = this.#spoolBackups.get(machine)
      if (backup === undefined || machine.isOutdated(backup) || this.#isCloned(machine)) return
      this.#setBack(machine, () => {
        machine.restore(backup, this.#random.below(2) === 0)
      })
    } else if (this.#collectorBackup !== undefined) {
      const backup = this.#collectorBackup
      this.#setBack(machine, () => {
        this.#collector.restore(backup)
      })
    }
  }

  #setBack(machine: SimMachine, how: () => void): void {
    if (++this.#setBacks > MOST_SET_BACKS) return
    this.#sights.saw('set-back')
    if (machine === this.#collector) this.#isCollectorSetBack = true
    machine.kill()
    how()
    this.#forgiveGone()
    this.#time.after(this.#random.below(20_000), () => {
      machine.boot()
    })
  }

  #isCloned({ principal }: SimSender): boolean {
    return this.#senders.filter((sender) => sender.principal === principal).length > 1
  }

  /** What neither the collector nor any living spool has nobody can be asked for any more. */
  #forgiveGone(): void {
    const kept = new Set(this.#collector.readDurable().blocks.flatMap(({ lines }) => lines))
    for (const { producer } of this.#senders)
      this.#oracle.forgive(producer, (text) => !kept.has(text) && !this.#senders.some((sender) => sender.has(text)))
  }

  #clone(): void {
    const original = this.#random.oneOf(this.#senders)
    // One that was set back and copied before anybody has noticed would deliver what it has since under two ids.
    if (this.#senders.length > this.#options.senders || !original.isSynced) return
    this.#sights.saw('clones')
    const backup = original.backup()
    const clone = this.#addSender(`${original.name}c`, original.principal)
    clone.restore(backup, true)
    clone.boot()
  }

  /** Nothing goes wrong any more: everything comes to rest, and so does one record more of each. */
  async #rest(): Promise<void> {
    this.#net.weather = FAIR
    this.#net.isDown = false
    for (const machine of this.#machines) {
      machine.disk.trouble = CALM
      machine.disk.capacityBytes = Infinity
    }
    // Machines that are down come up by themselves, by what was set going with their fall.
    for (const sender of this.#senders) sender.stopProducing()
    for (let round = 0; round < 2; round++) {
      const isRest = (): boolean =>
        this.#violations.length > 0 || (this.#senders.every((sender) => sender.isAtRest) && this.#collector.isAtRest)
      await this.#time.run(this.#time.nowMs + REST_MS, isRest)
      if (!isRest()) {
        this.#violate(`no rest: ${this.#senders.map(({ status }) => status).join('; ')}; ${this.#collector.status}`)
        return
      }
      if (round === 0) for (const sender of this.#senders) sender.produceOne()
    }
  }

  #judge(): void {
    const views = this.#senders.flatMap((sender) => (sender.meta === undefined ? [] : [sender.view(sender.meta)]))
    const { blocks, damages } = this.#collector.disk.look(readJournal())
    const verdict = this.#oracle.judgeRest(blocks, views)
    for (const violation of verdict.violations) this.#violate(violation)
    // Nobody but one that was set back has to be told that something is gone.
    if (!this.#isCollectorSetBack && verdict.holes + verdict.losses > 0)
      this.#violate(`${verdict.holes} holes and ${verdict.losses} losses, and the collector was never set back`)
    if (damages > 0) this.#violate(`${damages} damages in the collector's journal`)
    for (const violation of this.#collector.judgeConsumer(blocks)) this.#violate(violation)
    this.#sights.saw('holes', verdict.holes)
    this.#sights.saw(
      'acks',
      this.#senders.reduce((sum, { acks }) => sum + acks, 0),
    )
    this.#sights.saw(
      'forks',
      this.#senders.reduce((sum, { forks }) => sum + forks, 0),
    )
    this.#sights.saw(
      'torn-tails',
      this.#machines.reduce((sum, { tornTails }) => sum + tornTails, 0),
    )
    this.#time.trace(`rest ${verdict.records} ${verdict.holes} ${verdict.losses} ${verdict.streams}`)
  }

  #violate(text: string): void {
    if (this.#violations.length < MOST_VIOLATIONS)
      this.#violations.push(`at ${(this.#time.nowMs / 1000).toFixed(3)} s: ${text}`)
  }
}
