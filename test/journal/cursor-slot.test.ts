import { test } from 'tap'
import {
  createSlots,
  encodeSlot,
  loadSlot,
  NOTHING_ACKED,
  readSlot,
  storeSlot,
  type CursorSlot,
} from '../../src/journal/cursor-slot.js'
import { Random } from '../protocol/random.js'
import { neverFooled } from './damaged-codec.js'
import { MemoryDisk } from './memory-disk.js'

const SLOT: CursorSlot = {
  generation: 6,
  position: 2 ** 40,
  segment: { firstSeq: 2 ** 39, retry: 2 },
  isClean: true,
  idxBytes: 300,
  logBytes: 2 ** 33,
  acked: { seq: 77, chain: Buffer.alloc(32, 5) },
}

void test('what was written is read, and nothing else', (t) => {
  t.same(readSlot(encodeSlot(SLOT)), SLOT)
  t.same(readSlot(encodeSlot({ ...SLOT, isClean: false })), { ...SLOT, isClean: false })
  t.same(neverFooled(encodeSlot(SLOT), readSlot), [])
  t.end()
})

void test('the newer of two; the other one where that is damaged', (t) => {
  const disk = new MemoryDisk(new Random(1))
  t.equal(disk.run(loadSlot()), undefined)
  disk.run(createSlots(new Set()))
  t.equal(disk.run(loadSlot()), undefined)
  for (const generation of [1, 2, 3]) disk.run(storeSlot({ ...SLOT, generation, acked: NOTHING_ACKED }))
  t.equal(disk.run(loadSlot())?.generation, 3)
  const torn = new Map(disk.files).set('cursor.b', Buffer.alloc(128, 1))
  t.equal(new MemoryDisk(new Random(1), torn).run(loadSlot())?.generation, 2)
  t.end()
})
