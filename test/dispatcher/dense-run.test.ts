import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { test } from 'tap'
import { endOfSeq, lastWholeBefore, type DenseRun } from '../../src/dispatcher/dense-run.js'

const SIZES = fc.array(fc.oneof(fc.nat(20), fc.nat(400), fc.constant(30_000)), { minLength: 1, maxLength: 300 })

/** A run behind something else, and where each of its records ends. */
function runOf(sizes: readonly number[], first: number): { run: DenseRun; ends: number[] } {
  const before = 'RECORD 1 type=EOE before\n'
  const lines = sizes.map(
    (size, index) => `RECORD ${first + index} ${'RECORD 7 x'.repeat(3).slice(0, size)}${'x'.repeat(size)}\n`,
  )
  let at = before.length
  const ends = lines.map((line) => (at += line.length))
  const bytes = Buffer.from(`${before}${lines.join('')}RECORD 2 type=EOE behind\n`)
  return { run: { bytes, start: before.length, end: at, first, last: first + sizes.length - 1 }, ends }
}

void test('each record ends where it ends, however long the others are', (t) => {
  fc.assert(
    fc.property(SIZES, fc.integer({ min: 1, max: 2 ** 52 }), (sizes, first) => {
      const { run, ends } = runOf(sizes, first)
      for (const [index, end] of ends.entries()) assert.equal(endOfSeq(run, first + index), end)
    }),
    { numRuns: 200 },
  )
  t.end()
})

void test('the last whole record before any place', (t) => {
  fc.assert(
    fc.property(
      SIZES,
      fc.integer({ min: 1, max: 999 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (sizes, first, share) => {
        const { run, ends } = runOf(sizes, first)
        const limits = [
          ...ends.flatMap((end) => [end - 1, end, end + 1]),
          run.start + Math.floor(share * (run.end - run.start)),
        ]
        limits.push(run.start, run.start - 1, 0, -5)
        for (const limit of limits.filter((each) => each <= run.end)) {
          const whole = ends.filter((end) => end <= limit)
          const wanted = { seq: first - 1 + whole.length, end: whole.at(-1) ?? run.start }
          assert.deepEqual(lastWholeBefore(run, limit), wanted)
        }
      },
    ),
    { numRuns: 200 },
  )
  t.end()
})

void test('few looks are enough', (t) => {
  const { run } = runOf(
    Array.from({ length: 4000 }, (_, index) => (index * 31) % 97),
    101,
  )
  let searches = 0
  const bytes = new Proxy(run.bytes, {
    get: (target, key) => {
      if (key === 'indexOf' || key === 'lastIndexOf') searches++
      const value: unknown = Reflect.get(target, key, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  for (let seq = 101; seq < 4101; seq += 40) endOfSeq({ ...run, bytes }, seq)
  t.ok(searches < 100 * 20, `${searches} searches for 100 places`)
  t.end()
})
