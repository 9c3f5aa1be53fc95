import { test } from 'tap'
import { Collection, NoMetrics, PATIENCE_MS } from '../../../plugins/metrics/collection.js'
import type { Family } from '../../../plugins/metrics/metric.js'
import { HandClock } from '../remote-recv/hand-clock.js'

function families(value: number): readonly Family[] {
  const metric = { name: 'audispd_x', type: 'gauge', labels: [], unit: '', help: 'X.' } as const
  return [{ metric, samples: [{ labels: [], value }] }]
}

void test('the dispatcher is asked once a second, however many scrape', async (t) => {
  const clock = new HandClock()
  let asked = 0
  const collection = new Collection(async () => families(++asked), clock)
  const all = await Promise.all(Array.from({ length: 50 }, () => collection.latest()))
  t.equal(asked, 1)
  t.equal(new Set(all).size, 1)
  await clock.pass(999)
  await collection.latest()
  t.equal(asked, 1)
  await clock.pass(1)
  t.same(await collection.latest(), families(2))
})

void test('who does not answer is waited for, and not asked again', async (t) => {
  const clock = new HandClock()
  let answer: (found: readonly Family[]) => void = () => {}
  let asked = 0
  const collection = new Collection(() => {
    asked++
    return new Promise((resolve) => {
      answer = resolve
    })
  }, clock)
  const first = t.rejects(collection.latest(), new NoMetrics('the dispatcher has not answered for 5 s'))
  await clock.pass(PATIENCE_MS)
  await first
  const second = collection.latest()
  t.equal(asked, 1)
  answer(families(7))
  t.same(await second, families(7))
})

void test('an error is told to all who wait, and the next one asks again', async (t) => {
  let asked = 0
  const collection = new Collection(async () => {
    if (++asked === 1) throw new NoMetrics('not now')
    return families(asked)
  }, new HandClock())
  const waiting = [collection.latest(), collection.latest()]
  for (const one of waiting) await t.rejects(one, { name: 'NoMetrics', message: 'not now' })
  t.same(await collection.latest(), families(2))
})
