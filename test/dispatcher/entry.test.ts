import { test } from 'tap'
import {
  dropBeginning,
  firstOf,
  gapOf,
  joined,
  lineOf,
  moveTo,
  takeBeginning,
  upToSeq,
  wholeUpTo,
} from '../../src/dispatcher/entry.js'
import { SegmentLog } from '../../src/dispatcher/segment.js'
import { runIn, seqsIn, textOf } from './entry-bench.js'
import { SpyPool } from './spy-pool.js'

const RUNS = [[1], [1, 2, 3, 4], [8, 9, 10, 11], [2, 3, 7, 30], [5, 99, 100, 101, 1000]]

function newSegment() {
  const segment = new SpyPool().take()
  segment.used = segment.bytes.write('something else\n')
  return segment
}

void test('of a run so many records are found, whether some seqs are missing or not', (t) => {
  for (const seqs of RUNS) {
    const run = runIn(newSegment(), seqs)
    let end = run.start
    for (let records = 0; records <= seqs.length; records++) {
      const last = seqs[records - 1] ?? run.first - 1
      const expected = { records, end, last }
      t.same(firstOf(run, records), expected)
      t.same(wholeUpTo(run, end), expected)
      if (records === seqs.length) break
      end = run.segment.bytes.indexOf('\n', end) + 1
      t.same(wholeUpTo(run, end - 1), expected, 'a byte too few')
    }
    t.same(firstOf(run, 1000), firstOf(run, seqs.length))
  }
  t.end()
})

void test('of a run is found what an acknowledgement comes to, of a seq that is in it or not', (t) => {
  for (const seqs of RUNS) {
    const run = runIn(newSegment(), seqs)
    for (let seq = run.first; seq <= run.last + 1; seq++) {
      const { records, last } = upToSeq(run, seq)
      const settled = seqs.filter((each) => each <= seq)
      t.same([records, last], [settled.length, settled.at(-1)])
    }
  }
  t.end()
})

void test('a run is parted, and is one again', (t) => {
  for (const at of [-1, 500]) {
    for (const seqs of RUNS) {
      for (let records = 1; records < seqs.length; records++) {
        const run = runIn(newSegment(), seqs, at)
        const before = { ...run }
        const taken = takeBeginning(run, firstOf(run, records))
        t.same([seqsIn(taken), seqsIn(run)], [seqs.slice(0, records), seqs.slice(records)])
        t.same([taken.first, taken.last, run.first, run.last], [seqs[0], seqs[records - 1], seqs[records], seqs.at(-1)])
        t.equal(run.at, at === -1 ? -1 : at + taken.end - taken.start)
        t.ok(joined(taken, run))
        t.same(taken, before)
      }
    }
  }
  t.end()
})

void test('a run without its beginning', (t) => {
  const run = runIn(newSegment(), [3, 5, 6])
  dropBeginning(run, firstOf(run, 1))
  t.match(run, { first: 5, last: 6, records: 2 })
  dropBeginning(run, firstOf(run, 1))
  t.same([run.first, seqsIn(run)], [6, [6]])
  t.end()
})

void test('runs are not one when something was written between them, or they lie apart', (t) => {
  const segment = newSegment()
  const one = runIn(segment, [1], 100)
  const length = one.end - one.start
  t.notOk(joined(one, runIn(segment, [2], 100 + length + 7)))
  t.notOk(joined(one, runIn(segment, [3], 100 + length)))
  t.notOk(joined(one, runIn(newSegment(), [2], 100 + length)))
  t.notOk(joined(undefined, one))
  t.notOk(joined(gapOf('queue-full', 1, 1, 1), one))
  t.notOk(joined(one, gapOf('queue-full', 1, 1, 1)))
  t.end()
})

void test('lost ranges for one reason are one, until the first is being told', (t) => {
  const gap = gapOf('queue-full', 1, 4, 4)
  t.notOk(joined(gap, gapOf('too-long', 1, 5, 5)))
  t.ok(joined(gap, gapOf('queue-full', 2, 6, 9)))
  t.equal(lineOf(gap).toString(), 'LOST 3 4 9 queue-full\n')
  t.notOk(joined(gap, gapOf('queue-full', 1, 10, 10)))
  t.equal(lineOf(gap).toString(), 'LOST 3 4 9 queue-full\n')
  t.end()
})

void test('a run that is moved is the same elsewhere, and lets the segment go', (t) => {
  const pool = new SpyPool()
  const segment = pool.take()
  const run = runIn(segment, [1, 3])
  const text = textOf(run)
  const log = new SegmentLog(pool, () => {})
  moveTo(run, log)
  t.equal(textOf(run), text)
  t.same([...pool.out], [log.segment])
  t.end()
})
