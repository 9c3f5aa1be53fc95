import { test } from 'tap'
import { NO_SOURCE } from '../../src/journal/block.js'
import { Journal } from '../../src/journal/journal.js'
import { ownChainAt, sampleOwn } from '../../src/journal/own-chain.js'
import { Random } from '../protocol/random.js'
import { linesOf, quietWorld, readAll } from './journal-world.js'
import { MemoryDisk } from './memory-disk.js'

void test('the chain at each border of blocks, and nowhere else', (t) => {
  const disk = new MemoryDisk(new Random(1))
  const journal = disk.run(Journal.open(quietWorld(), { segmentBytes: 600, onDamage: 'stop' }))
  for (let round = 0; round < 8; round++) {
    journal.append(linesOf(`r${round}`, 3, 60), 3, NO_SOURCE)
    disk.run(journal.commit())
  }
  const [first, ...rest] = disk
    .run(readAll(journal))
    .flatMap((item) => (item.kind === 'block' ? [item.entry.block] : []))
  t.same(disk.run(ownChainAt(journal, 0)), first?.before)
  t.same(first?.before.toString('hex'), journal.meta.timelines[0].before)
  for (const { firstSeq, chain, count } of [...(first === undefined ? [] : [first]), ...rest]) {
    t.same(disk.run(ownChainAt(journal, firstSeq + count - 1)), chain, `behind ${firstSeq}`)
    t.equal(disk.run(ownChainAt(journal, firstSeq)), undefined, 'inside a block')
  }
  t.equal(disk.run(ownChainAt(journal, 25)), undefined)
  disk.run(journal.purge(12))
  const kept = journal.segments[0]?.firstSeq ?? 0
  t.same(disk.run(ownChainAt(journal, kept - 1)), rest.find(({ firstSeq }) => firstSeq === kept)?.before)
  t.equal(disk.run(ownChainAt(journal, 0)), undefined, 'purged')
  const [point] = disk.run(sampleOwn(journal, 0, kept - 1, 5))
  t.same(point, { seq: kept - 1, chain: disk.run(ownChainAt(journal, kept - 1)) }, 'the last that is freed')
  t.end()
})

void test('samples: the borders of segments, then blocks, and every step gets closer', (t) => {
  const disk = new MemoryDisk(new Random(1))
  const journal = disk.run(Journal.open(quietWorld(), { segmentBytes: 4000 }))
  const ends: number[] = []
  for (let round = 0; round < 100; round++) {
    const count = 1 + (round % 3)
    journal.append(linesOf(`r${round}`, count, 60), count, NO_SOURCE)
    disk.run(journal.commit())
    ends.push(journal.durablePosition)
  }
  const end = journal.durablePosition
  const borders = journal.segments.map(({ firstSeq }) => firstSeq - 1).slice(1)
  t.ok(borders.length > 4)
  t.same(
    disk.run(sampleOwn(journal, 0, end, 64)).map(({ seq }) => seq),
    borders,
  )
  t.equal(disk.run(sampleOwn(journal, 0, end, 3)).length, 3)
  const [first = 0, second = 0] = borders
  const inOne = disk.run(sampleOwn(journal, first, second, 64)).map(({ seq }) => seq)
  t.same(
    inOne,
    ends.filter((seq) => seq > first && seq <= second),
    'all of one segment',
  )
  const few = disk.run(sampleOwn(journal, first, second, 4)).map(({ seq }) => seq)
  t.equal(few.length, 4)
  t.equal(few.at(-1), second)
  const indexes = [-1, ...few.map((seq) => inOne.indexOf(seq))]
  const steps = indexes.slice(1).map((index, at) => index - (indexes[at] ?? 0))
  t.ok(
    steps.every((step) => step >= 1 && step <= inOne.length / 2),
    `spread: ${String(steps)}`,
  )
  for (const { seq, chain } of disk.run(sampleOwn(journal, first, second - 1, 5)))
    t.same(disk.run(ownChainAt(journal, seq)), chain, `at ${seq}`)
  t.same(disk.run(sampleOwn(journal, end, end + 9, 5)), [])
  t.same(disk.run(sampleOwn(journal, 3, 9, 0)), [])
  // As a sender looks for the last seq that both have.
  for (const common of [0, 1, ends[50] ?? 0, first, end - 1]) {
    let [low, high, questions] = [0, end + 1, 0]
    while (questions++ < 20) {
      const points = disk.run(sampleOwn(journal, low, high - 1, 8))
      if (points.length === 0) break
      for (const { seq } of points) {
        if (seq <= common) low = seq
        else high = Math.min(high, seq)
      }
    }
    t.equal(low, Math.max(0, ...ends.filter((seq) => seq <= common)), `in common up to ${common}`)
    t.ok(questions < 6, `${questions} questions`)
  }
  t.end()
})

void test('looking for a chain reads no lines', (t) => {
  const disk = new MemoryDisk(new Random(1))
  const journal = disk.run(Journal.open(quietWorld(), { segmentBytes: 4000 }))
  for (let round = 0; round < 50; round++) {
    journal.append(linesOf(`r${round}`, 1, 60), 1, NO_SOURCE)
    disk.run(journal.commit())
  }
  const read: string[] = []
  disk.interfere = (op) => {
    if (op.kind === 'read') read.push(op.file)
    return 'do'
  }
  disk.run(ownChainAt(journal, 20))
  disk.run(sampleOwn(journal, 0, 50, 9))
  disk.run(sampleOwn(journal, 20, 22, 9))
  t.ok(read.length > 0 && read.every((name) => name.endsWith('.idx')), String(read))
  t.end()
})
