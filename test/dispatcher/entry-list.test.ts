import { test } from 'tap'
import { firstOf, gapOf, type Run } from '../../src/dispatcher/entry.js'
import { EntryList } from '../../src/dispatcher/entry-list.js'
import { SegmentLog, type Segment } from '../../src/dispatcher/segment.js'
import { runIn, seqsIn } from './entry-bench.js'
import { SpyPool } from './spy-pool.js'

function newList() {
  const pool = new SpyPool()
  const segment = pool.take()
  segment.hold()
  const list = new EntryList()
  return { pool, segment, list }
}

/** The seqs of runs, and lost ranges as `first-last`. */
function contents(list: EntryList): unknown[] {
  return Array.from({ length: list.length }, (_, index) => {
    const entry = list.at(index)
    return entry?.kind === 'run' ? seqsIn(entry) : `${entry?.first}-${entry?.last}`
  })
}

function append(list: EntryList, segment: Segment, ...seqs: number[]): Run {
  const run = runIn(segment, seqs)
  list.append(run)
  return run
}

void test('what is acknowledged leaves: of a run any beginning, a lost range as a whole', (t) => {
  const { pool, segment, list } = newList()
  append(list, segment, 1, 2, 4)
  list.append(gapOf('queue-full', 3, 5, 9))
  append(list, segment, 10)
  t.same(list.dropTo(3), { records: 2, gaps: 0 })
  t.same(contents(list), [[4], '5-9', [10]])
  t.same(list.dropTo(8), { records: 1, gaps: 0 })
  t.same(contents(list), ['5-9', [10]])
  t.same(list.dropTo(9), { records: 0, gaps: 1 })
  t.same(list.dropTo(100), { records: 1, gaps: 0 })
  t.equal(list.bytes, 0)
  segment.release()
  t.equal(pool.out.size, 0)
  t.end()
})

void test('a lost record joins the lost ranges on both of its sides', (t) => {
  const { pool, segment, list } = newList()
  list.append(gapOf('queue-full', 1, 1, 1))
  const run = append(list, segment, 2, 3)
  list.append(gapOf('queue-full', 1, 4, 4))
  t.equal(list.lose(1, run, firstOf(run, 1), 'queue-full'), 0)
  t.same(contents(list), ['1-2', [3], '4-4'])
  t.equal(list.lose(1, run, firstOf(run, 1), 'queue-full'), 0)
  t.same(contents(list), ['1-4'])
  t.match(list.first, { count: 4 })
  t.equal(list.bytes, 0)
  segment.release()
  t.equal(pool.out.size, 0)
  t.end()
})

void test('a lost record joins no range for another reason', (t) => {
  const { segment, list } = newList()
  list.append(gapOf('too-long', 1, 1, 1))
  const run = append(list, segment, 2)
  list.append(gapOf('too-long', 1, 3, 3))
  t.equal(list.lose(1, run, firstOf(run, 1), 'poison'), 1)
  t.same(contents(list), ['1-1', '2-2', '3-3'])
  t.end()
})

void test('all runs are lost, and what was lost before stays so', (t) => {
  const { pool, segment, list } = newList()
  append(list, segment, 1, 3)
  append(list, segment, 4)
  list.append(gapOf('queue-full', 1, 5, 5))
  append(list, segment, 6)
  list.loseAll('failed')
  t.same(contents(list), ['1-4', '5-5', '6-6'])
  t.match(list.first, { count: 3, reason: 'failed' })
  segment.release()
  t.equal(pool.out.size, 0)
  t.end()
})

void test('what comes back stands in front, and is one with what it was cut from', (t) => {
  const { segment, list } = newList()
  const run = append(list, segment, 1, 2, 3)
  const taken = list.takeBeginning(run, firstOf(run, 2))
  t.same(contents(list), [[3]])
  list.prepend(taken)
  t.same(contents(list), [[1, 2, 3]])
  t.equal(list.bytes, taken.end - taken.start)
  t.end()
})

void test('what is moved out of a segment keeps its place', (t) => {
  const { pool, segment, list } = newList()
  const other = pool.take()
  append(list, segment, 1)
  append(list, other, 2)
  list.append(gapOf('too-long', 1, 3, 3))
  append(list, segment, 4)
  const { bytes } = list
  t.equal(list.bytesIn(segment) + list.bytesIn(other), bytes)
  const log = new SegmentLog(pool, () => {})
  list.moveOutOf(segment, log)
  segment.release()
  t.same(contents(list), [[1], [2], '3-3', [4]])
  t.equal(list.bytes, bytes)
  t.same(new Set(pool.out), new Set([other, log.segment]))
  list.clear()
  log.close()
  t.equal(pool.out.size, 0)
  t.end()
})

void test('lost ranges of changing reasons do not grow in number without end', (t) => {
  const { segment, list } = newList()
  append(list, segment, 1)
  for (let seq = 2; seq <= 1000; seq++) list.append(gapOf(seq % 2 === 0 ? 'queue-full' : 'too-long', 1, seq, seq))
  t.equal(list.length, 1 + 64)
  const last = list.at(64)
  t.match(last, { kind: 'gap', first: 65, last: 1000, count: 936 }, 'none is left out')
  append(list, segment, 1001)
  list.append(gapOf('queue-full', 1, 1002, 1002))
  t.equal(list.length, 67, 'behind a record they are told apart again')
  list.clear()
  t.end()
})
