import { test } from 'tap'
import { bytesText, countOf, countText, rateText, spanText } from '../../src/ctl/figures.js'

void test('figures as people read them', (t) => {
  t.same([0, 999, 1000, 1_234_567].map(countText), ['0', '999', '1,000', '1,234,567'])
  t.same([countOf(1, 'record'), countOf(2000, 'record')], ['1 record', '2,000 records'])
  t.same([0, 1023, 1024, 1536, 64 << 20, 2 ** 51].map(bytesText), [
    '0 B',
    '1023 B',
    '1 KiB',
    '1.5 KiB',
    '64 MiB',
    '2048 TiB',
  ])
  t.same([0, 12, 12_345, 2e6].map(rateText), ['0/s', '12/s', '12.3k/s', '2.0M/s'])
  t.same([-5, 0, 999, 1000, 59_999, 60_000, 3_600_000, 3_661_000, 187_200_000].map(spanText), [
    '0 ms',
    '0 ms',
    '999 ms',
    '1 s',
    '59 s',
    '1 min',
    '1 h',
    '1 h 1 min',
    '2 d 4 h',
  ])
  t.end()
})
