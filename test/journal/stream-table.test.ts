import { test } from 'tap'
import { makeBlock, NO_SOURCE } from '../../src/journal/block.js'
import { StreamTable } from '../../src/journal/stream-table.js'
import { linesOf, Sender } from './journal-world.js'

const WEB = { principal: 'web', stream: 'a'.repeat(32), peer: '' }

void test('a stream goes on behind its end, whoever has the same id', (t) => {
  const sender = new Sender()
  const [first, second, third] = [1, 2, 3].map((count) => sender.next(linesOf('x', count), count).block)
  if (first === undefined || second === undefined || third === undefined) throw new Error('three blocks')
  const table = new StreamTable()
  t.equal(table.fit(WEB, second), 'next', 'an unknown stream begins where it likes')
  table.apply(WEB, first, 1)
  t.equal(table.fit(WEB, first), 'clash')
  t.equal(table.fit(WEB, third), 'gap')
  t.equal(table.fit(WEB, second), 'next')
  t.equal(table.fit({ ...WEB, principal: 'mail' }, first), 'next', 'the same id of another principal is another stream')
  const foreign = new Sender()
  foreign.next(linesOf('y', 1), 1)
  t.equal(table.fit(WEB, foreign.next(linesOf('y', 2), 2).block), 'clash', 'another history')
  table.apply(WEB, second, 5)
  t.match(table.get(WEB), {
    principal: 'web',
    stream: WEB.stream,
    firstSeq: 1,
    lastSeq: 3,
    chain: second.chain,
    takenMs: 5,
  })
  const copy = table.copy()
  copy.forget(WEB)
  t.same([copy.size, table.size], [0, 1])
  t.end()
})

void test('a fork opens a stream, a checkpoint changes nothing', (t) => {
  const chain = Buffer.alloc(32, 6)
  const draft = {
    firstSeq: 8,
    count: 0,
    lines: 0,
    wallMs: 0,
    source: NO_SOURCE,
    before: chain,
    note: Buffer.alloc(0),
    statedChain: chain,
  }
  const fork = makeBlock({ ...draft, kind: 'fork' }, [])
  const table = new StreamTable()
  t.equal(table.fit(WEB, fork), 'next')
  table.apply(WEB, fork, 1)
  t.match(table.get(WEB), { firstSeq: 8, lastSeq: 7, chain })
  t.equal(table.fit(WEB, fork), 'clash', 'only once')
  const checkpoint = makeBlock({ ...draft, kind: 'checkpoint' }, [])
  t.equal(table.fit(WEB, checkpoint), 'next')
  table.apply(WEB, checkpoint, 9)
  t.equal(table.get(WEB)?.takenMs, 1)
  t.end()
})
