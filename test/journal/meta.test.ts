import { test } from 'tap'
import { JournalError, type JournalErrorCode } from '../../src/journal/journal-error.js'
import { forked, loadMeta, newMeta, parseMeta, storeMeta, timelineOf } from '../../src/journal/meta.js'
import { Random } from '../protocol/random.js'
import { MemoryDisk } from './memory-disk.js'

const id = (digit: string): string => digit.repeat(32)
const chain = (byte: number): Buffer => Buffer.alloc(32, byte)
const META = newMeta(id('1'), id('a'), chain(0))

void test('written, and read again', (t) => {
  const disk = new MemoryDisk(new Random(1))
  t.equal(disk.run(loadMeta()), undefined)
  disk.run(storeMeta(META))
  disk.run(storeMeta(forked(META, id('b'), 5, chain(4))))
  t.same(disk.run(loadMeta()), forked(META, id('b'), 5, chain(4)))
  t.same([...disk.files.keys()], ['meta.json'])
  t.end()
})

void test('a fork keeps what is before it and renames what is behind', (t) => {
  const twice = forked(forked(META, id('b'), 5, chain(4)), id('c'), 9, chain(8))
  t.same(
    [1, 4, 5, 8, 9, 100].map((seq) => timelineOf(twice, seq)?.stream),
    ['a', 'a', 'b', 'b', 'c', 'c'].map(id),
  )
  const deeper = forked(twice, id('d'), 3, chain(2))
  t.same(
    deeper.timelines.map(({ stream, fromSeq }) => [stream, fromSeq]),
    [
      [id('a'), 1],
      [id('d'), 3],
    ],
  )
  t.same(
    forked(twice, id('e'), 1, chain(0)).timelines.map(({ stream }) => stream),
    [id('e')],
  )
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
  ]
  for (const change of [{ stream: id('G') }, { before: '' }, { fromSeq: 0 }, { fromSeq: '1' }, { fromSeq: 1.5 }])
    bad.push({ ...good, timelines: [{ ...timeline, ...change }] })
  for (const each of bad) t.equal(codeOf(JSON.stringify(each)), 'bad-meta', JSON.stringify(each))
  t.equal(codeOf('{'), 'bad-meta')
  t.end()
})
