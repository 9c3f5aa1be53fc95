import { test } from 'tap'
import { makeBlock, NO_SOURCE } from '../../src/journal/block.js'
import {
  claimedEntryBytes,
  encodeEntry,
  isOrigin,
  MIN_ENTRY_BYTES,
  OWN_ORIGIN,
  readEntry,
} from '../../src/journal/entry.js'
import { neverFooled } from './damaged-codec.js'

const LINES = Buffer.from('a\n')
const DRAFT = {
  kind: 'data',
  firstSeq: 9,
  count: 1,
  lines: 1,
  wallMs: 5,
  source: NO_SOURCE,
  before: Buffer.alloc(32),
} as const
const BLOCK = makeBlock({ ...DRAFT, note: Buffer.alloc(0) }, [LINES])
const ORIGIN = { principal: 'wéb1', stream: '0123456789abcdef'.repeat(2), peer: '[2001:db8::1]:6514' }
const ENTRY = {
  origin: ORIGIN,
  position: 2 ** 40,
  offset: 12_345,
  since: 678,
  takenMs: 1_700_000_000_000,
  block: BLOCK,
}

void test('what was written is read, and no more', (t) => {
  const bytes = encodeEntry(ENTRY)
  const read = { ...ENTRY, size: bytes.length }
  t.same(readEntry(bytes), read)
  t.same(readEntry(Buffer.concat([bytes, Buffer.from('AJE1 and more')])), read)
  t.equal(claimedEntryBytes(bytes.subarray(0, 8)), bytes.length)
  t.equal(encodeEntry({ ...ENTRY, origin: OWN_ORIGIN }).length, MIN_ENTRY_BYTES)
  t.end()
})

void test('no cut, no flipped bit and no garbage is taken for an entry', (t) => {
  t.same(neverFooled(encodeEntry(ENTRY), readEntry), [])
  t.end()
})

void test('impossible sizes', (t) => {
  const bytes = encodeEntry(ENTRY)
  for (const size of [0, 8, MIN_ENTRY_BYTES - 1, 2 ** 31]) {
    bytes.writeUInt32LE(size, 4)
    t.equal(claimedEntryBytes(bytes), undefined)
  }
  t.end()
})

void test('names that do not fit', (t) => {
  t.throws(() => encodeEntry({ ...ENTRY, origin: { ...ORIGIN, principal: 'x'.repeat(256) } }), RangeError)
  t.ok(isOrigin(ORIGIN))
  t.ok(isOrigin({ ...ORIGIN, peer: 'x'.repeat(255) }))
  t.notOk(isOrigin({ ...ORIGIN, peer: 'é'.repeat(128) }))
  for (const control of ['\0', '\n', '\x1f', '\x7f']) t.notOk(isOrigin({ ...ORIGIN, principal: `a${control}b` }))
  t.notOk(isOrigin({ ...ORIGIN, stream: 'A'.repeat(32) }))
  t.notOk(isOrigin({ ...ORIGIN, stream: 'a'.repeat(31) }))
  t.end()
})
