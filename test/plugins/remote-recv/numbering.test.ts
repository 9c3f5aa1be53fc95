import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { aheadOf } from '../../../plugins/remote-recv/numbering.js'

void test('numbers are positions, as long as the journal has all that was taken', (t) => {
  const dir = t.testdir()
  t.equal(aheadOf(dir, { run: 'r1', received: 0 }, { settled: 0, durable: 0 }), 0)
  t.equal(aheadOf(dir, { run: 'r1', received: 100 }, { settled: 90, durable: 100 }), 0)
  t.end()
})

void test('a journal set back goes on with numbers that were never used in that run', (t) => {
  const dir = t.testdir()
  const ahead = aheadOf(dir, { run: 'r1', received: 600 }, { settled: 280, durable: 300 })
  t.equal(281 + ahead, 601, 'the first that is not settled has the next number')
  t.equal(aheadOf(dir, { run: 'r1', received: 640 }, { settled: 310, durable: 330 }), ahead, 'also in the next process')
  t.equal(
    aheadOf(dir, { run: 'r2', received: 0 }, { settled: 310, durable: 330 }),
    0,
    'but not with another dispatcher',
  )
  const again = aheadOf(dir, { run: 'r1', received: 700 }, { settled: 280, durable: 300 })
  t.equal(281 + again, 701, 'set back once more')
  t.end()
})

void test('a file that says nothing is as good as none', (t) => {
  for (const text of ['', '{', 'null', '{"run":"r1"}', '{"run":"r1","ahead":"7"}', '{"run":"r1","ahead":1e99}']) {
    const dir = t.testdir()
    writeFileSync(join(dir, 'numbering.json'), text)
    t.equal(aheadOf(dir, { run: 'r1', received: 5 }, { settled: 5, durable: 5 }), 0, text)
  }
  t.end()
})
