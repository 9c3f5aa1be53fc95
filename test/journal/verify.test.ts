import { test } from 'tap'
import { makeBlock, NO_SOURCE, type Block } from '../../src/journal/block.js'
import { encodeEntry, OWN_ORIGIN, readEntry, type Entry, type Origin } from '../../src/journal/entry.js'
import { Journal } from '../../src/journal/journal.js'
import type { Verification } from '../../src/journal/judge.js'
import { Scrub, verify } from '../../src/journal/verify.js'
import { Random } from '../protocol/random.js'
import { linesOf, quietWorld, Sender } from './journal-world.js'
import { MemoryDisk } from './memory-disk.js'

const WEB: Origin = { principal: 'web', stream: 'a'.repeat(32), peer: '' }
const OPTIONS = { segmentBytes: 1200, onDamage: 'skip' } as const
const IDX = '00000000000000000001.idx'

type Files = Map<string, Buffer>

/** Three segments of two commits each, with one own block and one of `web`. */
function sample(): Files {
  const disk = new MemoryDisk(new Random(3))
  const journal = disk.run(Journal.open(quietWorld(), OPTIONS))
  const sender = new Sender()
  for (let round = 0; round < 6; round++) {
    const sent = sender.next(linesOf(`web${round}`, 1, 200), 1)
    journal.take(WEB, sent.block.head, sent.lines)
    journal.append(linesOf(`own${round}`, 1, 200), 1, NO_SOURCE)
    disk.run(journal.commit())
  }
  return new Map(disk.files)
}

function verified(files: Files): Verification {
  return new MemoryDisk(new Random(1), files).run(verify())
}

function kinds(files: Files): string[] {
  return verified(files).findings.map(
    ({ kind, stream, first, last }) => `${kind} ${stream.slice(0, 1)} ${first}-${last}`,
  )
}

function entriesIn(idx: Buffer): Entry[] {
  const entries: Entry[] = []
  for (let at = 0; at < idx.length;) {
    const entry = readEntry(idx.subarray(at))
    if (entry === undefined) throw new Error(`no entry at ${at}`)
    entries.push(entry)
    at += entry.size
  }
  return entries
}

/** The first index written anew, with every CRC right. */
function rewritten(files: Files, change: (entries: Entry[]) => readonly Entry[]): Files {
  const idx = files.get(IDX) ?? Buffer.alloc(0)
  const bytes = Buffer.concat(change(entriesIn(idx)).map(encodeEntry))
  // As long as before, as the next checkpoint has it.
  return new Map(files).set(
    IDX,
    Buffer.concat([bytes, Buffer.alloc(Math.max(0, idx.length - bytes.length))]).subarray(0, idx.length),
  )
}

void test('a sound journal', (t) => {
  t.match(verified(sample()), { segments: 3, blocks: 12, lines: 12, streams: 2, findings: [], findingCount: 0 })
  t.same(verified(new Map()), { segments: 0, blocks: 0, lines: 0, streams: 0, findings: [], findingCount: 0 })
  t.end()
})

void test('changed bytes', (t) => {
  const files = sample()
  const log = Buffer.from(files.get('00000000000000000001.log') ?? Buffer.alloc(0))
  log[3] = 0
  t.same(kinds(new Map(files).set('00000000000000000001.log', log)), ['changed a 1-1'])
  const idx = Buffer.from(files.get(IDX) ?? Buffer.alloc(0))
  idx[idx.length - 5] = 0xee
  const found = verified(new Map(files).set(IDX, idx)).findings
  t.ok(found.some(({ kind, detail }) => kind === 'changed' && detail.startsWith('index at')))
  t.ok(
    found.some(
      ({ kind, principal, first, last }) => kind === 'missing' && principal === '' && first === 2 && last === 2,
    ),
  )
  t.end()
})

void test('missing segments and logs', (t) => {
  const files = sample()
  const names = [...files.keys()].filter((name) => name.endsWith('.idx')).toSorted()
  const middle = names[1] ?? ''
  const gone = new Map(files)
  gone.delete(middle)
  t.same(kinds(gone), ['missing a 3-4', 'missing 0 3-4'])
  const without = new Map(files)
  without.delete(middle.replace('idx', 'log'))
  const both = ['changed a 3-3', 'changed 0 3-3', 'changed a 4-4', 'changed 0 4-4', 'missing a 3-4', 'missing 0 3-4']
  t.same(kinds(without), both)
  t.end()
})

void test('a block that stands there twice, and one with another history', (t) => {
  const twice = rewritten(sample(), (entries) => [...entries.slice(0, 3), ...entries.slice(1, 3)])
  t.ok(kinds(twice).includes('repeated a 1-1'))
  const lines = linesOf('own0', 1, 200)
  const forged = (block: Block): Block => makeBlock({ ...block, before: Buffer.alloc(32, 0x55) }, [lines])
  const other = rewritten(sample(), (entries) =>
    entries.map((entry) =>
      entry.position === 2 && entry.block.kind === 'data'
        ? { ...entry, origin: OWN_ORIGIN, block: forged(entry.block) }
        : entry,
    ),
  )
  t.ok(kinds(other).some((kind) => kind.startsWith('changed 0 2-2') || kind.startsWith('changed 0 1-1')))
  t.end()
})

void test('an unfinished end, holes and losses', (t) => {
  const disk = new MemoryDisk(new Random(3))
  const journal = disk.run(Journal.open(quietWorld(), OPTIONS))
  journal.skip(WEB, 5, Buffer.alloc(32, 1), 'purged')
  journal.lose({ reason: 'spool-full', lost: 3, fromSource: 1, toSource: 3 }, NO_SOURCE)
  disk.run(journal.commit())
  t.same(kinds(new Map(disk.files)), ['hole a 1-5', 'loss 0 1-1'])
  const idx = disk.files.get(IDX) ?? Buffer.alloc(0)
  t.same(kinds(new Map(disk.files).set(IDX, idx.subarray(0, idx.length - 1))), ['hole a 1-5', 'torn  0-0'])
  t.end()
})

void test('a block behind later ones of its stream, and bytes that no entry is about', (t) => {
  const disk = new MemoryDisk(new Random(3))
  const journal = disk.run(Journal.open(quietWorld()))
  const sender = new Sender()
  for (let round = 0; round < 4; round++) {
    const sent = sender.next(linesOf(`web${round}`, 1, 200), 1)
    journal.take(WEB, sent.block.head, sent.lines)
    disk.run(journal.commit())
  }
  const moved = rewritten(new Map(disk.files), ([checkpoint, first, second, third, ...rest]) =>
    [checkpoint, first, third, second, ...rest].flatMap((entry) => entry ?? []),
  )
  t.same(kinds(moved), ['missing a 2-2', 'misplaced a 2-2'])
  const files = sample()
  const log = '00000000000000000001.log'
  const longer = new Map(files).set(log, Buffer.concat([files.get(log) ?? Buffer.alloc(0), Buffer.from('forged\n')]))
  t.match(verified(longer), { findings: [{ kind: 'left-over', segment: '00000000000000000001', detail: '7 bytes' }] })
  t.end()
})

void test('step by step, beside a journal that goes on and is purged', (t) => {
  const disk = new MemoryDisk(new Random(3))
  const journal = disk.run(Journal.open(quietWorld(), OPTIONS))
  const sender = new Sender()
  const fill = (round: number): void => {
    const sent = sender.next(linesOf(`web${round}`, 1, 200), 1)
    journal.take(WEB, sent.block.head, sent.lines)
    disk.run(journal.commit())
  }
  for (let round = 0; round < 20; round++) fill(round)
  const segments = journal.segments.length
  for (let purgeAt = 0; purgeAt < 30; purgeAt++) {
    const copy = new MemoryDisk(new Random(4), disk.files)
    const other = copy.run(Journal.open(quietWorld(), OPTIONS))
    const scrub = new Scrub(copy.run(other.stretches(0)))
    let steps = 0
    let verdict: Verification | undefined
    while (verdict === undefined) {
      verdict = copy.run(scrub.step(300))
      if (steps++ === purgeAt) copy.run(other.purge(other.segments[4]?.firstSeq ?? 0))
    }
    t.same(verdict.findings, [], `purged at step ${purgeAt}`)
    t.ok(verdict.segments >= segments - 6 && steps > 5)
  }
  t.end()
})
