import { test } from 'tap'
import { Outflow, type Drain, type Source } from '../../src/dispatcher/outflow.js'
import { FakeClock } from './fake-clock.js'

const MIB = 1024 * 1024
const BURST_BYTES = MIB / 2

/** An outbox with bytes in line. */
class SomeBytes implements Source {
  readonly #bytes = Buffer.alloc(4 * MIB, 'x')
  at = 0
  end = 0

  next(): ReturnType<Source['next']> {
    return this.at < this.end ? { segment: { bytes: this.#bytes }, start: this.at, end: this.end } : undefined
  }

  handOver(limit: number): Buffer {
    return this.#bytes.subarray(this.at, Math.min(this.end, this.at + limit))
  }

  wrote(count: number): void {
    this.at += count
  }
}

/** A process that has room for so many bytes. */
class SomeProcess implements Drain {
  room = 0
  /** What is to be written later, if anything is. */
  later: { readonly bytes: number; readonly written: () => void } | undefined

  write(_bytes: Buffer, start: number, end: number): number {
    const count = Math.min(this.room, end - start)
    this.room -= count
    return count
  }

  writeLater(piece: Buffer, written: () => void): void {
    if (this.later !== undefined) throw new Error('one at a time')
    this.later = { bytes: piece.length, written }
  }

  takeLater(): void {
    const { later } = this
    this.later = undefined
    later?.written()
  }
}

function bench() {
  const clock = new FakeClock()
  const source = new SomeBytes()
  const rooms: number[] = []
  const outflow = new Outflow(source, clock, () => rooms.push(source.at))
  const process = new SomeProcess()
  outflow.begin(process)
  return { clock, source, rooms, outflow, process }
}

void test('what waits is written as far as it goes, and the rest when there is room', (t) => {
  const { source, outflow, process, rooms } = bench()
  source.end = 10_000
  process.room = 3000
  outflow.pump()
  t.equal(source.at, 3000)
  const piece = process.later?.bytes ?? 0
  t.ok(piece > 0)
  process.room = 1e9
  outflow.pump()
  t.equal(source.at, 3000, 'nothing overtakes what is on its way')
  process.takeLater()
  t.equal(source.at, 10_000)
  t.same(rooms, [10_000], 'and it is told once')
  outflow.pump()
  t.same([source.at, process.later], [10_000, undefined])
  t.end()
})

void test('a plugin that takes much gets no more than a burst before the others have their turn', (t) => {
  const { source, outflow, process } = bench()
  source.end = 3 * MIB
  process.room = 1e9
  outflow.pump()
  t.equal(source.at, BURST_BYTES)
  t.ok(process.later, 'it goes on by itself')
  for (let n = 0; n < 10 && process.later !== undefined; n++) process.takeLater()
  t.equal(source.at, 3 * MIB)
  t.end()
})

void test('how long it has been stuck', (t) => {
  const { source, outflow, process, clock } = bench()
  clock.pass(1000)
  t.equal(outflow.stuckMs, 0, 'not when nothing waits')
  source.end = 100_000
  process.room = 10
  outflow.pump()
  clock.pass(700)
  t.equal(outflow.stuckMs, 700)
  process.takeLater()
  t.equal(outflow.stuckMs, 0)
  clock.pass(300)
  t.equal(outflow.stuckMs, 300, 'it has taken a piece, and stands still again')
  process.room = 1e9
  process.takeLater()
  clock.pass(300)
  t.equal(outflow.stuckMs, 0)
  t.end()
})

void test('what a dead process took late is not counted for the next', (t) => {
  const { source, outflow, process, rooms } = bench()
  source.end = 10_000
  outflow.pump()
  t.ok(process.later)
  outflow.end()
  outflow.pump()
  t.equal(outflow.stuckMs, 0)
  const next = new SomeProcess()
  next.room = 1e9
  outflow.begin(next)
  process.takeLater()
  t.same([source.at, rooms], [0, []])
  outflow.pump()
  t.equal(source.at, 10_000)
  t.end()
})
