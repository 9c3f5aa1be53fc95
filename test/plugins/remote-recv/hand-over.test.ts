// From the journal to the dispatcher: each record once and in order, the cursor behind what is settled.

import { test } from 'tap'
import { HandOver, type Downstream } from '../../../plugins/remote-recv/hand-over.js'
import type { FilePort } from '../../../src/journal/file-port.js'
import { JournalStore } from '../../../src/journal/journal-store.js'
import { linesOf, quietWorld, Sender } from '../../journal/journal-world.js'
import { MemoryDisk } from '../../journal/memory-disk.js'
import { Random } from '../../protocol/random.js'
import { HandClock, rest } from './hand-clock.js'

const WEB = { principal: 'web', stream: 'a'.repeat(32), peer: '' }

class Place {
  readonly clock = new HandClock()
  readonly sender = new Sender()
  readonly told: string[] = []
  readonly stopping = new AbortController()
  /** `position text`, in the order of arrival. */
  readonly got: string[] = []
  readonly store: JournalStore
  readonly handOver: HandOver
  readonly disk: MemoryDisk
  readonly ahead: number

  static async open(disk = new MemoryDisk(new Random(1)), segmentBytes = 100_000, ahead = 0): Promise<Place> {
    const port: FilePort = disk.port
    return new Place(disk, await JournalStore.over(port, quietWorld(), { segmentBytes, onDamage: 'skip' }), ahead)
  }

  private constructor(disk: MemoryDisk, store: JournalStore, ahead: number) {
    this.disk = disk
    this.ahead = ahead
    this.store = store
    this.sender.resume(store.journal.durable(WEB))
    this.handOver = new HandOver({
      store,
      clock: this.clock,
      aheadOf: () => this.ahead,
      damaged: (_segment, first, last) => this.told.push(`damaged ${first}-${last}`),
      unplaced: (line) => this.told.push(`unplaced ${line.toString().trim()}`),
      failed: (what) => this.told.push(`failed ${what}`),
    })
  }

  /** Runs until the test is over. */
  run(downstream: Partial<Downstream> = {}): void {
    const sendLines = async (lines: Buffer, n: number): Promise<number> => {
      const texts = lines.toString().trimEnd().split('\n')
      for (const [index, text] of texts.entries()) this.got.push(`${n + index} ${text.trim()}`)
      return n + texts.length - 1
    }
    void this.handOver.run({ sendLines, ...downstream }, this.stopping.signal).catch(() => this.told.push('rejected'))
  }

  async commit(...names: readonly string[]): Promise<void> {
    for (const name of names) {
      const { block, lines } = this.sender.next(linesOf(name, 2), 2)
      const refusal = this.store.journal.take(WEB, block.head, lines)
      if (refusal !== undefined) throw new Error(refusal)
    }
    await this.store.commit()
    this.handOver.durable()
    await rest()
  }
}

void test('what is durable goes over, and nothing else', async (t) => {
  const place = await Place.open()
  await place.commit('a')
  place.run()
  await rest()
  t.same(place.got, ['1 a.0', '2 a.1'])
  const { block, lines } = place.sender.next(linesOf('b', 1), 1)
  place.store.journal.take(WEB, block.head, lines)
  place.handOver.durable()
  await rest()
  t.equal(place.got.length, 2)
  await place.store.commit()
  place.handOver.durable()
  await rest()
  t.same(place.got.slice(2), ['3 b.0'])
  t.end()
})

void test('after a death it goes on behind what was settled, also within a block', async (t) => {
  const place = await Place.open()
  place.run()
  await place.commit('a', 'b')
  place.handOver.settle(3)
  await place.clock.pass(199)
  t.equal(place.store.journal.acked.seq, 0)
  await place.clock.pass(1)
  t.equal(place.store.journal.acked.seq, 3)
  place.handOver.settle(4)
  const after = await Place.open(place.disk)
  after.run()
  await rest()
  t.same(after.got, ['4 b.1'])
  await after.commit('c')
  t.same(after.got.slice(1), ['5 c.0', '6 c.1'])
  t.end()
})

void test('numbers that are ahead of positions are so both ways', async (t) => {
  const place = await Place.open(new MemoryDisk(new Random(1)), 100_000, 600)
  place.run()
  await place.commit('a', 'b')
  t.same(place.got, ['601 a.0', '602 a.1', '603 b.0', '604 b.1'])
  place.handOver.settle(600)
  t.equal(place.handOver.settled, 0, 'what the dispatcher had before')
  place.handOver.settle(603)
  t.equal(place.handOver.settled, 3)
  t.equal(place.handOver.sent, 4)
  t.end()
})

void test('in order at the end: all that is settled is saved', async (t) => {
  const place = await Place.open()
  place.run()
  await place.commit('a', 'b')
  place.handOver.settle(4)
  await place.handOver.close()
  await place.store.close()
  const after = await Place.open(place.disk)
  after.run()
  await rest()
  t.same([after.got, after.handOver.settled], [[], 4])
  t.end()
})

void test('an ACK of what cannot be settled is not believed beyond the end', async (t) => {
  const place = await Place.open()
  await place.commit('a')
  place.handOver.settle(99)
  t.equal(place.handOver.settled, 2)
  t.end()
})

void test('no more is read than goes over', async (t) => {
  const place = await Place.open()
  let release: () => void = () => {}
  place.run({
    sendLines: async (_lines, n) => {
      place.got.push(String(n))
      await new Promise<void>((resolve) => (release = resolve))
      return n
    },
  })
  await place.commit('a')
  await place.commit('b')
  t.same(place.got, ['1'])
  release()
  await rest()
  t.same(place.got, ['1', '3'])
  t.end()
})

void test('what cannot be read is told and passed by; the rest goes on', async (t) => {
  const place = await Place.open(new MemoryDisk(new Random(1)), 300)
  for (const name of ['a', 'b', 'c', 'd']) await place.commit(name)
  const files = new Map(place.disk.files)
  const [log = '', bytes = Buffer.alloc(0)] = [...files].find(([, each]) => each.includes('b.0')) ?? []
  files.set(log, Buffer.from(bytes.toString('latin1').replace('b.0', 'b.X'), 'latin1'))
  const after = await Place.open(new MemoryDisk(new Random(1), files), 300)
  after.run()
  await rest()
  t.same(after.told, ['damaged 3-4'])
  t.same(
    after.got.map((line) => line.split(' ')[1]),
    ['a.0', 'a.1', 'c.0', 'c.1', 'd.0', 'd.1'],
  )
  t.end()
})

void test('an error of the disk in the middle loses nothing', async (t) => {
  const place = await Place.open(new MemoryDisk(new Random(1)), 300)
  for (const name of ['a', 'b', 'c', 'd']) await place.commit(name)
  let reads = 6
  place.disk.interfere = ({ kind }) => (kind === 'read' && --reads < 0 ? 'EIO' : 'do')
  place.run()
  await place.clock.pass(100)
  t.ok(place.told.includes('failed read'))
  place.disk.interfere = () => 'do'
  await place.clock.pass(6000)
  t.same(
    place.got.map((line) => line.split(' ')[1]),
    ['a.0', 'a.1', 'b.0', 'b.1', 'c.0', 'c.1', 'd.0', 'd.1'],
  )
  t.end()
})

void test('a HOLE is a record like others', async (t) => {
  const place = await Place.open()
  await place.commit('a')
  place.store.journal.skip(WEB, 9, Buffer.alloc(32, 1), 'freed')
  await place.store.commit()
  place.run()
  await rest()
  t.match(place.got.at(-1), /^3 type=TRUSTED_APP .*op=journal-hole/)
  place.stopping.abort()
  t.end()
})
