// Our own sender of auditd's protocol into our own receiver of it: both know a record by its number, so that it is there once whatever
// breaks, as long as this process of the receiver lives.

import { test } from 'tap'
import { NO_SOURCE } from '../../../src/journal/block.js'
import { JournalStore } from '../../../src/journal/journal-store.js'
import type { LinkEvents } from '../../../src/remote/ports.js'
import { JournalIntake } from '../../../plugins/remote-recv/journal-intake.js'
import { RmwSenders } from '../../../plugins/remote-recv/rmw-senders.js'
import { rmwSpeaker } from '../../../plugins/remote-recv/rmw-session.js'
import { managedUplink } from '../../../plugins/remote-send/managed-uplink.js'
import type { Uplink } from '../../../plugins/remote-send/uplink.js'
import { quietWorld, readLines, testGapLine } from '../../journal/journal-world.js'
import { MemoryDisk } from '../../journal/memory-disk.js'
import { VirtualNet } from '../../models/virtual-net.js'
import { SeededRandom, VirtualClock, VirtualTime } from '../../models/virtual-time.js'
import { Random } from '../../protocol/random.js'
import { UNLIMITED } from './rmw-place.js'

const WINDOW = 32

class Relay {
  readonly random: Random
  readonly time = new VirtualTime()
  readonly net: VirtualNet
  /** Deaths of the receiver after which what was on its way may repeat. */
  restarts = 0
  /** Of the receivers that are dead. */
  #repeatedBefore = 0
  #sent = 0
  #senderDisk: MemoryDisk
  #receiverDisk: MemoryDisk
  #senderLife = 0
  #receiverLife = 0
  #spool: JournalStore | undefined
  #uplink: Uplink | undefined
  #journal: JournalStore | undefined
  #senders: RmwSenders | undefined

  constructor(seed: number) {
    this.random = new Random(seed)
    this.net = new VirtualNet(this.time, this.random)
    this.#senderDisk = new MemoryDisk(this.random)
    this.#receiverDisk = new MemoryDisk(this.random)
  }

  async startReceiver(): Promise<void> {
    const life = ++this.#receiverLife
    const isAlive = (): boolean => life === this.#receiverLife
    this.#receiverDisk = new MemoryDisk(this.random, this.#receiverDisk.files)
    const journal = await JournalStore.over(this.#receiverDisk.port, quietWorld())
    const clock = new VirtualClock(this.time, isAlive)
    const world = { store: journal, clock, freeBytes: async () => undefined }
    const listener = { committed: () => {}, failed: () => {} }
    const intake = new JournalIntake(world, { commitDelayMs: 2, lowBytes: 0, reserveBytes: 0 }, listener)
    const senders = new RmwSenders(intake)
    const speak = rmwSpeaker(senders, { idleMs: 1e9, mayTake: () => true, limits: UNLIMITED })
    this.#journal = journal
    this.#senders = senders
    this.net.listen('receiver', (link, peer): LinkEvents => {
      const session = speak({ intake, clock, link, peer, log: () => {}, strike: () => {} })
      return {
        connected: () => {},
        data: (bytes) => session.data(bytes),
        drained: () => session.drained(),
        closed: (why) => session.closed(why),
      }
    })
  }

  async killReceiver(): Promise<void> {
    this.restarts++
    this.#repeatedBefore = this.repeated
    for (const connection of this.net.all) connection.lose('receiver', true)
    await this.startReceiver()
  }

  async startSender(): Promise<void> {
    const life = ++this.#senderLife
    const isAlive = (): boolean => life === this.#senderLife
    this.#senderDisk = new MemoryDisk(this.random, this.#senderDisk.files)
    const store = await JournalStore.over(this.#senderDisk.port, quietWorld())
    this.#spool = store
    const rules = { window: WINDOW, heartbeatMs: 3000, answerMs: 2000, connectMs: 5000, maxTries: 3 }
    this.#uplink = managedUplink({ ...rules, firstRetryMs: 100, longestRetryMs: 1000, gapLine: testGapLine })({
      store,
      clock: new VirtualClock(this.time, isAlive),
      random: new SeededRandom(this.random),
      servers: [{ host: 'receiver', port: 60 }],
      dial: (_, events) => this.net.dial('sender', 'web1', 'receiver', events),
      log: () => {},
      acked: (seq, chain) => {
        store.journal.acknowledge({ seq, chain })
      },
      peerSays: () => {},
      damaged: () => 'stop',
    })
  }

  async killSender(): Promise<void> {
    for (const connection of this.net.all) connection.lose('sender', true)
    this.#senderLife++
    await this.startSender()
  }

  async append(count: number): Promise<void> {
    const lines = Array.from({ length: count }, () => `type=USER record ${++this.#sent}\n`).join('')
    this.#spool?.journal.append(Buffer.from(lines), count, NO_SOURCE)
    await this.#spool?.commit()
    this.#uplink?.durable()
  }

  async settle(): Promise<void> {
    const isOver = (): boolean => this.#uplink?.status.ackedSeq === this.#sent
    await this.time.run(this.time.nowMs + 600_000, isOver)
  }

  get wanted(): string[] {
    return Array.from({ length: this.#sent }, (_, index) => `type=USER record ${index + 1}`)
  }

  get repeated(): number {
    return [...(this.#senders ?? [])].reduce((sum, { repeated }) => sum + repeated, this.#repeatedBefore)
  }

  async lines(): Promise<string[]> {
    const journal = this.#journal
    if (journal === undefined) return []
    return (await journal.read(readLines(journal.journal))).flatMap((lines) => lines.trimEnd().split('\n'))
  }

  async close(): Promise<void> {
    await this.#uplink?.close()
  }
}

for (const dies of ['nobody', 'the sender', 'the receiver'] as const) {
  void test(`connections break, and ${dies} dies`, async (t) => {
    let repeated = 0
    for (let seed = 1; seed <= 5; seed++) {
      const relay = new Relay(seed)
      await relay.startReceiver()
      await relay.startSender()
      for (let round = 0; round < 15; round++) {
        await relay.append(1 + relay.random.below(60))
        const resetOneIn = relay.random.below(2) * 8
        relay.net.weather = { latencyMs: 5 + relay.random.below(30), bytesPerMs: 1000, resetOneIn }
        await relay.time.run(relay.time.nowMs + relay.random.below(300))
        if (relay.random.below(4) > 0) continue
        if (dies === 'the sender') await relay.killSender()
        if (dies === 'the receiver') await relay.killReceiver()
      }
      relay.net.weather = { latencyMs: 1, bytesPerMs: 1000, resetOneIn: 0 }
      await relay.settle()
      const lines = await relay.lines()
      repeated += relay.repeated
      if (dies !== 'the receiver') t.same(lines, relay.wanted, `seed ${seed}: each once, in order`)
      t.same(new Set(lines), new Set(relay.wanted), `seed ${seed}: all of it`)
      const again = lines.length - relay.wanted.length
      t.ok(again <= WINDOW * relay.restarts, `seed ${seed}: ${again} again after ${relay.restarts} deaths`)
      await relay.close()
    }
    t.ok(repeated > 20, `${repeated} came again`)
  })
}
