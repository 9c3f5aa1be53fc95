import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { test } from 'tap'
import { ReloadRequests } from '../../src/dispatcher/reload-requests.js'
import { FakeClock } from './fake-clock.js'

const BURST_MS = 100

/** Reloads that end when the test says so. */
class Reloads {
  readonly clock = new FakeClock()
  readonly startedMs: number[] = []
  readonly requests = new ReloadRequests(this.clock, () => this.#reload())
  #finish: (() => void) | undefined

  get isGoingOn(): boolean {
    return this.#finish !== undefined
  }

  async finish(): Promise<void> {
    this.#finish?.()
    this.#finish = undefined
    await settled()
  }

  async #reload(): Promise<void> {
    assert.ok(!this.isGoingOn, 'one reload at a time')
    this.startedMs.push(this.clock.nowMs())
    await new Promise<void>((finish) => {
      this.#finish = finish
    })
  }
}

/** Whatever a promise that is settled now has to say has been said. */
async function settled(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve)
  })
}

void test('a burst is one reload, a moment after its first request', async (t) => {
  const { clock, requests, startedMs } = new Reloads()
  for (let request = 0; request < 9; request++) {
    requests.request()
    clock.pass(10)
  }
  t.same(startedMs, [])
  clock.pass(10)
  t.same(startedMs, [BURST_MS])
  t.equal(clock.pending, 0)
})

void test('a request during a reload is another reload after it, however many they were', async (t) => {
  const reloads = new Reloads()
  const { clock, requests, startedMs } = reloads
  requests.request()
  clock.pass(BURST_MS)
  for (let request = 0; request < 3; request++) requests.request()
  clock.pass(10_000)
  t.same(startedMs, [100], 'not before the first has ended')
  await reloads.finish()
  clock.pass(BURST_MS)
  t.same(startedMs, [100, 10_200])
  await reloads.finish()
  clock.pass(10_000)
  t.same(startedMs, [100, 10_200], 'and then there is none')
  requests.request()
  clock.pass(BURST_MS)
  t.equal(startedMs.length, 3, 'until it is asked for again')
})

void test('no request is lost: a reload begins after each', async () => {
  const move = fc.oneof(fc.constantFrom('request' as const, 'finish' as const), fc.integer({ min: 1, max: 250 }))
  await fc.assert(
    fc.asyncProperty(fc.array(move, { maxLength: 40 }), async (moves) => {
      const reloads = new Reloads()
      let requestedMs = -1
      for (const each of [...moves, BURST_MS, 'finish' as const, BURST_MS, 'finish' as const]) {
        if (each === 'request') {
          reloads.requests.request()
          requestedMs = reloads.clock.nowMs()
        } else if (each === 'finish') await reloads.finish()
        else reloads.clock.pass(each)
      }
      const { startedMs } = reloads
      assert.ok((startedMs.at(-1) ?? -1) >= requestedMs, `asked at ${requestedMs}, began at ${startedMs.join(', ')}`)
      const pauses = startedMs.slice(1).map((ms, index) => ms - (startedMs[index] ?? 0))
      assert.ok(
        pauses.every((ms) => ms >= BURST_MS),
        'and reloads are not closer than a burst',
      )
    }),
    { numRuns: 300 },
  )
})

void test('whoever waits is told when a reload that began after its request is done', async (t) => {
  const reloads = new Reloads()
  const { clock, requests } = reloads
  const done: string[] = []
  void requests.finished().then(() => done.push('a'))
  clock.pass(50)
  void requests.finished().then(() => done.push('b'))
  clock.pass(60)
  void requests.finished().then(() => done.push('late'))
  await settled()
  t.same(done, [])
  await reloads.finish()
  t.same(done, ['a', 'b'])
  clock.pass(BURST_MS)
  await settled()
  await reloads.finish()
  t.same(done, ['a', 'b', 'late'])
})
