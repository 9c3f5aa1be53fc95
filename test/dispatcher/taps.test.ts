import { test } from 'tap'
import { FanOut } from '../../src/dispatcher/fan-out.js'
import { MAX_TAPS, Taps } from '../../src/dispatcher/taps.js'
import { FakeClock } from './fake-clock.js'
import { SpyPool } from './spy-pool.js'

void test('each gets what its selector asks for, from when it was opened on', (t) => {
  const { taps, lines } = bench()
  lines('type=EOE msg=audit(1.0:1): a\n')
  let told = 0
  const all = taps.open('', () => told++)
  const some = taps.open('type=SYSCALL', () => {})
  lines('type=EOE msg=audit(1.0:1): b\ntype=SYSCALL msg=audit(1.0:1): c\n')
  t.equal(told, 1, 'told once a turn')
  t.equal(all.take(1000)?.toString(), 'type=EOE msg=audit(1.0:1): b\ntype=SYSCALL msg=audit(1.0:1): c\n')
  t.equal(some.take(1000)?.toString(), 'type=SYSCALL msg=audit(1.0:1): c\n')
  all.close()
  all.close()
  lines('type=EOE msg=audit(1.0:1): d\n')
  t.equal(told, 1)
  t.equal(some.take(1000), undefined)
  t.end()
})

void test('what comes gathers for a moment, unless there is much of it', (t) => {
  const { taps, lines, clock } = bench()
  let told = 0
  const tap = taps.open('', () => told++)
  const line = 'type=EOE msg=audit(1.0:1): a\n'
  lines(line)
  t.equal(tap.take(1 << 20)?.toString(), line, 'the first at once')
  lines(line)
  lines(line)
  t.equal(told, 1)
  t.equal(tap.take(1 << 20), undefined)
  clock.pass(25)
  t.equal(told, 2)
  t.equal(tap.take(1 << 20)?.toString(), line.repeat(2))
  t.equal(tap.take(1 << 20), undefined, 'nothing is there')
  lines(line)
  lines(line.repeat(10_000))
  t.equal(told, 3, 'before the moment is over')
  t.equal(tap.take(1 << 20)?.length, 10_001 * line.length)
  clock.pass(1000)
  t.equal(told, 3, 'nothing to tell')
  lines(line)
  t.equal(tap.take(1 << 20)?.toString(), line)
  lines(line)
  tap.close()
  clock.pass(1000)
  t.same([told, clock.pending], [4, 0], 'and nobody to tell it')
  t.end()
})

void test('what cannot be opened', (t) => {
  const { taps } = bench()
  t.throws(() => taps.open('typ=EOE', () => {}), { code: 'usage' })
  const open = Array.from({ length: MAX_TAPS }, () => taps.open('', () => {}))
  t.throws(() => taps.open('', () => {}), { code: 'busy' })
  open[3]?.close()
  t.doesNotThrow(() => taps.open('', () => {}))
  t.end()
})

void test('a tap changes nothing: no number, no memory', (t) => {
  const { taps, fanOut, lines, pool } = bench()
  const before = pool.out.size
  const tap = taps.open('type=EOE', () => {})
  t.equal(fanOut.seq, 0)
  for (let n = 0; n < 20; n++) lines('type=EOE msg=audit(1.0:1): a\n'.repeat(1000))
  t.equal(fanOut.seq, 20_000)
  tap.close()
  lines('type=EOE msg=audit(1.0:1): a\n'.repeat(20_000))
  t.equal(pool.out.size, before)
  t.end()
})

function bench() {
  const pool = new SpyPool()
  const fanOut = new FanOut(pool)
  const clock = new FakeClock()
  const taps = new Taps(fanOut, clock)
  const lines = (text: string): void => {
    const bytes = Buffer.from(text)
    fanOut.lines(bytes, 0, bytes.length, text.split('\n').length - 1)
    fanOut.offer()
    taps.turn()
  }
  return { pool, fanOut, taps, lines, clock }
}
