// A small share of what the models suite looks at.

import { test } from 'tap'
import { Journal } from '../../src/journal/journal.js'
import { verify } from '../../src/journal/verify.js'
import { Random } from '../protocol/random.js'
import {
  complaints,
  failWhileMending,
  flipEach,
  flipInDead,
  flipped,
  harmAtRandom,
  LAST,
  sample,
} from './damaged-journal.js'
import { quietWorld } from './journal-world.js'
import { MemoryDisk } from './memory-disk.js'

void test('bytes of the last segment, flipped', (t) => {
  t.same(flipEach(37), [])
  t.end()
})

void test('in a journal that died, the last commit may be a torn tail and nothing else', (t) => {
  t.same(flipInDead(41), [])
  t.end()
})

void test('pieces overwritten, cut off, zeroed; files gone', (t) => {
  harmAtRandom(60)
  t.end()
})

void test('power fails while damage is being set aside and entered', (t) => {
  const { images, found } = failWhileMending(1)
  t.same(found, [])
  t.ok(images > 50)
  t.end()
})

void test('the last checkpoint is damaged, and so is the end of the segment before', (t) => {
  const original = sample(true)
  const before = '00000000000000000007.idx'
  const files = new Map(flipped(original.files, `${LAST}.idx`, 74)).set(
    before,
    original.files.get(before)?.subarray(0, 376) ?? Buffer.alloc(0),
  )
  const disk = new MemoryDisk(new Random(1), files)
  const journal = disk.run(Journal.open(quietWorld(), { segmentBytes: 1500, onDamage: 'skip' }))
  const names = journal.segments.map(({ firstSeq }) => firstSeq)
  t.same(
    names,
    names.toSorted((a, b) => a - b),
  )
  t.ok(Number(names.at(-1)) >= Number(LAST), 'what is written next stands behind what is there')
  t.ok(disk.run(verify()).findings.length > 0)
  t.same(complaints(original, files), [])
  t.end()
})
