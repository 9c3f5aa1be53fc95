import { test } from 'tap'
import { makeBlock, NO_SOURCE } from '../../src/journal/block.js'
import { OWN_ORIGIN, OWN_STREAM, type Origin } from '../../src/journal/entry.js'
import { Journal } from '../../src/journal/journal.js'
import { JournalError } from '../../src/journal/journal-error.js'
import { readForkNote, readGapNote } from '../../src/journal/notes.js'
import type { JournalOptions } from '../../src/journal/opening.js'
import { HARMLESS } from '../../src/journal/judge.js'
import { verify } from '../../src/journal/verify.js'
import { Random } from '../protocol/random.js'
import { linesOf, quietWorld, readAll, readLines, Sender } from './journal-world.js'
import { MemoryDisk } from './memory-disk.js'

const WEB: Origin = { principal: 'web', stream: 'a'.repeat(32), peer: '192.0.2.1' }
const RUN = Buffer.alloc(16, 8)

function newDisk(files?: ReadonlyMap<string, Buffer>): MemoryDisk {
  return new MemoryDisk(new Random(1), files)
}

function open(disk: MemoryDisk, options: Partial<JournalOptions> = {}): Journal {
  return disk.run(Journal.open(quietWorld(), { segmentBytes: 1e6, onDamage: 'stop', ...options }))
}

function commit(disk: MemoryDisk, journal: Journal, text: string, count = 1): void {
  journal.append(linesOf(text, count), count, NO_SOURCE)
  disk.run(journal.commit())
}

void test('the log is the lines and nothing else, the index knows where they came from', (t) => {
  const disk = newDisk()
  const journal = open(disk)
  t.ok(journal.report.wasClean)
  t.same(disk.run(journal.commit()), { kind: 'nothing' })
  journal.append(linesOf('a', 2), 2, { run: RUN, seq: 70 })
  journal.append(linesOf('b', 1), 1, { run: RUN, seq: 71 })
  t.equal(journal.durablePosition, 0)
  t.same(disk.run(journal.commit()), { kind: 'durable', position: 3, poisoned: undefined })
  t.same(disk.files.get('00000000000000000001.log'), Buffer.concat([linesOf('a', 2), linesOf('b', 1)]))
  const [item] = disk.run(readAll(journal))
  t.match(item, {
    kind: 'block',
    entry: { position: 1, block: { firstSeq: 1, count: 3, source: { run: RUN, seq: 71 } } },
  })
  t.match(journal.durable(), { lastSeq: 3, stream: OWN_STREAM })
  t.end()
})

void test("a sender's block is taken once, in order, as it is", (t) => {
  const disk = newDisk()
  const journal = open(disk)
  const sender = new Sender()
  const [first, second, third] = [1, 2, 3].map((count) => sender.next(linesOf(`s${count}`, count), count))
  if (first === undefined || second === undefined || third === undefined) throw new Error('three blocks')
  t.equal(journal.take(WEB, first.block.head, first.lines), undefined)
  t.equal(journal.take(WEB, first.block.head, first.lines), 'clash')
  t.equal(journal.take(WEB, third.block.head, third.lines), 'gap')
  t.equal(journal.take(WEB, second.block.head, first.lines), 'bad-lines')
  t.equal(journal.take(WEB, second.block.head.subarray(1), second.lines), 'bad-block')
  t.equal(journal.take({ ...WEB, principal: '' }, second.block.head, second.lines), 'bad-origin')
  t.same([journal.taken(WEB)?.lastSeq, journal.durable(WEB)], [1, undefined])
  disk.run(journal.commit())
  t.equal(journal.durable(WEB)?.lastSeq, 1)
  t.equal(journal.take(WEB, second.block.head, second.lines), undefined)
  disk.run(journal.commit())
  disk.run(journal.close())
  const again = open(disk)
  t.ok(again.report.wasClean)
  t.equal(again.take(WEB, second.block.head, second.lines), 'clash', 'known after a restart')
  const items = disk.run(readAll(again))
  t.same(
    items.map((item) => item.kind === 'block' && item.entry.block.head),
    [first.block.head, second.block.head],
  )
  t.end()
})

void test('gaps are entries and lines', (t) => {
  const disk = newDisk()
  const journal = open(disk)
  const sender = new Sender()
  const first = sender.next(linesOf('s', 2), 2)
  journal.take(WEB, first.block.head, first.lines)
  const chain = Buffer.alloc(32, 9)
  t.equal(journal.skip(WEB, 2, chain, 'purged'), 'clash')
  t.equal(journal.skip(WEB, 9, chain, 'purged'), undefined)
  t.equal(journal.skip({ ...WEB, principal: '' }, 9, chain, 'purged'), 'bad-origin')
  journal.append(linesOf('own', 1), 1, NO_SOURCE)
  journal.lose({ reason: 'spool-full', lost: 40, fromSource: 5, toSource: 60 }, { run: RUN, seq: 60 })
  const rest = { ...WEB, stream: 'b'.repeat(32) }
  t.equal(journal.fork(rest, { parent: WEB.stream, atSeq: 9 }, chain), undefined)
  t.equal(journal.fork(rest, { parent: WEB.stream, atSeq: 9 }, chain), 'clash')
  t.equal(journal.fork({ ...rest, principal: '' }, { parent: WEB.stream, atSeq: 9 }, chain), 'bad-origin')
  disk.run(journal.commit())
  const blocks = disk.run(readAll(journal)).flatMap((item) => (item.kind === 'block' ? [item] : []))
  t.same(
    blocks.map(({ entry }) => [entry.block.kind, entry.position, entry.block.firstSeq, entry.block.count]),
    [
      ['data', 1, 1, 2],
      ['hole', 3, 3, 7],
      ['data', 4, 1, 1],
      ['loss', 5, 2, 1],
      ['fork', 6, 10, 0],
    ],
  )
  t.same(
    blocks.map(({ entry }) => readGapNote(entry.block.note)?.reason),
    [undefined, 'purged', undefined, 'spool-full', undefined],
  )
  t.same(readForkNote(blocks[4]?.entry.block.note ?? Buffer.alloc(0)), { parent: WEB.stream, atSeq: 9 })
  t.match(
    blocks[1]?.lines.toString(),
    `op=journal-hole reason=purged principal=web stream=${WEB.stream} first=3 last=9 lost=7 res=failed`,
  )
  t.match(
    blocks[3]?.lines.toString(),
    'op=journal-loss reason=spool-full source-first=5 source-last=60 lost=40 res=failed',
  )
  t.match(journal.durable(rest), { firstSeq: 10, lastSeq: 9, chain })
  t.end()
})

void test('a new segment at the size, and every one begins with all that came before', (t) => {
  const disk = newDisk()
  const journal = open(disk, { segmentBytes: 1000 })
  for (let index = 0; index < 12; index++) commit(disk, journal, `line${index} ${'x'.repeat(200)}`)
  t.ok(journal.segments.length > 2)
  const all = disk.run(readLines(journal))
  t.equal(all.length, 12)
  t.same(disk.run(readLines(journal, 7)), all.slice(6))
  const middle = journal.segments[2]?.firstSeq ?? 0
  t.ok(disk.run(journal.purge(middle - 1)) === 2)
  t.same(disk.run(readLines(journal)), all.slice(middle - 1))
  disk.run(journal.purge(1e9))
  t.equal(journal.segments.length, 1, 'never the one being written')
  disk.run(journal.close())
  t.match(open(disk).durable(), { firstSeq: 1, lastSeq: 12 }, 'no purge forgets how far a stream has come')
  t.end()
})

void test('a reader follows, over segments and poisoned ones', (t) => {
  const disk = newDisk()
  const journal = open(disk, { segmentBytes: 900 })
  const reader = journal.reader(1)
  const seen: string[] = []
  const follow = (): void => {
    for (let item = disk.run(reader.next()); item !== undefined; item = disk.run(reader.next()))
      seen.push(item.kind === 'block' ? item.lines.toString() : 'damage')
  }
  for (let index = 0; index < 20; index++) {
    if (index % 5 === 4) disk.interfere = failing(1, 'EIO')
    commit(disk, journal, `line${index} ${'x'.repeat(100)}`)
    if (index % 3 !== 0) follow()
  }
  follow()
  t.same(seen, disk.run(readLines(journal)))
  t.equal(seen.length, 20)
  t.end()
})

/** The next writes or syncs fail. */
function failing(times: number, code: string): (op: { readonly kind: string }) => string {
  let left = times
  return ({ kind }) => ((kind === 'write' || kind === 'sync') && left-- > 0 ? code : 'do')
}

void test('an error costs the segment, not the records', (t) => {
  const disk = newDisk()
  const journal = open(disk)
  commit(disk, journal, 'a')
  disk.interfere = failing(1, 'EIO')
  journal.append(linesOf('b', 1), 1, NO_SOURCE)
  t.match(disk.run(journal.commit()), { kind: 'durable', position: 2, poisoned: { code: 'EIO' } })
  t.same(journal.segments, [
    { firstSeq: 1, retry: 0 },
    { firstSeq: 2, retry: 0 },
  ])
  commit(disk, journal, 'c')
  t.same(disk.run(readLines(journal)), ['a.0 \n', 'b.0 \n', 'c.0 \n'])
  t.equal(disk.files.get('00000000000000000001.log')?.toString(), 'a.0 \n', 'no line stands twice in the plain logs')
  t.end()
})

void test('a full disk holds everything up and loses nothing', (t) => {
  const disk = newDisk()
  const journal = open(disk)
  commit(disk, journal, 'a')
  disk.interfere = ({ kind }) => (kind === 'write' || kind === 'create' ? 'ENOSPC' : 'do')
  journal.append(linesOf('b', 1), 1, NO_SOURCE)
  for (let again = 0; again < 5; again++)
    t.match(disk.run(journal.commit()), { kind: 'failed', error: { code: 'ENOSPC' } })
  t.same([journal.durablePosition, journal.pendingBytes, journal.segments.length], [1, 5, 1])
  journal.append(linesOf('c', 1), 1, NO_SOURCE)
  disk.interfere = () => 'do'
  t.match(disk.run(journal.commit()), { kind: 'durable', position: 3 })
  t.equal(journal.pendingBytes, 0)
  t.same(disk.run(readLines(journal)), ['a.0 \n', 'b.0 \n', 'c.0 \n'])
  t.notOk([...disk.files.keys()].some((name) => name.endsWith('.new')))
  t.end()
})

void test('how far the line protocol had come is known whatever came last', (t) => {
  const disk = newDisk()
  const journal = open(disk, { segmentBytes: 100 })
  journal.append(linesOf('a', 2), 2, { run: RUN, seq: 70 })
  disk.run(journal.commit())
  commit(disk, journal, 'without a source')
  t.same(journal.durable()?.source, { run: RUN, seq: 70 })
  journal.lose({ reason: 'spool-full', lost: 9, fromSource: 71, toSource: 80 }, { run: RUN, seq: 80 })
  t.equal(journal.durable()?.source.seq, 70, 'only when it is durable')
  disk.run(journal.commit())
  disk.run(journal.purge(100))
  t.equal(journal.segments.length, 1)
  t.same(open(newDisk(disk.onlyDurable)).durable()?.source, { run: RUN, seq: 80 })
  t.end()
})

void test('4 MiB a commit, 1 MiB a block', (t) => {
  const disk = newDisk()
  const journal = open(disk, { segmentBytes: 1e9 })
  const line = Buffer.alloc(700 * 1024, 'x')
  line[line.length - 1] = 0x0a
  for (let index = 0; index < 8; index++) journal.append(line, 1, NO_SOURCE)
  t.equal(journal.pendingBytes, 8 * line.length)
  t.match(disk.run(journal.commit()), { position: 5 })
  t.match(disk.run(journal.commit()), { position: 8 })
  t.equal(disk.run(readAll(journal)).length, 8)
  t.throws(() => {
    journal.append(Buffer.alloc(1024 * 1024 + 1), 1, NO_SOURCE)
  }, RangeError)
  t.end()
})

void test('own lines gather into small blocks, and no piece is parted', (t) => {
  const disk = newDisk()
  const journal = open(disk, { blockBytes: 100 })
  for (const bytes of [40, 59, 2, 98, 1, 250, 10]) {
    const line = Buffer.alloc(bytes, 'x')
    line[line.length - 1] = 0x0a
    journal.append(line, 1, { run: RUN, seq: bytes })
  }
  disk.run(journal.commit())
  t.same(
    disk
      .run(readAll(journal))
      .map((item) => item.kind === 'block' && [item.entry.block.lineBytes, item.entry.block.source.seq]),
    [
      [99, 59],
      [100, 98],
      [1, 1],
      [250, 250],
      [10, 10],
    ],
  )
  t.end()
})

void test('what is given during a commit is for the next one; two at once are a bug', (t) => {
  const disk = newDisk()
  const journal = open(disk)
  journal.append(linesOf('a', 1), 1, NO_SOURCE)
  const work = journal.commit()
  work.next()
  journal.append(linesOf('b', 1), 1, NO_SOURCE)
  t.throws(() => disk.run(journal.commit()), /under way/)
  t.same([journal.durablePosition, journal.taken()?.lastSeq], [0, 1])
  t.end()
})

void test('cursor and timelines come back', (t) => {
  const disk = newDisk()
  const journal = open(disk)
  commit(disk, journal, 'a', 3)
  const chain = Buffer.alloc(32, 4)
  journal.acknowledge({ seq: 2, chain })
  disk.run(journal.saveCursor())
  const meta = disk.run(journal.forkOwn(3, chain))
  const again = open(disk)
  t.same(again.acked, { seq: 2, chain })
  t.same(again.meta, meta)
  t.match(meta.timelines, [{ fromSeq: 1 }, { fromSeq: 3, before: chain.toString('hex') }])
  disk.run(again.close())
  disk.run(again.close())
  t.throws(() => disk.run(readAll(again)), /closed/)
  again.append(linesOf('b', 1), 1, NO_SOURCE)
  t.throws(() => disk.run(again.commit()), /closed/)
  t.end()
})

void test('without meta.json, or without segments', (t) => {
  const disk = newDisk()
  const journal = open(disk)
  commit(disk, journal, 'a', 3)
  disk.run(journal.close())
  const files = new Map(disk.files)
  files.delete('meta.json')
  t.throws(() => open(newDisk(files)), new JournalError('no-meta', 'there are segments but no meta.json'))
  const bare = newDisk(new Map([...disk.files].filter(([name]) => !name.startsWith('0'))))
  t.throws(() => open(newDisk(bare.files)), { code: 'damaged' })
  const reopened = open(bare, { onDamage: 'skip' })
  t.equal(reopened.report.missingTail, 3)
  t.match(bare.run(readLines(reopened)), [/op=journal-loss reason=damaged lost=3/])
  bare.run(reopened.close())
  t.equal(open(bare).report.missingTail, 0, 'told once')
  t.end()
})

void test('a segment that may have been named is the end of the one before', (t) => {
  const disk = newDisk()
  const journal = open(disk, { segmentBytes: 800 })
  commit(disk, journal, `a${'x'.repeat(300)}`)
  // The new segment gets its name, but nobody can say whether it will last.
  let isNamed = false
  disk.interfere = ({ kind }) => {
    isNamed ||= kind === 'rename'
    return isNamed ? 'EIO' : 'do'
  }
  journal.append(linesOf(`b${'x'.repeat(600)}`, 1), 1, NO_SOURCE)
  t.match(disk.run(journal.commit()), { kind: 'failed' })
  disk.interfere = () => 'do'
  t.equal(disk.run(journal.purge(100)), 0, 'the one with all there is, though others have been begun')
  t.match(disk.run(journal.commit()), { kind: 'durable', position: 2 })
  commit(disk, journal, 'c')
  t.equal(open(newDisk(disk.onlyDurable)).durablePosition, 3)
  t.same(
    disk.run(readLines(journal)).map((line) => line[0]),
    ['a', 'b', 'c'],
  )
  t.end()
})

void test('a clock before 1970, a sender that skips to the end of all numbers, a note that is none', (t) => {
  const disk = newDisk()
  const journal = disk.run(
    Journal.open({ ...quietWorld(), wallMs: () => -1e12 }, { segmentBytes: 1e6, onDamage: 'stop' }),
  )
  t.equal(journal.skip(WEB, Number.MAX_SAFE_INTEGER - 1, Buffer.alloc(32), 'purged'), undefined)
  const other = { ...WEB, stream: 'c'.repeat(32) }
  const draft = {
    kind: 'loss',
    firstSeq: 1,
    count: 1,
    lines: 1,
    wallMs: 0,
    source: NO_SOURCE,
    before: Buffer.alloc(32),
  } as const
  const lines = linesOf('l', 1)
  t.equal(journal.take(other, makeBlock({ ...draft, note: Buffer.from('x') }, [lines]).head, lines), 'bad-block')
  commit(disk, journal, 'a')
  t.equal(journal.durablePosition, 2)
  t.match(open(newDisk(disk.onlyDurable)).durable(WEB), { lastSeq: Number.MAX_SAFE_INTEGER - 1 })
  t.end()
})

void test('a stream that is forgotten begins again, and is whole after a death', (t) => {
  for (const [isCleared, failures] of [
    [false, 0],
    [true, 0],
    [false, 1],
  ] as const) {
    const disk = newDisk()
    const journal = open(disk)
    const take = (sender: Sender, text: string): void => {
      const sent = sender.next(linesOf(text, 1), 1)
      t.equal(journal.take(WEB, sent.block.head, sent.lines), undefined)
    }
    const first = new Sender()
    take(first, 'a')
    take(first, 'b')
    disk.run(journal.commit())
    if (isCleared) disk.run(journal.rotate())
    journal.forget(WEB)
    t.equal(journal.durable(WEB), undefined)
    const second = new Sender()
    take(second, 'c')
    disk.interfere = failing(failures, 'ENOSPC')
    disk.run(journal.commit())
    take(second, 'd')
    disk.run(journal.commit())
    const again = newDisk(disk.onlyDurable)
    const reopened = open(again)
    t.equal(reopened.report.damages.length + reopened.report.tornBytes, 0)
    t.equal(reopened.durable(WEB)?.lastSeq, 2)
    t.same(again.run(readLines(reopened)), ['a.0 \n', 'b.0 \n', 'c.0 \n', 'd.0 \n'])
    t.same(
      again.run(verify()).findings.filter(({ kind }) => !HARMLESS.has(kind)),
      [],
    )
  }
  t.throws(() => open(newDisk()).forget(OWN_ORIGIN), RangeError)
  t.end()
})
