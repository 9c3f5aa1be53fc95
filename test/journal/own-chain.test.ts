import { test } from 'tap'
import { NO_SOURCE } from '../../src/journal/block.js'
import { Journal } from '../../src/journal/journal.js'
import { ownChainAt } from '../../src/journal/own-chain.js'
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
  t.end()
})
