import * as fc from 'fast-check'
import { test } from 'tap'
import { count, size, sizeText, time, timeRange, timeText } from '../../src/config/quantity.js'
import type { Parsed } from '../../src/config/value.js'

function valueOf<T>(parsed: Parsed<T>): T | string {
  return 'value' in parsed ? parsed.value : parsed.mistake
}

void test('counts', (t) => {
  const read = count(1, 100_000_000)
  t.same(read('1'), { value: 1 })
  t.same(read('100000000'), { value: 100_000_000 })
  t.same(read('007'), { value: 7 })
  for (const bad of ['0', '-1', '1.5', '1e3', '0x10', '100000001', '9'.repeat(40), 'x', '1 0', '1k', ' 1']) {
    t.same(read(bad), { mistake: `'${bad}' is not a whole number from 1 to 100000000` })
  }
  t.end()
})

void test('sizes', (t) => {
  const read = size(64 * 1024, 64 * 1024 ** 3)
  t.same(
    ['65536', '64K', '64k', '64M', '1g', '64G'].map((text) => valueOf(read(text))),
    [65_536, 65_536, 65_536, 67_108_864, 1_073_741_824, 68_719_476_736],
  )
  for (const bad of ['65535', '63K', '65G', '0', '64MB', '64 M', '1.5M', '-64M', 'M', '1T', '9'.repeat(30)]) {
    t.same(read(bad), { mistake: `'${bad}' is not a size from 64K to 64G, such as 65536 or 64M` })
  }
  t.end()
})

void test('times', (t) => {
  const read = time(100, 3_600_000)
  t.same(
    ['10', '10s', '0.1', '0.1s', '100ms', '500MS', '10m', '1h', '0.25h', '1.2345s'].map((text) => valueOf(read(text))),
    [10_000, 10_000, 100, 100, 100, 500, 600_000, 3_600_000, 900_000, 1235],
  )
  for (const bad of ['99ms', '0', '61m', '1d', '1 s', '-1s', 's', '1..2', '.5s', '5.', '1e2', '9'.repeat(30)]) {
    t.same(read(bad), { mistake: `'${bad}' is not a time from 100ms to 1h, such as 10s, 0.5s or 5m` })
  }
  t.same(time(0, 1000)('0'), { value: 0 })
  t.match(time(0, 1000)('2s'), { mistake: /from 0s to 1s/ })
  t.same(time(0, 10 * 86_400_000)('7D'), { value: 604_800_000 })
  t.end()
})

void test('ranges of times', (t) => {
  const read = timeRange(10, 3_600_000)
  t.same(read('0.1s..60s'), { value: { firstMs: 100, longestMs: 60_000 } })
  t.same(read('100ms..1m'), { value: { firstMs: 100, longestMs: 60_000 } })
  t.same(read('5'), { value: { firstMs: 5000, longestMs: 5000 } })
  t.same(read('1s..1s'), { value: { firstMs: 1000, longestMs: 1000 } })
  t.same(read('60s..0.1s'), { mistake: '60s is longer than 0.1s; the shorter time stands first' })
  t.same(read('1ms..1s'), { mistake: "'1ms..1s' is not between 10ms and 1h" })
  t.same(read('1s..2h'), { mistake: "'1s..2h' is not between 10ms and 1h" })
  for (const bad of ['1s..', '..1s', '1s..2s..3s', '1s-2s', '1s ..2s', '1s...2s', 'x']) {
    t.same(read(bad), { mistake: `'${bad}' is no range of times, such as 0.1s..60s` })
  }
  t.end()
})

void test('the bounds in messages can be written as they stand', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e11 }), (n) => {
      t.equal(valueOf(size(0, 2 ** 41)(sizeText(n))), n)
      t.equal(valueOf(time(0, 2 ** 41)(timeText(n))), n)
    }),
    { numRuns: 50 },
  )
  t.equal(sizeText(0), '0')
  t.equal(timeText(90_000), '90s')
  t.end()
})
