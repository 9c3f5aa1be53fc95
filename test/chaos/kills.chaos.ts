// kill -9 of everything, at random moments and at the n-th system call of a kind, while records pass.

import { chaos, numberFrom, restWell } from './chaos.js'
import { Fleet, type Sender } from './fleet.js'
import { Sights } from '../models/oracle.js'
import type { Random } from '../protocol/random.js'
import { doom, phaseOf, type Call } from './traced-death.js'
import type { Site } from './site.js'

const KILLS = numberFrom('CHAOS_KILLS', 500)
/** Below so many the run is an example, and may meet too little. */
const ENOUGH_KILLS = 400
/** What a kill meets is a matter of how quick the machine is: it goes on until it has met enough, and so far at most. */
const MOST_KILLS = 3 * KILLS
/** Records that each sender is given before a kill. */
const BURST = 60
/** A system call, and which of its kind: from the first number to the second. */
type Moment = readonly [call: Call, from: number, to: number]

/** Where a process that is started after a kill reads its journal, copies its tail forward, and says READY. */
const RECOVERY: readonly Moment[] = [
  ['pwrite64', 1, 4],
  ['fdatasync', 1, 3],
  ['fsync', 1, 4],
  ['rename', 1, 2],
  ['unlink', 1, 2],
  ['link', 1, 1],
  ['ftruncate', 1, 1],
]
const COMMIT: readonly Moment[] = [
  ['pwrite64', 5, 14],
  ['fdatasync', 4, 12],
]
/** The collector begins a new segment when it is told to. */
const ROLL: readonly Moment[] = [
  ['fsync', 5, 9],
  ['fsync', 5, 6],
  ['rename', 4, 5],
]

/** So often something is fed to one that is doomed. */
const PATIENCE = 8

const WANTED = {
  acks: 1000,
  'kill-send': 50,
  'kill-recv': 50,
  'kill-sending-dispatcher': 10,
  'kill-collecting-dispatcher': 10,
  'kill-in-commit': 20,
  'kill-in-handshake': 20,
  'kill-in-roll': 20,
  'kill-in-recovery': 20,
  'kill-in-purge': 0,
  'kill-elsewhere': 0,
  'doom-escaped': 0,
}
type Sight = keyof typeof WANTED

chaos('kill -9 at random moments and at chosen system calls', async (t, random) => {
  const fleet = await Fleet.make({ senders: 3, recv: ['segment_size = 4M'] })
  t.teardown(() => fleet.end())
  const killer = new Killer(fleet, random)
  fleet.start()
  await killer.progress()
  while (!killer.isDone) {
    await killer.strike()
    await killer.progress()
  }
  killer.sights.saw(
    'acks',
    fleet.senders.reduce((sum, sender) => sum + fleet.settled(sender), 0),
  )
  t.comment(`kills=${killer.kills} ${String(killer.sights)}`)
  await restWell(t, fleet)
  if (KILLS >= ENOUGH_KILLS) t.same(killer.sights.missing, [], 'it has met enough to show something')
})

class Killer {
  kills = 0
  readonly sights = new Sights<Sight>(WANTED)
  readonly #fleet: Fleet
  readonly #random: Random

  constructor(fleet: Fleet, random: Random) {
    this.#fleet = fleet
    this.#random = random
  }

  get isDone(): boolean {
    // Acknowledgements are counted at the end.
    const misses = this.sights.missing.some((sight) => !sight.startsWith('acks:'))
    return this.kills >= KILLS && (KILLS < ENOUGH_KILLS || !misses || this.kills >= MOST_KILLS)
  }

  /** Records pass from every sender to the end: whoever is first in line at four deaths is held to be what kills. */
  async progress(): Promise<void> {
    const { senders, collector } = this.#fleet
    const before = senders.map((sender) => this.#fleet.settled(sender))
    const size = collector.size('sink')
    for (const sender of senders) this.#fleet.feed(sender, BURST)
    for (const [index, sender] of senders.entries())
      await sender.site.until(() => this.#fleet.settled(sender) > (before[index] ?? 0), 'something is settled')
    await collector.until(() => collector.size('sink') > size, 'something arrives')
  }

  /** Everybody is struck at once, each in its own way. */
  async strike(): Promise<void> {
    await Promise.all([this.#strikeCollector(), ...this.#fleet.senders.map((sender) => this.#strikeSender(sender))])
  }

  async #strikeSender(sender: Sender): Promise<void> {
    const { site } = sender
    const what = this.#random.below(12)
    if (what < 4) this.#kill(site, 'remote-send', 'kill-send')
    else if (what < 5) await this.#killDispatcher(site, 'kill-sending-dispatcher')
    else if (what < 7) await this.#atHandshake(sender)
    else if (what < 9) await this.#atMoment(site, 'remote-send', 'kill-send', RECOVERY)
    else if (what < 11) await this.#atMoment(site, 'remote-send', 'kill-send', COMMIT)
  }

  async #strikeCollector(): Promise<void> {
    const { collector } = this.#fleet
    const what = this.#random.below(12)
    if (what < 1) this.#kill(collector, 'remote-recv', 'kill-recv')
    else if (what < 3) await this.#killDispatcher(collector, 'kill-collecting-dispatcher')
    else if (what < 5) await this.#atMoment(collector, 'remote-recv', 'kill-recv', RECOVERY)
    else if (what < 7) await this.#atMoment(collector, 'remote-recv', 'kill-recv', COMMIT)
    else await this.#atMoment(collector, 'remote-recv', 'kill-recv', ROLL)
  }

  #kill(site: Site, plugin: string, sight: Sight): void {
    if (!site.killPlugin(plugin)) return
    this.#count(sight)
  }

  async #killDispatcher(site: Site, sight: Sight): Promise<void> {
    // What it leaves dies by itself, or by the next one's hand; now and then both die at once.
    const plugin = site === this.#fleet.collector ? 'remote-recv' : 'remote-send'
    if (this.#random.below(2) === 0) this.#kill(site, plugin, plugin === 'remote-recv' ? 'kill-recv' : 'kill-send')
    await site.end('SIGKILL')
    this.#count(sight)
    if (site === this.#fleet.collector) this.#fleet.collectorDeaths++
    site.start()
  }

  /** One end is killed when so many bytes of the opening have passed. */
  async #atHandshake(sender: Sender): Promise<void> {
    const { site, proxy } = sender
    const isSender = this.#random.below(2) === 0
    const afterBytes = this.#random.below(300)
    const direction = this.#random.below(2) === 0 ? 'up' : 'down'
    let isServed = false
    let isCut = false
    proxy.faultsOf = () => ({ cut: { direction, afterBytes, kind: 'stall' } })
    proxy.onCut = () => {
      isServed = this.#fleet.collector.pluginPid('remote-recv') !== undefined
      if (isSender) this.#kill(site, 'remote-send', 'kill-send')
      else this.#kill(this.#fleet.collector, 'remote-recv', 'kill-recv')
      proxy.onCut = () => undefined
      proxy.faultsOf = () => ({})
      isCut = true
    }
    proxy.cutAll('reset')
    await site.until(() => {
      // A connection that idles may never come to its byte.
      if (!isCut && this.#fleet.settled(sender) >= sender.limit) this.#fleet.feed(sender, 5)
      return isCut
    }, 'a connection is cut in its opening')
    if (isServed) this.sights.saw('kill-in-handshake')
    proxy.cutAll('reset')
  }

  /** The next process dies at the n-th call of a kind; if it never comes to that, it is killed all the same. */
  async #atMoment(site: Site, plugin: string, sight: Sight, moments: readonly Moment[]): Promise<void> {
    const [call, from, to] = this.#random.oneOf(moments)
    doom(site, plugin, call, from + this.#random.below(to - from + 1))
    await this.#meetDoom(site, plugin, sight, moments === ROLL)
  }

  async #meetDoom(site: Site, plugin: string, sight: Sight, isRolled: boolean): Promise<void> {
    const before = await site.pluginRuns(plugin)
    this.#kill(site, plugin, sight)
    const pid = await site.pluginRuns(plugin, before)
    const hasDied = (): boolean => site.pluginPid(plugin) !== pid
    for (let feeds = 0; feeds < PATIENCE && !hasDied(); feeds++) {
      await this.#someProgress(hasDied)
      if (isRolled && !hasDied()) site.killPlugin(plugin, 'SIGUSR1')
    }
    if (!hasDied()) {
      this.sights.saw('doom-escaped')
      this.#kill(site, plugin, sight)
      return
    }
    this.#count(sight)
    const phase = phaseOf(site, plugin)
    this.sights.saw(phase === 'other' ? 'kill-elsewhere' : `kill-in-${phase}`)
  }

  async #someProgress(isOver: () => boolean): Promise<void> {
    const { collector, senders } = this.#fleet
    const size = collector.size('sink')
    for (const sender of senders) this.#fleet.feed(sender, 20)
    await collector.until(() => isOver() || collector.size('sink') > size, 'records pass, or somebody has died')
  }

  #count(sight: Sight): void {
    this.sights.saw(sight)
    this.kills++
  }
}
