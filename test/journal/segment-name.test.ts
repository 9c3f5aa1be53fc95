import { test } from 'tap'
import { compareSegments, idxName, logName, segmentOf } from '../../src/journal/segment-name.js'

void test('names and back', (t) => {
  t.equal(logName({ firstSeq: 1, retry: 0 }), '00000000000000000001.log')
  t.equal(idxName({ firstSeq: 4711, retry: 2 }), '00000000000000004711-r2.idx')
  for (const id of [
    { firstSeq: 1, retry: 0 },
    { firstSeq: 2 ** 53 - 1, retry: 999 },
  ]) {
    t.same(segmentOf(idxName(id), '.idx'), id)
    t.same(segmentOf(logName(id), '.log'), id)
    t.equal(segmentOf(logName(id), '.idx'), undefined)
  }
  for (const other of [
    'meta.json',
    '1.idx',
    '00000000000000000001.idx.new',
    '99999999999999999999.idx',
    '00000000000000000001-r0.idx',
  ])
    t.equal(segmentOf(other, '.idx'), undefined, other)
  t.end()
})

void test('in order of seq, then of attempts', (t) => {
  const ids = [
    { firstSeq: 2, retry: 0 },
    { firstSeq: 1, retry: 10 },
    { firstSeq: 1, retry: 2 },
    { firstSeq: 1, retry: 0 },
  ]
  t.same(ids.toSorted(compareSegments), ids.toReversed())
  t.end()
})
