import { test } from 'tap'
import { chainsOf } from '../../src/journal/foreign-chain.js'
import { Journal } from '../../src/journal/journal.js'
import { Random } from '../protocol/random.js'
import { linesOf, quietWorld, Sender } from './journal-world.js'
import { MemoryDisk } from './memory-disk.js'

const WEB = { principal: 'web', stream: 'a'.repeat(32), peer: '' }
const DB = { principal: 'db', stream: 'b'.repeat(32), peer: '' }

void test("the chain behind each block of a sender's stream, over segments", (t) => {
  const disk = new MemoryDisk(new Random(1))
  const journal = disk.run(Journal.open(quietWorld(), { segmentBytes: 2500 }))
  const [web, db] = [new Sender(), new Sender()]
  const chains = new Map<number, Buffer>()
  for (let round = 0; round < 40; round++) {
    const sent = web.next(linesOf(`w${round}`, 2, 50), 2)
    journal.take(WEB, sent.block.head, sent.lines)
    chains.set(2 * round + 2, sent.block.chain)
    if (round % 10 === 5) {
      const other = db.next(linesOf(`d${round}`, 2, 50), 2)
      journal.take(DB, other.block.head, other.lines)
    }
    if (round === 39) t.same(disk.run(chainsOf(journal, WEB, [80])), [undefined], 'not durable yet')
    disk.run(journal.commit())
  }
  t.ok(journal.segments.length > 4)
  const all = Array.from({ length: 85 }, (_, seq) => seq)
  t.same(
    disk.run(chainsOf(journal, WEB, all)),
    all.map((seq) => chains.get(seq)),
  )
  t.same(disk.run(chainsOf(journal, WEB, [80, 7, 8, 8])), [chains.get(80), undefined, chains.get(8), chains.get(8)])
  t.same(disk.run(chainsOf(journal, { ...WEB, principal: 'db' }, [2])), [undefined])
  t.notSame(disk.run(chainsOf(journal, DB, [2]))[0], chains.get(2))

  const read = new Set<string>()
  disk.interfere = (op) => {
    if (op.kind === 'read') read.add(op.file)
    return 'do'
  }
  disk.run(chainsOf(journal, WEB, [80]))
  t.equal(read.size, 0, 'the end is known')
  disk.run(chainsOf(journal, WEB, [78]))
  t.equal(read.size, 1, 'the newest segment knows, and is asked alone')
  t.ok([...read].every((name) => name.endsWith('.idx')))

  const kept = journal.segments[2]?.firstSeq ?? 0
  disk.run(journal.purge(kept - 1))
  const known = disk.run(chainsOf(journal, WEB, all)).flatMap((chain, seq) => (chain === undefined ? [] : [seq]))
  t.ok(known.length < 40 && known.length > 10)
  t.same(
    known.map((seq) => chains.get(seq)),
    disk.run(chainsOf(journal, WEB, known)),
  )
  t.end()
})

void test('what a gap ends with is a place to go on from', (t) => {
  const disk = new MemoryDisk(new Random(1))
  const journal = disk.run(Journal.open(quietWorld()))
  const chain = Buffer.alloc(32, 5)
  journal.skip(WEB, 9, chain, 'freed')
  journal.skip(WEB, 12, Buffer.alloc(32, 6), 'freed')
  disk.run(journal.commit())
  t.same(disk.run(chainsOf(journal, WEB, [8, 9, 12])), [undefined, chain, Buffer.alloc(32, 6)])
  t.end()
})
