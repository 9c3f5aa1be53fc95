import { test } from 'tap'
import { JournalError, type JournalErrorCode } from '../../src/journal/journal-error.js'
import {
  forked,
  loadMeta,
  MAX_TIMELINES,
  newMeta,
  parseMeta,
  storeMeta,
  timelineOf,
  type Meta,
} from '../../src/journal/meta.js'
import { Random } from '../protocol/random.js'
import { MemoryDisk } from './memory-disk.js'

const id = (digit: string): string => digit.repeat(32)
const chain = (byte: number): Buffer => Buffer.alloc(32, byte)
const META = newMeta(id('1'), id('a'), chain(0))

void test('written, and read again', (t) => {
  const disk = new MemoryDisk(new Random(1))
  t.equal(disk.run(loadMeta()), undefined)
  disk.run(storeMeta(META))
  disk.run(storeMeta(forked(META, id('b'), 5, chain(4), 1)))
  t.same(disk.run(loadMeta()), forked(META, id('b'), 5, chain(4), 1))
  t.same([...disk.files.keys()], ['meta.json'])
  t.end()
})

void test('a fork renames the rest of a timeline, and no other', (t) => {
  const idsAt = (meta: Meta, ...seqs: number[]): (string | undefined)[] =>
    seqs.map((seq) => timelineOf(meta, seq)?.stream[0])
  const twice = forked(forked(META, id('b'), 5, chain(4), 1), id('c'), 9, chain(8), 1)
  t.same(idsAt(twice, 1, 4, 5, 8, 9, 100), ['a', 'a', 'b', 'b', 'c', 'c'])
  const middle = forked(twice, id('d'), 7, chain(6), 1)
  t.same(idsAt(middle, 4, 5, 6, 7, 8, 9), ['a', 'b', 'b', 'd', 'd', 'c'])
  t.same(middle.timelines[2], { stream: id('d'), fromSeq: 7, before: chain(6).toString('hex') })
  t.same(idsAt(forked(twice, id('e'), 5, chain(4), 1), 4, 5, 8, 9), ['a', 'e', 'e', 'c'], 'nothing in common')
  t.same(idsAt(forked(twice, id('f'), 1, chain(0), 1), 1, 4, 5, 9), ['f', 'f', 'b', 'c'])
  t.same(idsAt(forked(forked(META, id('b'), 5, chain(4), 1), id('c'), 5, chain(4), 1), 4, 5), ['a', 'c'], 'still empty')
  t.end()
})

void test('so many timelines: the oldest freed one goes, and one with records never', (t) => {
  let meta = META
  for (let fork = 1; fork < MAX_TIMELINES; fork++) meta = forked(meta, id('b'), 1 + 10 * fork, chain(1), 1)
  t.equal(meta.timelines.length, MAX_TIMELINES)
  t.equal(parseMeta(JSON.stringify({ format: 1, ...meta })).timelines.length, MAX_TIMELINES)
  t.throws(() => forked(meta, id('c'), 2000, chain(2), 10), { code: 'too-many-timelines' })
  const next = forked(meta, id('c'), 2000, chain(2), 11)
  t.equal(next.timelines.length, MAX_TIMELINES)
  t.same([next.timelines[0].fromSeq, next.timelines.at(-1)?.fromSeq], [11, 2000])
  t.equal(timelineOf(next, 10), undefined)
  t.throws(() => forked(next, id('d'), 10, chain(2), 11), RangeError)
  t.equal(forked(meta, id('c'), 31, chain(2), 1).timelines.length, MAX_TIMELINES, 'one renamed is none more')
  t.end()
})

void test('what is no meta.json of this version', (t) => {
  const codeOf = (text: string): JournalErrorCode | undefined => {
    try {
      parseMeta(text)
    } catch (error) {
      if (error instanceof JournalError) return error.code
      throw error
    }
    return undefined
  }
  const good = { format: 1, ...META }
  t.equal(codeOf(JSON.stringify(good)), undefined)
  t.equal(codeOf(JSON.stringify({ ...good, format: 2 })), 'newer-format')
  const [timeline] = META.timelines
  const bad: unknown[] = [
    [],
    'x',
    null,
    { ...good, journal: 'x' },
    { ...good, timelines: [] },
    { ...good, timelines: 3 },
    { ...good, timelines: [1] },
    { ...good, timelines: [timeline, timeline] },
    { ...good, timelines: Array.from({ length: MAX_TIMELINES + 1 }, (_, at) => ({ ...timeline, fromSeq: at + 1 })) },
  ]
  for (const change of [{ stream: id('G') }, { before: '' }, { fromSeq: 0 }, { fromSeq: '1' }, { fromSeq: 1.5 }])
    bad.push({ ...good, timelines: [{ ...timeline, ...change }] })
  for (const each of bad) t.equal(codeOf(JSON.stringify(each)), 'bad-meta', JSON.stringify(each))
  t.equal(codeOf('{'), 'bad-meta')
  t.end()
})
