import { test } from 'tap'
import { SerialCount } from '../../src/dispatcher/serial-count.js'

const LATER_MS = 60_000

/** What has been counted when these numbers have come, long ago. */
function counted(serials: readonly number[], secondsOf: (index: number) => number = () => 0): object {
  const [first = 0, ...rest] = serials
  const count = new SerialCount(first, secondsOf(0))
  for (const [index, serial] of rest.entries()) count.take(serial, secondsOf(index + 1), 0)
  const { missing, ranges, restarts, strays, last } = count.view(LATER_MS)
  return { missing, ranges, restarts, strays, last }
}

void test('numbers that do not come are missing', (t) => {
  const none = { restarts: 0, strays: 0 }
  t.same(counted([5, 6, 6, 7]), { ...none, missing: 0, ranges: [], last: 7 })
  t.same(counted([5, 7]), { ...none, missing: 1, ranges: [[6, 6]], last: 7 })
  const two = [
    [6, 9],
    [11, 11],
  ]
  t.same(counted([5, 10, 12]), { ...none, missing: 5, ranges: two, last: 12 })
  t.same(counted([5, 7, 6, 8]), { ...none, missing: 0, ranges: [], last: 8 }, 'a late one takes itself out')
  const around = [
    [6, 6],
    [8, 9],
  ]
  t.same(counted([5, 10, 7]), { ...none, missing: 3, ranges: around, last: 10 }, 'also out of the middle')
  t.same(counted([5, 10, 6, 9]), { ...none, missing: 2, ranges: [[7, 8]], last: 10 }, 'and from both ends')
  t.same(counted([5, 4, 6]), { ...none, missing: 0, ranges: [], last: 6 }, 'those before the first are none')
  t.end()
})

void test('numbers of 32 bits go on behind the last', (t) => {
  const end = 0xffff_ffff
  t.match(counted([end - 1, end, 0, 1]), { missing: 0, restarts: 0, last: 1 })
  t.match(counted([end - 1, 2]), { missing: 3, ranges: [[end, 1]], last: 2 })
  t.match(counted([end - 1, 2, 0]), { missing: 2, last: 2 }, 'and a late one is found there')
  t.end()
})

void test('a gap is pending until so much has come later, or some time has passed', (t) => {
  const count = new SerialCount(1, 0)
  count.take(3, 0, 1000)
  t.match(count.view(1000), { pending: 1, missing: 0, ranges: [] })
  t.match(count.view(7000), { pending: 0, missing: 1, ranges: [[2, 2]] })
  for (let serial = 4; serial < 2000; serial++) count.take(serial, 0, 1000)
  t.match(count.view(1000), { pending: 0, missing: 1 })
  count.take(2, 0, 1000)
  t.match(count.view(1000), { pending: 0, missing: 0, ranges: [] }, 'even then it may come')
  t.end()
})

void test('numbers that go back far, or are lower and younger, are a new count', (t) => {
  const afterBoot = counted([500_000, 500_002, 1, 2, 4])
  const ranges = [
    [500_001, 500_001],
    [3, 3],
  ]
  t.same(afterBoot, { missing: 2, ranges, restarts: 1, strays: 0, last: 4 })
  t.match(
    counted([900, 1, 2], (index) => (index === 0 ? 1000 : 1060)),
    { restarts: 1, last: 2, missing: 0 },
  )
  t.match(
    counted([900, 1, 2], () => 1000),
    { restarts: 0, last: 900 },
    'no younger ones are only late',
  )
  t.match(counted([500_002, 500_004, 1, 500_003]), { restarts: 0, strays: 1 }, 'unless it was one alone')
  t.end()
})

void test('a number that is out of place alone is a stray', (t) => {
  t.match(counted([100, 5_000_000, 101, 102]), { missing: 0, strays: 1, restarts: 0, last: 102 })
  t.match(counted([5_000_000, 7, 5_000_001]), { missing: 0, strays: 1, restarts: 0, last: 5_000_001 })
  t.match(counted([100, 5_000_000, 5_000_001]), { missing: 4_999_899, strays: 0, last: 5_000_001 }, 'two are none')
  t.end()
})

void test('two machines without names are no loss, when one of them was silent for a while', (t) => {
  const silent = [60_000, 10_000, 10_001, 60_001, 10_002, 60_002]
  t.match(
    counted(silent, (index) => (index === 0 ? 1000 : 1060)),
    { missing: 0, restarts: 0, strays: 1, last: 60_002 },
  )
  const lower = [10_000, 60_000, 10_001]
  t.match(
    counted(lower, () => 1000),
    { missing: 49_998, last: 60_000 },
    'from a leap that is no restart nobody comes back',
  )
  const booted = [60_000, ...Array.from({ length: 200 }, (_, index) => 59_900 + index)]
  t.match(
    counted(booted, (index) => (index === 0 ? 1000 : 1060)),
    { missing: 0, restarts: 1, strays: 0, last: 60_099 },
    'who counts up to where it stood has not come back',
  )
  t.end()
})

void test('machines that cannot be told apart are no loss', (t) => {
  // The higher one speaks last: until the other one does, all between the two looks lost.
  const mixed = (turns: number): number[] =>
    Array.from({ length: turns }, (_, turn) => [500 + turn, 3_000_000 + turn]).flat()
  t.match(counted(mixed(30)), { missing: 0, ranges: [], strays: 29, last: 3_000_029 })
  t.match(counted(mixed(5)), { missing: 2_999_499, strays: 4 }, 'a few may be damage, and say nothing of the rest')
  t.end()
})

void test('of many gaps the number stays exact, and the oldest are not listed', (t) => {
  const count = new SerialCount(0, 0)
  for (let serial = 2; serial <= 2000; serial += 2) count.take(serial, 0, 0)
  const { missing, unlisted, ranges } = count.view(LATER_MS)
  t.equal(missing, 1000)
  t.equal(unlisted + ranges.length, 1000)
  t.equal(ranges.length, 200)
  t.same(ranges.at(-1), [1999, 1999])
  count.take(1001, 0, 0)
  t.equal(count.view(LATER_MS).missing, 1000, 'what is not listed is not filled')
  t.end()
})
