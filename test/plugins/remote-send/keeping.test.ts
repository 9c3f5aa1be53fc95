import { test } from 'tap'
import { Keeping } from '../../../plugins/remote-send/keeping.js'
import { NO_SOURCE } from '../../../src/journal/block.js'
import { JournalStore } from '../../../src/journal/journal-store.js'
import { linesOf, quietWorld } from '../../journal/journal-world.js'
import { MemoryDisk } from '../../journal/memory-disk.js'
import { Random } from '../../protocol/random.js'
import { HandClock } from '../remote-recv/hand-clock.js'

const CHAIN = Buffer.alloc(32, 3)

async function scene(
  maxBytes: number,
): Promise<{ store: JournalStore; clock: HandClock; keeping: Keeping; disk: MemoryDisk; freed: () => number }> {
  const disk = new MemoryDisk(new Random(1))
  const store = await JournalStore.over(disk.port, quietWorld(), { segmentBytes: 1000 })
  for (let seq = 1; seq <= 30; seq++) {
    store.journal.append(linesOf(`line ${seq}`, 1, 200), 1, NO_SOURCE)
    await store.commit()
  }
  const clock = new HandClock()
  let freed = 0
  const host = { store, clock, log: () => {}, freed: () => freed++ }
  const keeping = new Keeping(host, { maxBytes, maxAgeMs: Infinity })
  return { store, clock, keeping, disk, freed: () => freed }
}

void test('what the other side has is remembered within a second, and freed beyond what is to be kept', async (t) => {
  const { store, clock, keeping, disk, freed } = await scene(2500)
  keeping.acked(15, CHAIN)
  await clock.pass(1500)
  t.equal(freed(), 1)
  const first = store.journal.firstPosition
  t.ok(first > 1 && first < 12, `from ${first} on`)
  const again = await JournalStore.over(new MemoryDisk(new Random(2), disk.onlyDurable).port, quietWorld())
  t.match(again.journal.acked, { seq: 15 })
  keeping.use({ maxBytes: 0, maxAgeMs: Infinity })
  await clock.pass(100)
  t.ok(store.journal.firstPosition > first && store.journal.firstPosition <= 16)
})

void test('nothing is freed that the other side has not got, or has lost again', async (t) => {
  const { store, clock, keeping } = await scene(0)
  await clock.pass(700_000)
  t.equal(store.journal.firstPosition, 1)
  keeping.acked(20, CHAIN)
  keeping.acked(2, CHAIN)
  await clock.pass(700_000)
  t.ok(store.journal.firstPosition <= 3)
  keeping.close()
  keeping.acked(30, CHAIN)
  await clock.pass(700_000)
  t.ok(store.journal.firstPosition <= 3)
})

void test('a disk that gives errors loses nothing', async (t) => {
  const { store, clock, keeping, disk } = await scene(0)
  disk.interfere = (op) => (op.kind === 'unlink' || op.kind === 'sync' ? 'EIO' : 'do')
  keeping.acked(20, CHAIN)
  await clock.pass(2000)
  disk.interfere = () => 'do'
  await clock.pass(700_000)
  t.ok(store.journal.firstPosition > 10)
})
