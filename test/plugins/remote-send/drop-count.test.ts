import { test } from 'tap'
import {
  createDropSlots,
  isNothing,
  loadDropCount,
  NOTHING_DROPPED,
  storeDropCount,
  withDropped,
  type Drop,
} from '../../../plugins/remote-send/drop-count.js'
import { MemoryDisk } from '../../journal/memory-disk.js'
import { Random } from '../../protocol/random.js'

const RUN = Buffer.alloc(16, 5)

function dropped(fromSeq: number, toSeq: number, records: number): Drop {
  return { behindSeq: fromSeq - 1, fromSeq, toSeq, records }
}

void test('a count grows with what is dropped, and knows when it is only a lower bound', (t) => {
  const first = withDropped(NOTHING_DROPPED, RUN, dropped(3, 9, 4))
  t.match(first, { fromSeq: 3, toSeq: 9, records: 4, isAtLeast: false })
  t.match(withDropped(first, RUN, dropped(10, 12, 0)), {
    behindSeq: 2,
    fromSeq: 3,
    toSeq: 12,
    records: 4,
    isAtLeast: true,
  })
  t.ok(isNothing(NOTHING_DROPPED) && !isNothing(first))
  t.end()
})

void test('whichever slot is being written, the other one holds; a flipped bit is noticed', (t) => {
  const disk = new MemoryDisk(new Random(1))
  t.same(disk.run(loadDropCount()), NOTHING_DROPPED)
  disk.run(createDropSlots())
  const size = [...disk.files.values()].map(({ length }) => length)
  t.same(disk.run(loadDropCount()), NOTHING_DROPPED)
  const first = disk.run(storeDropCount(withDropped(NOTHING_DROPPED, RUN, dropped(1, 1, 1))))
  const second = disk.run(storeDropCount(withDropped(first, RUN, dropped(2, 5, 4))))
  t.same(disk.run(loadDropCount()), second)
  t.same(
    [...disk.files.values()].map(({ length }) => length),
    size,
    'it takes no more room',
  )
  const newest = second.generation % 2 === 0 ? 'dropped.a' : 'dropped.b'
  const whole = disk.files.get(newest) ?? Buffer.alloc(0)
  for (let bit = 0; bit < 8 * whole.length; bit++) {
    const flipped = Buffer.from(whole)
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    const damaged = new MemoryDisk(new Random(1), new Map([...disk.files, [newest, flipped]]))
    const found = damaged.run(loadDropCount())
    if (found.generation !== first.generation) t.fail(`bit ${bit}`)
  }
  for (let cut = 0; cut < whole.length; cut++) {
    const torn = new MemoryDisk(new Random(1), new Map([...disk.files, [newest, whole.subarray(0, cut)]]))
    if (torn.run(loadDropCount()).generation !== first.generation) t.fail(`cut at ${cut}`)
  }
  t.end()
})
