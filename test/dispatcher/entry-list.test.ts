import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { test } from 'tap'
import { firstOf, gapOf, lineOf, type Entry, type Gap, type Run } from '../../src/dispatcher/entry.js'
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
  list.prepend([taken])
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

void test('what stood in line when a segment was sealed is not looked at any more', (t) => {
  const { pool, segment, list } = newList()
  append(list, segment, 1)
  list.append(gapOf('too-long', 1, 2, 2))
  list.noteSealed()
  const next = pool.take()
  const run = append(list, next, 3)
  list.append(gapOf('too-long', 1, 4, 4))
  t.equal(list.bytesIn(segment), 0)
  t.equal(list.bytesIn(next), run.end - run.start)
  const log = new SegmentLog(pool, () => {})
  list.moveOutOf(next, log)
  t.same(contents(list), [[1], '2-2', [3], '4-4'])
  t.notOk(pool.out.has(next))
  t.same([list.runFrom(1), list.lastRun?.first], [2, 3])
  list.clear()
  log.close()
  segment.release()
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

void test('a range with a part that nobody knows the number of has none itself', (t) => {
  const list = new EntryList()
  for (let seq = 1; seq <= 64; seq++) list.append(gapOf(seq % 2 === 0 ? 'queue-full' : 'too-long', 1, seq, seq))
  list.append(gapOf('input-gap', 0, 65, 65))
  list.append(gapOf('too-long', 1, 66, 66))
  t.match(list.at(63), { first: 64, last: 66, count: 0, isMixed: true })
  t.end()
})

void test('records lost between lost ranges do not let these grow in number without end', (t) => {
  const { segment, list } = newList()
  for (let seq = 1; seq <= 1000; seq += 2) {
    const run = append(list, segment, seq)
    list.append(gapOf('too-long', 1, seq + 1, seq + 1))
    list.lose(list.runFrom(0), run, firstOf(run, 1), 'queue-full')
  }
  t.equal(list.length, 64)
  t.match(list.at(63), { first: 64, last: 1000, count: 937 })
  t.end()
})

void test('what is acknowledged leaves a lost range too, where nothing of it is on its way', (t) => {
  const lost: unknown[] = []
  const note = ({ reason, first }: Gap, count: number): unknown => lost.push([reason, first, count])
  const list = new EntryList()
  list.append(gapOf('queue-full', 2, 1, 2))
  list.append(gapOf('failed', 5, 3, 7))
  list.dropTo(4, note)
  t.same(contents(list), ['5-7'])
  t.match(list.first, { count: 3 })
  t.same(lost.splice(0), [
    ['queue-full', 1, 2],
    ['failed', 3, 2],
  ])
  list.dropTo(5)
  t.same(contents(list), ['5-7'], 'on its way it stays as it is')
  list.clear()
  list.append(gapOf('queue-full', 3, 1, 4))
  list.dropTo(2, note)
  t.same([contents(list), lost], [['1-4'], []], 'and so does one with records in it that were not asked for')
  t.end()
})

void test('a lost range that was told and lost its beginning is told anew', (t) => {
  const gap = gapOf('queue-full', 5, 3, 7)
  t.equal(lineOf(gap).toString(), 'LOST 5 3 7 queue-full\n')
  const list = new EntryList()
  list.append(gap)
  list.dropTo(5, () => {})
  t.equal(gap.line?.toString(), 'LOST 2 6 7 queue-full\n')
  t.end()
})

/** What a list is asked to do; `by` says how much of it. */
const OPS = fc.array(
  fc.record({
    do: fc.constantFrom(
      'run',
      'gap',
      'told-gap',
      'take',
      'take-part',
      'move',
      'seal',
      'split',
      'lose',
      'prepend',
      'ack',
    ),
    by: fc.nat(3),
    isSecond: fc.boolean(),
  }),
  { maxLength: 120, size: 'max' },
)

void test('wherever runs and lost ranges come and go, the first and the last run are found', (t) => {
  fc.assert(
    fc.property(OPS, (ops) => {
      const { pool, segment, list } = newList()
      const log = new SegmentLog(pool, () => {})
      const taken: Entry[] = []
      let seq = 0
      for (const { do: what, by, isSecond } of ops) {
        const { first } = list
        const at = list.runFrom(isSecond ? 1 : 0)
        const run = list.at(at)
        if (what === 'run') append(list, segment, ++seq, ++seq, ++seq)
        else if (what === 'gap') list.append(gapOf(by === 0 ? 'too-long' : 'queue-full', 1, ++seq, seq))
        else if (what === 'told-gap') list.append(toldGap(++seq))
        else if (what === 'prepend') list.prepend(taken.splice(0))
        else if (what === 'lose' && run?.kind === 'run') list.lose(at, run, firstOf(run, 1 + by), 'queue-full')
        else if (what === 'move') list.moveOutOf(segment, log)
        else if (what === 'seal') list.noteSealed()
        else if (what === 'split' && first?.kind === 'run') list.splitFirst(first, firstOf(first, 1 + by))
        else if (what === 'take' && first !== undefined) taken.push(list.takeFirst() ?? first)
        else if (what === 'take-part' && first?.kind === 'run')
          taken.push(list.takeBeginning(first, firstOf(first, 1 + by)))
        else if (what === 'ack' && first !== undefined && taken.length === 0) list.dropTo(first.first + by)
        findsRuns(list)
      }
      list.prepend(taken)
      findsRuns(list)
      list.clear()
      log.close()
      segment.release()
      assert.equal(pool.out.size, 0)
    }),
    { numRuns: 1000 },
  )
  t.end()
})

function toldGap(seq: number): Gap {
  const gap = gapOf('queue-full', 1, seq, seq)
  lineOf(gap)
  return gap
}

function findsRuns(list: EntryList): void {
  const entries = Array.from({ length: list.length }, (_, index) => list.at(index))
  const isRun = (entry: Entry | undefined): boolean => entry?.kind === 'run'
  const second = entries.slice(1).findIndex(isRun)
  assert.equal(list.runFrom(0), entries.findIndex(isRun))
  assert.equal(list.runFrom(1), second === -1 ? -1 : second + 1)
  assert.equal(list.firstRun, entries.find(isRun))
  assert.equal(list.lastRun, entries.findLast(isRun))
  assert.equal(list.first, entries[0])
  const bytes = entries.reduce((sum, entry) => sum + (entry?.kind === 'run' ? entry.end - entry.start : 0), 0)
  assert.equal(list.bytes, bytes)
}
