import { test } from 'tap'
import { gapOf, lineOf, type Run } from '../../src/dispatcher/entry.js'
import { KEPT_BYTES } from '../../src/dispatcher/queue.js'
import { Sent } from '../../src/dispatcher/sent.js'
import { runIn, seqsIn } from './entry-bench.js'
import { SpyPool } from './spy-pool.js'

function sizeOf({ start, end }: Run): number {
  return end - start
}

void test('with acknowledgements, what is open is what is not acknowledged, and all of it comes again', (t) => {
  const sent = new Sent(true)
  const segment = new SpyPool().take()
  const run = runIn(segment, [1, 2, 3], 0)
  sent.add(run, sizeOf(run))
  const gap = { ...gapOf('queue-full', 5, 4, 8), at: sizeOf(run) }
  sent.add(gap, sizeOf(run) + lineOf(gap).length)
  t.equal(sent.open, 4, 'a lost range counts as one')
  t.equal(sent.ackedTo(2), 2)
  t.equal(sent.open, 2)
  const { entries, undelivered, beyond } = sent.takeBack(1e6)
  t.same(
    entries.map(({ first, last }) => [first, last]),
    [
      [3, 3],
      [4, 8],
    ],
  )
  t.same([undelivered, beyond, sent.open], [0, 0, 0])
  t.end()
})

void test('without, what was read whole does not come again, at every byte', (t) => {
  const size = sizeOf(runIn(new SpyPool().take(), [1]))
  for (let read = 0; read <= 4 * size; read++) {
    const sent = new Sent(false)
    const run = runIn(new SpyPool().take(), [1, 2, 3, 4], 0)
    sent.add(run, 4 * size)
    const { entries, undelivered } = sent.takeBack(read)
    const whole = Math.floor(read / size)
    t.same(
      entries.flatMap((entry) => (entry.kind === 'run' ? seqsIn(entry) : [])),
      [1, 2, 3, 4].slice(whole),
    )
    t.equal(undelivered, 4 - whole)
    t.equal(sent.open, 0)
  }
  t.end()
})

void test('without, a lost range that was not read whole is told again', (t) => {
  const line = lineOf(gapOf('failed', 2, 1, 2)).length
  for (let read = 0; read <= line; read++) {
    const sent = new Sent(false)
    sent.add({ ...gapOf('failed', 2, 1, 2), at: 0 }, line)
    t.equal(sent.takeBack(read).entries.length, read < line ? 1 : 0)
  }
  t.end()
})

void test('without, as much is kept as a pipe can hold, and what is asked for beyond is told', (t) => {
  const pool = new SpyPool()
  const sent = new Sent(false)
  let written = 0
  for (let seq = 1; seq <= 20; seq++) {
    const segment = pool.take()
    segment.used = segment.bytes.length - 100_000
    const run = { ...runIn(segment, [seq], written), end: segment.bytes.length }
    written += sizeOf(run)
    sent.add(run, written)
  }
  t.equal(pool.out.size, Math.ceil(KEPT_BYTES / 100_000))
  const { entries, beyond } = sent.takeBack(0)
  t.equal(entries.length, pool.out.size)
  t.equal(beyond, written - entries.length * 100_000)
  t.end()
})
