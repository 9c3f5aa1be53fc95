import { test } from 'tap'
import { FakeChild } from './fake-child.js'
import { HandClock } from './hand-clock.js'

const lines = (first: number, last: number): string[] =>
  Array.from({ length: last - first + 1 }, (_, index) => `record ${first + index} ${'x'.repeat((first + index) % 23)}`)
const bytesOf = (texts: readonly string[]): Buffer => Buffer.from(texts.map((text) => `${text}\n`).join(''))

void test('a child that is killed at any byte loses and repeats nothing', async (t) => {
  const all = lines(1, 12)
  const total = bytesOf(all).length
  const wrong: number[] = []
  for (let cut = 0; cut <= total; cut++) {
    const clock = new HandClock()
    const child = new FakeChild(clock, 64)
    const feed = child.feed()
    feed.start()
    for (let at = 0; at < all.length; at += 5) feed.push(bytesOf(all.slice(at, at + 5)))
    for (let read = 0; read < cut; read += 16) child.read(Math.min(16, cut - read))
    child.exit()
    await clock.pass(100)
    for (let turns = 0; turns < 40; turns++) child.read(16)
    if (child.starts !== 2 || feed.waitingBytes > 0 || child.lines.join('\n') !== all.join('\n')) wrong.push(cut)
  }
  t.same(wrong, [])
  t.end()
})

void test('the pause doubles, and begins anew after a long life', async (t) => {
  const clock = new HandClock()
  const child = new FakeChild(clock, 64)
  const feed = child.feed()
  feed.start()
  for (const [pauseMs, starts] of [
    [100, 2],
    [200, 3],
    [400, 4],
    [800, 5],
    [800, 6],
  ] as const) {
    child.exit({ code: 1 })
    await clock.pass(pauseMs - 1)
    t.equal(child.starts, starts - 1)
    await clock.pass(1)
    t.equal(child.starts, starts)
  }
  await clock.pass(801)
  child.exit({ code: 1 })
  await clock.pass(100)
  t.equal(child.starts, 7)
  t.same(
    child.signals,
    Array.from({ length: 6 }, () => 'SIGKILL'),
    'with each ends what it has started',
  )
  t.match(child.said, /the child has ended; starting it again.* exitCode=1 /)
  t.end()
})

void test('farthest grows only with what was written, and what is full waits', async (t) => {
  const clock = new HandClock()
  const child = new FakeChild(clock, 64)
  let told = 0
  const feed = child.feed({ wrote: () => told++ })
  feed.push(bytesOf(lines(1, 20)))
  t.equal(feed.farthest, 0, 'nothing is written before there is a process')
  feed.start()
  t.equal(feed.farthest, 64)
  t.ok(feed.waitingBytes > 0)
  const room = feed.room(0, new AbortController().signal)
  for (let turns = 0; turns < 40; turns++) child.read(16)
  await clock.pass(0)
  t.equal(feed.farthest, feed.end)
  await room
  t.ok(told > 1)
  t.end()
})

void test('nobody waits for room any longer when all is to end', async (t) => {
  const clock = new HandClock()
  const child = new FakeChild(clock, 64)
  const feed = child.feed()
  feed.start()
  feed.push(bytesOf(lines(1, 20)))
  const stopping = new AbortController()
  const room = feed.room(0, stopping.signal)
  stopping.abort()
  await room
  t.ok(feed.waitingBytes > 0)
  t.end()
})

void test('at the end what waits is written, and the child gets the end of its input', async (t) => {
  const clock = new HandClock()
  const child = new FakeChild(clock, 64)
  const feed = child.feed()
  feed.start()
  feed.push(bytesOf(lines(1, 10)))
  const closing = feed.close()
  t.notOk(child.isEnded)
  for (let turns = 0; turns < 40; turns++) child.read(16)
  await clock.pass(0)
  t.ok(child.isEnded)
  child.exit({ code: 0 })
  await clock.pass(0)
  t.same(await closing, { writtenBefore: 0, neverWritten: 0 })
  t.equal(child.starts, 1)
  t.end()
})

void test('at the end a child that has died is started once more for what it has left', async (t) => {
  const clock = new HandClock()
  const child = new FakeChild(clock, 1024)
  const feed = child.feed()
  feed.start()
  feed.push(bytesOf(lines(1, 3)))
  child.exit()
  const closing = feed.close()
  t.equal(child.starts, 2)
  child.read(1024)
  child.exit({ code: 0 })
  await clock.pass(0)
  t.same(await closing, { writtenBefore: 0, neverWritten: 0 })
  t.same(child.lines, lines(1, 3))
  t.end()
})

void test('a child that reads nothing is not waited for at the end, and what it has not read is counted', async (t) => {
  const clock = new HandClock()
  const child = new FakeChild(clock, 64)
  const feed = child.feed()
  feed.start()
  const texts = Array.from({ length: 10 }, (_, n) => String(n).padEnd(15, 'x'))
  feed.push(bytesOf(texts))
  const closing = feed.close()
  await clock.pass(10_000)
  t.same(await closing, { writtenBefore: 4, neverWritten: 6 })
  t.same(child.signals, ['SIGTERM', 'SIGKILL'])
  t.end()
})

void test('an owner that does not want another one gets none', async (t) => {
  const clock = new HandClock()
  const child = new FakeChild(clock, 64)
  const exits: unknown[] = []
  const feed = child.feed({ ended: (exit) => exits.push(exit) === 0 })
  feed.start()
  child.exit({ code: 3 })
  await clock.pass(10_000)
  t.equal(child.starts, 1)
  t.match(exits, [{ code: 3 }])
  t.end()
})

void test('a child that has closed its input and lives on is ended, and another one started', async (t) => {
  const clock = new HandClock()
  const child = new FakeChild(clock, 64)
  const feed = child.feed()
  feed.start()
  child.isDeaf = true
  feed.push(bytesOf(lines(1, 2)))
  await clock.pass(999)
  t.same(child.signals, [])
  await clock.pass(1)
  t.same(child.signals, ['SIGKILL'])
  t.match(child.said, /the child has closed its input and lives on; ending it/)
  child.isDeaf = false
  child.exit()
  await clock.pass(100)
  child.read(64)
  t.same(child.lines, lines(1, 2))
  t.end()
})
