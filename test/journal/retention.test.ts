import { test } from 'tap'
import { NO_SOURCE } from '../../src/journal/block.js'
import { Journal } from '../../src/journal/journal.js'
import { freeUpTo, type HeldSegment } from '../../src/journal/retention.js'
import { Random } from '../protocol/random.js'
import { linesOf, quietWorld } from './journal-world.js'
import { MemoryDisk } from './memory-disk.js'

const KEEP_ALL = { maxBytes: Infinity, maxAgeMs: Infinity }

/** Ten positions and 100 bytes each, a second apart. */
const FIVE: readonly HeldSegment[] = Array.from({ length: 5 }, (_, index) => ({
  firstPosition: 10 * index + 1,
  lastPosition: 10 * index + 10,
  bytes: 100,
  newestMs: 1000 * (index + 1),
}))

void test('by bytes, by age, whichever is less, and never what is not acknowledged', (t) => {
  const upTo = (acked: number, limits: Partial<typeof KEEP_ALL>, nowMs = 5000): number =>
    freeUpTo(FIVE, acked, nowMs, { ...KEEP_ALL, ...limits })
  t.equal(upTo(50, {}), 0)
  t.equal(upTo(50, { maxBytes: 0 }), 40, 'not the newest')
  t.equal(upTo(29, { maxBytes: 0 }), 20, 'nor one that is acknowledged in part')
  t.equal(upTo(9, { maxBytes: 0 }), 0)
  t.equal(upTo(50, { maxBytes: 200 }), 20)
  t.equal(upTo(50, { maxBytes: 199 }), 30)
  t.equal(upTo(50, { maxAgeMs: 2999 }), 20)
  t.equal(upTo(50, { maxAgeMs: 3000 }), 10)
  t.equal(upTo(50, { maxAgeMs: 2999, maxBytes: 100 }), 30)
  t.equal(upTo(50, { maxAgeMs: 10 }, 0), 0, 'a clock set back frees nothing by age')
  t.equal(upTo(50, { maxAgeMs: 10, maxBytes: 300 }, 0), 10)
  t.equal(freeUpTo([], 10, 0, KEEP_ALL), 0)
  t.end()
})

void test('what a journal holds', (t) => {
  const disk = new MemoryDisk(new Random(1))
  let nowMs = 1_000_000
  const world = { ...quietWorld(), wallMs: () => nowMs }
  const journal = disk.run(Journal.open(world, { segmentBytes: 2000 }))
  for (let round = 0; round < 12; round++) {
    nowMs += 1000
    journal.append(linesOf(`r${round}`, 1, 400), 1, NO_SOURCE)
    disk.run(journal.commit())
  }
  const held = disk.run(journal.held())
  t.ok(held.length > 2)
  t.same(
    held.map(({ firstPosition }) => firstPosition),
    journal.segments.map(({ firstSeq }) => firstSeq),
  )
  const total = [...disk.files].reduce(
    (sum, [name, { length }]) => (/^0.*(idx|log)$/.test(name) ? sum + length : sum),
    0,
  )
  t.equal(
    held.reduce((sum, { bytes }) => sum + bytes, 0),
    total,
  )
  const [first, second] = held
  t.equal(first?.lastPosition, Number(second?.firstPosition) - 1)
  t.equal(first?.newestMs, 1_000_000 + 1000 * Number(second?.firstPosition), 'when the next was begun')
  t.equal(held.at(-1)?.lastPosition, 12)
  t.equal(disk.run(journal.segmentBegunMs()), held.at(-2)?.newestMs)
  disk.run(journal.purge(freeUpTo(held, 12, nowMs, { ...KEEP_ALL, maxBytes: 0 })))
  t.equal(journal.segments.length, 1)
  t.equal(disk.run(journal.held())[0]?.lastPosition, 12)
  t.end()
})
