import * as fc from 'fast-check'
import { createHash } from 'node:crypto'
import { test } from 'tap'
import {
  areLines,
  claimedHeadBytes,
  hasLines,
  HEADER_BYTES,
  makeBlock,
  MAX_BLOCK_BYTES,
  MAX_NOTE_BYTES,
  NO_SOURCE,
  readBlock,
  type BlockDraft,
} from '../../src/journal/block.js'
import { neverFooled } from './damaged-codec.js'

const LINES = Buffer.from('type=A msg=audit(1.0:1): a\ntype=B msg=audit(1.0:1): b\n')
const DRAFT: BlockDraft = {
  kind: 'data',
  firstSeq: 41,
  count: 2,
  lines: 2,
  wallMs: 1_700_000_000_123,
  source: { run: Buffer.from('6f1c7c1e000040008000000000000001', 'hex'), seq: 2 ** 33 + 7 },
  before: Buffer.alloc(32, 3),
  note: Buffer.alloc(0),
}

const LOSS: BlockDraft = { ...DRAFT, kind: 'loss', count: 1, lines: 1 }

void test('the layout, byte by byte', (t) => {
  const { head, chain } = makeBlock(DRAFT, [LINES])
  t.equal(head.length, HEADER_BYTES)
  t.equal(head.toString('latin1', 0, 4), 'AJB1')
  t.same(
    [4, 32, 36, 140].map((at) => head.readUInt32LE(at)),
    [LINES.length, 0, 2, 0],
  )
  t.same(
    [12, 14].map((at) => head.readUInt16LE(at)),
    [0, 0],
  )
  t.same(
    [16, 24, 40, 64].map((at) => head.readBigUInt64LE(at)),
    [41n, 2n, 1_700_000_000_123n, 2n ** 33n + 7n],
  )
  t.same(head.subarray(48, 64), DRAFT.source.run)
  t.same(head.subarray(72, 104), DRAFT.before)
  const hash = createHash('sha256').update(head.subarray(0, 104)).update(LINES).digest()
  t.same([head.subarray(104, 136), chain], [hash, hash])
  t.end()
})

void test('what was written is read, in pieces or whole', (t) => {
  const block = makeBlock(DRAFT, [LINES.subarray(0, 5), LINES.subarray(5)])
  t.same(block, makeBlock(DRAFT, [LINES]))
  t.match(readBlock(block.head), { ...DRAFT, lineBytes: LINES.length, isStated: false, chain: block.chain })
  t.same(readBlock(new Uint8Array(block.head)), block)
  t.ok(hasLines(block, LINES))
  t.end()
})

void test('any numbers and notes', (t) => {
  const numbers = {
    firstSeq: fc.integer({ min: 1, max: 2 ** 52 }),
    wallMs: fc.nat(2 ** 45),
    seq: fc.nat(Number.MAX_SAFE_INTEGER),
  }
  fc.assert(
    fc.property(
      fc.record({ ...numbers, note: fc.uint8Array({ maxLength: MAX_NOTE_BYTES }) }),
      ({ firstSeq, wallMs, seq, note }) => {
        const draft = { ...LOSS, firstSeq, wallMs, source: { run: NO_SOURCE.run, seq }, note: Buffer.from(note) }
        const read = readBlock(makeBlock(draft, [LINES]).head)
        return (
          read?.firstSeq === firstSeq && read.wallMs === wallMs && read.source.seq === seq && read.note.equals(note)
        )
      },
    ),
    { numRuns: 1000, seed: 3 },
  )
  t.end()
})

void test('no cut, no flipped bit and no garbage is taken for a block', (t) => {
  t.same(neverFooled(makeBlock(DRAFT, [LINES]).head, readBlock), [])
  t.same(neverFooled(makeBlock({ ...LOSS, note: Buffer.from('why') }, [LINES]).head, readBlock), [])
  t.end()
})

void test('no change of the lines goes unseen', (t) => {
  const block = makeBlock(DRAFT, [LINES])
  t.same(
    neverFooled(LINES, (bytes) => (hasLines(block, bytes) ? true : undefined)),
    [],
  )
  const stated = makeBlock({ ...DRAFT, kind: 'hole', lines: 1, count: 9, statedChain: Buffer.alloc(32, 9) }, [LINES])
  t.ok(hasLines(stated, LINES), 'the chain of a stated block is not that of its line')
  t.notOk(hasLines(stated, Buffer.from('x'.repeat(LINES.length))))
  const lying = Buffer.from(block.head)
  t.notOk(hasLines({ ...block, chain: lying.subarray(0, 32) }, LINES), 'the chain of another is')
  t.end()
})

void test('what a kind must not say', (t) => {
  const chain = Buffer.alloc(32)
  const wrong: readonly (readonly [BlockDraft, Buffer])[] = [
    [{ ...DRAFT, count: 3 }, LINES],
    [{ ...DRAFT, count: 0, lines: 0 }, LINES],
    [{ ...DRAFT, statedChain: chain }, LINES],
    [{ ...DRAFT, firstSeq: 0 }, LINES],
    [{ ...DRAFT, firstSeq: Number.MAX_SAFE_INTEGER }, LINES],
    [{ ...DRAFT, kind: 'loss' }, LINES],
    [{ ...DRAFT, kind: 'loss', lines: 1 }, LINES],
    [{ ...DRAFT, kind: 'hole', lines: 1 }, LINES],
    [{ ...DRAFT, kind: 'hole', count: 0, lines: 1, statedChain: chain }, LINES],
    [{ ...DRAFT, kind: 'fork', statedChain: chain }, LINES],
    [{ ...DRAFT, kind: 'checkpoint', count: 0, lines: 0 }, Buffer.alloc(0)],
    [{ ...DRAFT, note: Buffer.alloc(1) }, LINES],
    [{ ...LOSS, note: Buffer.alloc(MAX_NOTE_BYTES + 1) }, LINES],
    [DRAFT, Buffer.alloc(MAX_BLOCK_BYTES + 1)],
    [DRAFT, Buffer.alloc(1)],
  ]
  for (const [draft, lines] of wrong) t.throws(() => makeBlock(draft, [lines]), /cannot be written/)
  t.throws(() => makeBlock({ ...DRAFT, wallMs: -1 }, [LINES]), RangeError)
  t.ok(makeBlock({ ...DRAFT, kind: 'loss', lines: 1, count: 1 }, [Buffer.from('x\n')]))
  t.ok(makeBlock({ ...DRAFT, kind: 'fork', count: 0, lines: 0, statedChain: chain }, []))
  t.end()
})

void test('whole lines', (t) => {
  t.ok(areLines(LINES, 2))
  t.ok(areLines(Buffer.alloc(0), 0))
  for (const [text, count] of [
    ['a\n', 2],
    ['a\nb', 1],
    ['a\nb', 2],
    ['a', 0],
    ['', 1],
    ['a\n', 0],
  ] as const)
    t.notOk(areLines(Buffer.from(text), count), JSON.stringify(text))
  t.end()
})

void test('how long a head claims to be', (t) => {
  const { head } = makeBlock({ ...LOSS, note: Buffer.alloc(77) }, [LINES])
  t.equal(claimedHeadBytes(head), HEADER_BYTES + 77)
  t.equal(claimedHeadBytes(head.subarray(0, HEADER_BYTES - 1)), undefined)
  const huge = Buffer.from(head)
  huge.writeUInt32LE(MAX_NOTE_BYTES + 1, 32)
  t.equal(claimedHeadBytes(huge), undefined, 'before anything is allocated for it')
  t.equal(claimedHeadBytes(Buffer.alloc(HEADER_BYTES)), undefined)
  t.end()
})
