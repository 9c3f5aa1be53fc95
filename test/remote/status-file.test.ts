import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test, type Test } from 'tap'
import type { Clock } from '../../src/remote/ports.js'
import { StatusFile } from '../../src/remote/status-file.js'
import { readStatus, STATUS_NAME } from '../../src/remote/status.js'
import { REPORT } from './some-status.js'

/** A clock that goes when a test says so. */
class HandClock implements Clock {
  nowMs = 0
  #timers: { readonly atMs: number; readonly call: () => void }[] = []
  get waiting(): readonly number[] {
    return this.#timers.map(({ atMs }) => atMs)
  }
  monotonicMs(): number {
    return this.nowMs
  }
  wallMs(): number {
    return 1_000_000 + this.nowMs
  }
  after(ms: number, call: () => void): () => void {
    const timer = { atMs: this.nowMs + ms, call }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer)
    }
  }
  goTo(nowMs: number): void {
    this.nowMs = nowMs
    const due = this.#timers.filter(({ atMs }) => atMs <= nowMs)
    this.#timers = this.#timers.filter(({ atMs }) => atMs > nowMs)
    for (const { call } of due) call()
  }
}

function scene(t: Test) {
  const dir = t.testdir()
  const clock = new HandClock()
  const troubles: unknown[] = []
  let reports = 0
  const report = () => ({ ...REPORT, bytes: ++reports })
  const file = new StatusFile(dir, clock, report, (error) => troubles.push(error))
  t.teardown(() => file.close())
  const read = () => readStatus(readFileSync(join(dir, STATUS_NAME), 'utf8'))
  return { dir, clock, file, troubles, read, reports: () => reports }
}

/** Until a timer is set again: what was being written is written. */
async function rested(clock: HandClock): Promise<void> {
  while (clock.waiting.length === 0) await new Promise(setImmediate)
}

void test('it is written at once, at changes, and as a sign of life, but not more often than it may', async (t) => {
  const { dir, clock, file, read, reports, troubles } = scene(t)
  t.same(clock.waiting, [0])
  clock.goTo(0)
  await rested(clock)
  t.match(read(), { bytes: 1, writtenMs: 1_000_000, state: 'running' })
  t.equal(statSync(join(dir, STATUS_NAME)).mode & 0o777, 0o640 & ~process.umask())
  t.same(clock.waiting, [10_000], 'a sign of life')
  for (let change = 0; change < 100; change++) file.changed()
  t.same(clock.waiting, [1000], 'a hundred changes are one write, a second after the last')
  clock.goTo(1000)
  file.changed()
  await rested(clock)
  t.same([reports(), clock.waiting], [2, [2000]], 'a change while it is written is written too')
  clock.goTo(2000)
  await rested(clock)
  clock.goTo(5000)
  file.changed()
  t.same(clock.waiting, [5000], 'a change after a pause is written at once')
  clock.goTo(5000)
  await rested(clock)
  t.match(read(), { bytes: 4, writtenMs: 1_005_000 })
  t.same(readdirSync(dir), [STATUS_NAME])
  t.same(troubles, [])
})

void test('what takes long is written more rarely', async (t) => {
  const { clock, file } = scene(t)
  clock.goTo(0)
  clock.nowMs = 400
  await rested(clock)
  file.changed()
  t.same(clock.waiting, [8000], 'one part in twenty')
})

void test('the last word', async (t) => {
  const { clock, file, read, troubles } = scene(t)
  clock.goTo(0)
  await file.close()
  await file.close()
  file.changed()
  t.match(read(), { state: 'stopped', bytes: 2 })
  t.same(clock.waiting, [])
  t.same(troubles, [])
})

void test('what keeps it from being written is told, and it is tried again', async (t) => {
  const { dir, clock, troubles, read } = scene(t)
  mkdirSync(join(dir, STATUS_NAME))
  clock.goTo(0)
  await rested(clock)
  t.match(troubles, [{ code: /EISDIR|ENOTEMPTY/ }])
  t.same(readdirSync(dir), [STATUS_NAME], 'nothing is left of it')
  rmSync(join(dir, STATUS_NAME), { recursive: true })
  clock.goTo(10_000)
  await rested(clock)
  t.match(read(), { bytes: 2 })
})
