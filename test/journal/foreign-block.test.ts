import { test } from 'tap'
import { soundBlock } from '../../src/journal/foreign-block.js'
import { Journal } from '../../src/journal/journal.js'
import { Random } from '../protocol/random.js'
import { linesOf, quietWorld, readLines, Sender } from './journal-world.js'
import { MemoryDisk } from './memory-disk.js'

const WEB = { principal: 'web', stream: 'a'.repeat(32), peer: '' }

void test('a block is judged by itself, and taken later without being judged again', (t) => {
  const disk = new MemoryDisk(new Random(1))
  const journal = disk.run(
    Journal.open(quietWorld(), { segmentBytes: 1_000_000, onDamage: 'stop', blockBytes: 65_536 }),
  )
  const sender = new Sender()
  const first = sender.next(linesOf('a', 2), 2)
  const second = sender.next(linesOf('b', 1), 1)
  const sound = soundBlock(first.block.head, first.lines)
  if (typeof sound === 'string') return t.fail(sound)
  first.block.head.fill(0)
  t.equal(journal.takeSound({ ...WEB, principal: '' }, sound, first.lines), 'bad-origin')
  t.equal(journal.takeSound(WEB, second.block, second.lines), undefined, 'a new stream may begin anywhere')
  t.equal(journal.takeSound(WEB, sound, first.lines), 'clash')
  t.equal(journal.takeSound({ ...WEB, stream: 'b'.repeat(32) }, sound, first.lines), undefined)
  disk.run(journal.commit())
  t.same(disk.run(readLines(journal)).length, 2)
  t.equal(soundBlock(second.block.head, first.lines), 'bad-lines')
  t.equal(soundBlock(Buffer.alloc(144), first.lines), 'bad-block')
  return t.end()
})

void test('a stream that is forgotten may begin anywhere again', (t) => {
  const disk = new MemoryDisk(new Random(1))
  const journal = disk.run(Journal.open(quietWorld()))
  const sender = new Sender()
  const first = sender.next(linesOf('a', 2), 2)
  journal.take(WEB, first.block.head, first.lines)
  disk.run(journal.commit())
  journal.forget(WEB)
  t.same([journal.durable(WEB), journal.taken(WEB)], [undefined, undefined])
  t.equal(journal.take(WEB, first.block.head, first.lines), undefined)
  t.throws(() => journal.forget({ principal: '', stream: '0'.repeat(32) }), RangeError)
  t.end()
})
