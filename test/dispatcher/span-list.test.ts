import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { test } from 'tap'
import { SEGMENT_BYTES, SegmentLog, SegmentPool, type Segment } from '../../src/dispatcher/segment.js'
import { SpanList } from '../../src/dispatcher/span-list.js'
import { SpyPool } from './spy-pool.js'

/** The list as its bytes, span by span. */
function bytesOf(list: SpanList): string {
  let text = ''
  for (let index = 0; index < list.length; index++) {
    const span = list.at(index)
    if (span !== undefined) text += span.segment.bytes.toString('latin1', span.start, span.end)
  }
  return text
}

/** Writes `text` into `log` and returns where it stands. */
function write(log: SegmentLog, text: string): [segment: Segment, start: number, end: number] {
  const segment = log.reserve(text.length)
  const start = segment.used
  segment.used += segment.bytes.write(text, start, 'latin1')
  return [segment, start, segment.used]
}

const SOME = fc.string({ minLength: 1, maxLength: 9, unit: 'grapheme-ascii' })
const OP = fc.oneof(
  fc.record({ do: fc.constant('append' as const), text: SOME, log: fc.nat(1) }),
  fc.record({ do: fc.constant('prepend' as const), text: SOME, log: fc.nat(1) }),
  fc.record({ do: fc.constantFrom('take-last' as const, 'drop-first' as const, 'clear' as const) }),
  fc.record({ do: fc.constantFrom('cut' as const, 'split' as const), at: fc.nat(3), by: fc.nat(9) }),
  fc.record({ do: fc.constant('move' as const), log: fc.nat(1) }),
)

type Op = typeof OP extends fc.Arbitrary<infer T> ? T : never

/** The list, beside its bytes as a text. */
class ListBench {
  readonly pool = new SpyPool()
  readonly list = new SpanList()
  readonly #logs = [0, 1].map(() => new SegmentLog(this.pool, () => {}))
  readonly #copies = new SegmentLog(this.pool, () => {})
  #text = ''

  run(op: Op): void {
    const { list } = this
    switch (op.do) {
      case 'append':
        list.append(...write(this.#log(op.log), op.text))
        this.#text += op.text
        return
      case 'prepend':
        list.prepend(...write(this.#log(op.log), op.text))
        this.#text = op.text + this.#text
        return
      case 'take-last': {
        this.#text = this.#text.slice(0, this.#text.length - lengthAt(list, list.length - 1))
        return list.takeLast()?.segment.release()
      }
      case 'drop-first':
        this.#text = this.#text.slice(list.firstBytes)
        return list.dropFirst()
      case 'clear':
        this.#text = ''
        return list.clear()
      case 'cut':
        return this.#cut(op.at, op.by)
      case 'split':
        return list.splitFirst((list.first?.start ?? 0) + op.by)
      case 'move': {
        const { segment } = this.#log(op.log)
        list.moveOutOf(segment, this.#copies)
        return assert.equal(list.bytesIn(segment), 0)
      }
      default:
        op satisfies never
    }
  }

  check(): void {
    assert.equal(bytesOf(this.list), this.#text)
    assert.equal(this.list.bytes, this.#text.length)
    assert.equal(this.list.firstBytes, lengthAt(this.list, 0))
  }

  end(): void {
    this.list.clear()
    for (const log of [...this.#logs, this.#copies]) log.close()
    assert.equal(this.pool.out.size, 0, 'every segment has come back')
  }

  #cut(at: number, most: number): void {
    const span = this.list.at(at)
    if (span === undefined) return
    const by = Math.min(most, span.end - span.start)
    let before = 0
    for (let index = 0; index < at; index++) before += lengthAt(this.list, index)
    this.#text = this.#text.slice(0, before) + this.#text.slice(before + by)
    this.list.cut(at, span.start + by)
  }

  #log(index: number): SegmentLog {
    return this.#logs[index] ?? this.#copies
  }
}

void test('a list of spans is the bytes that it spans', (t) => {
  fc.assert(
    fc.property(fc.array(OP, { maxLength: 30 }), (ops) => {
      const bench = new ListBench()
      for (const op of ops) {
        bench.run(op)
        bench.check()
      }
      bench.end()
    }),
    { numRuns: 500 },
  )
  t.end()
})

function lengthAt(list: SpanList, index: number): number {
  const span = list.at(index)
  return span === undefined ? 0 : span.end - span.start
}

void test('adjoining spans are one, and an empty one is none', (t) => {
  const log = new SegmentLog(new SpyPool(), () => {})
  const [segment] = write(log, 'abcdefghi')
  const list = new SpanList()
  list.append(segment, 3, 3)
  list.prepend(segment, 3, 3)
  t.equal(list.length, 0)
  list.append(segment, 3, 5)
  list.append(segment, 5, 6)
  list.prepend(segment, 1, 3)
  t.equal(list.length, 1)
  list.append(segment, 7, 8)
  t.equal(list.length, 2)
  list.splitFirst(1)
  list.splitFirst(6)
  t.equal(list.length, 2, 'nothing is parted at its ends')
  list.splitFirst(2)
  t.equal(list.length, 3)
  t.equal(bytesOf(list), 'bcdefh')
  t.end()
})

void test('a segment is sealed when what comes next does not fit', (t) => {
  const pool = new SpyPool()
  const sealed: number[] = []
  const log = new SegmentLog(pool, (segment) => {
    t.ok(pool.out.has(segment), 'it is still held')
    sealed.push(segment.used)
  })
  const first = log.reserve(SEGMENT_BYTES - 1)
  first.used = SEGMENT_BYTES - 1
  t.equal(log.reserve(1), first, 'one byte is free')
  first.hold()
  t.not(log.reserve(2), first)
  t.same(sealed, [SEGMENT_BYTES - 1])
  t.equal(pool.out.size, 2)
  first.release()
  t.equal(pool.out.size, 1, 'it comes back with its last holder')
  t.throws(() => first.release(), /more often/)
  t.throws(() => log.reserve(SEGMENT_BYTES + 1), /do not fit/)
  t.end()
})

void test('a pool keeps some segments and no more', (t) => {
  const pool = new SegmentPool()
  const taken = Array.from({ length: 30 }, () => pool.take())
  for (const segment of taken) segment.hold()
  for (const segment of taken) segment.release()
  const again = Array.from({ length: 30 }, () => pool.take())
  t.equal(again.filter((segment) => taken.includes(segment)).length, 24)
  t.end()
})
