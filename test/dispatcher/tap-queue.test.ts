import * as fc from 'fast-check'
import { test } from 'tap'
import { SegmentLog } from '../../src/dispatcher/segment.js'
import { MAX_TAP_BYTES, TapQueue } from '../../src/dispatcher/tap-queue.js'
import { SpyPool } from './spy-pool.js'

const LINE = Buffer.from('type=EOE msg=audit(1.0:1): \n')

void test('what is offered comes out, and an empty one says so', (t) => {
  const { queue, offer } = bench()
  t.equal(queue.take(1000), undefined)
  t.ok(queue.isEmpty)
  offer(3)
  t.notOk(queue.isEmpty)
  t.equal(queue.take(1000)?.toString(), LINE.toString().repeat(3))
  t.equal(queue.take(1000), undefined)
  t.end()
})

void test('one that is not read holds so much, and is told to the record what it has missed', (t) => {
  const { queue, offer } = bench()
  let offered = 0
  for (; offered < 400_000; offered += 100) offer(100)
  t.ok(queue.heldBytes <= MAX_TAP_BYTES)
  t.equal(queue.flow, 'losing')
  const { records, lost, last } = drained(queue)
  t.equal(records + lost, offered)
  t.ok(records > 100_000)
  t.match(last, /^\{"lost":\d+\}$/, 'behind what it has got')
  offer(2)
  t.equal(drained(queue).records, 2)
  t.end()
})

void test('in whatever order it is offered and taken, received and lost make all', (t) => {
  const step = fc.record({ offers: fc.nat(3000), takes: fc.nat(200_000) })
  const isRight = (steps: readonly { readonly offers: number; readonly takes: number }[]): boolean => {
    const { queue, pool, offer, close } = bench()
    const seen = { records: 0, lost: 0 }
    let offered = 0
    for (const { offers, takes } of steps) {
      if (offers > 0) offer(offers)
      offered += offers
      if (takes > 0) count(queue.take(takes), seen)
    }
    const rest = drained(queue)
    close()
    return seen.records + seen.lost + rest.records + rest.lost === offered && pool.out.size === 0
  }
  fc.assert(fc.property(fc.array(step, { maxLength: 120 }), isRight), { numRuns: 20 })
  t.pass('holds')
  t.end()
})

void test('closed in the middle it lets all memory go', (t) => {
  const { queue, pool, offer, close } = bench()
  for (let n = 0; n < 100; n++) offer(1000)
  t.ok(pool.out.size > 5)
  queue.close()
  close()
  t.equal(pool.out.size, 0)
  t.end()
})

function bench() {
  const pool = new SpyPool()
  const log = new SegmentLog(pool, () => {})
  const queue = new TapQueue()
  const offer = (records: number): void => {
    const run = Buffer.concat(Array.from({ length: records }, () => LINE))
    const { segment, start, end } = log.append(run)
    queue.offer(segment, start, end, records)
  }
  const close = (): void => {
    queue.close()
    log.close()
  }
  return { queue, pool, offer, close }
}

interface Seen {
  records: number
  lost: number
}

function count(bytes: Buffer | undefined, seen: Seen): string {
  const lines = bytes?.toString().trimEnd().split('\n') ?? []
  for (const line of lines) {
    const note = /^\{"lost":(\d+)\}$/.exec(line)
    if (note === null) seen.records++
    else seen.lost += Number(note[1])
  }
  return lines.at(-1) ?? ''
}

function drained(queue: TapQueue): Seen & { readonly last: string } {
  const seen = { records: 0, lost: 0 }
  let last = ''
  for (let bytes = queue.take(65_536); bytes !== undefined; bytes = queue.take(65_536)) last = count(bytes, seen)
  return { ...seen, last }
}
