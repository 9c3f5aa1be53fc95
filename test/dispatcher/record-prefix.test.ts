import { test } from 'tap'
import { RecordPrefix } from '../../src/dispatcher/record-prefix.js'

/** What stands in front of the next records, counted up one by one. */
function prefixesFrom(prefix: RecordPrefix, records: number): string[] {
  return Array.from({ length: records }, () => {
    prefix.step()
    const target = Buffer.alloc(40, '?')
    return target.toString('latin1', 3, prefix.write(target, 3))
  })
}

void test('the number is counted up in place, over every carry', (t) => {
  for (const before of [0, 7, 97, 197, 997, 9997, 99_997, 999_997, 1_099_997, 10 ** 15 - 3, 2 ** 53 - 5]) {
    const prefix = new RecordPrefix()
    prefix.skip(before)
    t.equal(prefix.seq, before)
    const expected = [1, 2, 3, 4].map((step) => `RECORD ${before + step} `)
    t.same(prefixesFrom(prefix, 4), expected)
    t.equal(prefix.seq, before + 4)
    t.equal(prefix.length, expected[3]?.length)
  }
  t.end()
})

void test('numbers that nobody asked for are caught up with', (t) => {
  for (const before of [0, 7, 97, 999_990, 10 ** 15 - 12]) {
    for (const unasked of [1, 2, 7, 8, 9, 10, 100]) {
      const prefix = new RecordPrefix()
      prefix.skip(before)
      t.equal(prefix.length, `RECORD ${before} `.length)
      for (let step = 0; step < unasked; step++) prefix.step()
      t.same(prefixesFrom(prefix, 2), [`RECORD ${before + unasked + 1} `, `RECORD ${before + unasked + 2} `])
    }
  }
  t.end()
})

void test('a step returns the number that it comes to', (t) => {
  const prefix = new RecordPrefix()
  t.equal(prefix.step(), 1)
  t.equal(prefix.skip(8), 9)
  t.equal(prefix.step(), 10)
  t.end()
})
