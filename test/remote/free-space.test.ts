import { test } from 'tap'
import { bytesToKeepFree, freeSpace } from '../../src/remote/free-space.js'

void test('free space', (t) => {
  t.same(freeSpace('5%'), { value: { kind: 'share', percent: 5 } })
  t.same(freeSpace('0.5%'), { value: { kind: 'share', percent: 0.5 } })
  t.same(freeSpace('1G'), { value: { kind: 'bytes', bytes: 1024 ** 3 } })
  t.same(freeSpace('0'), { value: { kind: 'bytes', bytes: 0 } })
  for (const bad of ['100%', '-1%', '5 %', '%', '1X', '']) {
    t.same(freeSpace(bad), {
      mistake: `'${bad}' is neither a percentage below 100, such as 5%, nor a size, such as 1G`,
    })
  }
  t.equal(bytesToKeepFree({ kind: 'share', percent: 5 }, 1001), 51, 'rounded up')
  t.equal(bytesToKeepFree({ kind: 'bytes', bytes: 7 }, 1), 7)
  t.end()
})
