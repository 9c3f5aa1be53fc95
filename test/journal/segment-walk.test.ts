import { test } from 'tap'
import { makeBlock, NO_SOURCE } from '../../src/journal/block.js'
import { encodeEntry, OWN_ORIGIN } from '../../src/journal/entry.js'
import { SegmentWalk, type Found } from '../../src/journal/segment-walk.js'
import { idxName, logName } from '../../src/journal/segment-name.js'
import { Random } from '../protocol/random.js'
import { MemoryDisk } from './memory-disk.js'

const SEGMENT = { firstSeq: 1, retry: 0 }
const LINES = Buffer.from('a\n')
const DRAFT = {
  kind: 'data',
  firstSeq: 1,
  count: 1,
  lines: 1,
  wallMs: 0,
  source: NO_SOURCE,
  before: Buffer.alloc(32),
} as const
const BLOCK = makeBlock({ ...DRAFT, note: Buffer.alloc(0) }, [LINES])
const ENTRY = encodeEntry({ origin: OWN_ORIGIN, position: 1, offset: 0, since: 0, takenMs: 0, block: BLOCK })

function walk(idx: Buffer, log: Buffer = LINES): string[] {
  const disk = new MemoryDisk(
    new Random(1),
    new Map([
      [idxName(SEGMENT), idx],
      [logName(SEGMENT), log],
    ]),
  )
  const segment = new SegmentWalk(SEGMENT)
  const seen: string[] = []
  let at = 0
  for (
    let found = disk.run(segment.look(at, Infinity));
    found !== undefined;
    found = disk.run(segment.look(at, Infinity))
  ) {
    seen.push(found.kind)
    at = endOf(found)
  }
  return [...seen, String(at === idx.length)]
}

function endOf(found: Found): number {
  return found.kind === 'bad-entry' ? found.end : found.at + found.entry.size
}

void test('entries one after another', (t) => {
  t.same(walk(Buffer.concat([ENTRY, ENTRY])), ['block', 'block', 'true'])
  t.same(walk(ENTRY, Buffer.from('b\n')), ['bad-lines', 'true'])
  t.same(walk(ENTRY, Buffer.alloc(0)), ['bad-lines', 'true'])
  t.same(walk(Buffer.alloc(0)), ['true'])
  t.end()
})

void test('the next entry is found behind any damage, wherever the windows end', (t) => {
  for (const hole of [1, 3, 100, 131_071 - 208, 131_072 - 208, 131_069, 131_070, 131_071, 131_072, 131_073, 500_000])
    t.same(
      walk(Buffer.concat([ENTRY, Buffer.alloc(hole), ENTRY])),
      ['block', 'bad-entry', 'block', 'true'],
      `${hole} zeros`,
    )
  const magic = Buffer.alloc(300_000, 'AJE1')
  t.same(walk(Buffer.concat([magic, ENTRY])), ['bad-entry', 'block', 'true'], 'what only begins like an entry is none')
  t.same(walk(Buffer.alloc(300_000)), ['bad-entry', 'true'])
  t.same(walk(ENTRY.subarray(0, 100)), ['bad-entry', 'true'])
  t.end()
})
