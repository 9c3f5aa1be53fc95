import { test } from 'tap'
import { FairQueue } from '../../../plugins/remote-recv/fair-queue.js'
import { TokenBucket } from '../../../plugins/remote-recv/token-bucket.js'

const KIB = 1024

function queueOf(lanes: Readonly<Record<number, { readonly weight: number; readonly items: readonly number[] }>>) {
  const queue = new FairQueue<string>()
  for (const [lane, { weight, items }] of Object.entries(lanes)) {
    queue.open(Number(lane), weight)
    for (const [index, bytes] of items.entries()) queue.push(Number(lane), bytes, `${lane}.${index}`)
  }
  return queue
}

function all(queue: FairQueue<string>, most = Infinity): string[] {
  const items: string[] = []
  for (let next = queue.next(); next !== undefined; next = items.length < most ? queue.next() : undefined)
    items.push(next.item)
  return items
}

void test('one with much waiting holds up the others by one turn', (t) => {
  const flood = Array.from({ length: 100 }, () => 16 * KIB)
  const queue = queueOf({
    1: { weight: 1, items: flood },
    2: { weight: 1, items: [100] },
    3: { weight: 1, items: [100] },
  })
  const items = all(queue)
  t.ok(items.indexOf('2.0') <= 4 && items.indexOf('3.0') <= 5, items.slice(0, 8).join(' '))
  t.equal(items.length, 102)
  t.same(
    items.filter((item) => item.startsWith('1.')),
    flood.map((_, index) => `1.${index}`),
    'in order',
  )
  t.end()
})

void test('a weight is a share of the bytes, whatever the size of the items', (t) => {
  const queue = queueOf({
    1: { weight: 1, items: Array.from({ length: 1000 }, () => 8 * KIB) },
    2: { weight: 3, items: Array.from({ length: 1000 }, () => 32 * KIB) },
  })
  const items = all(queue, 500)
  const [one, two] = ['1.', '2.'].map((lane) => items.filter((item) => item.startsWith(lane)).length)
  t.ok(two !== undefined && one !== undefined && Math.abs((two * 32) / (one * 8) - 3) < 0.3, `${one} and ${two}`)
  t.end()
})

void test('a large item has its turn in the end; who comes and goes saves nothing up', (t) => {
  const queue = queueOf({ 1: { weight: 1, items: [1024 * KIB] }, 2: { weight: 1, items: [KIB, KIB] } })
  t.same(all(queue), ['2.0', '2.1', '1.0'])
  queue.push(1, KIB, 'again')
  t.notOk(queue.isEmpty(1))
  t.same(queue.close(1), ['again'])
  t.same([queue.hasItems, queue.next()], [false, undefined])
  queue.push(1, KIB, 'to nobody')
  t.notOk(queue.hasItems)
  t.end()
})

void test('a bucket: so much at once, so much a second', (t) => {
  const bucket = new TokenBucket(1000, 2000, 0)
  t.equal(bucket.take(2000, 0), 0)
  t.equal(bucket.take(500, 0), 500)
  t.equal(bucket.take(500, 1000), 0)
  t.equal(bucket.take(2001, 1_000_000), 1, 'no more than so much is saved up')
  t.end()
})
