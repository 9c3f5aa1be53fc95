import * as fc from 'fast-check'
import { test } from 'tap'
import {
  encodeCheckpointNote,
  encodeForkNote,
  encodeGapNote,
  readCheckpointNote,
  readForkNote,
  readGapNote,
} from '../../src/journal/notes.js'

const STATES = [
  {
    principal: '',
    stream: '0'.repeat(32),
    firstSeq: 1,
    lastSeq: 0,
    chain: Buffer.alloc(32, 1),
    takenMs: 7,
    source: { run: Buffer.alloc(16, 9), seq: 2 ** 42 },
  },
  {
    principal: 'audit://site/wéb',
    stream: 'f'.repeat(32),
    firstSeq: 2 ** 40,
    lastSeq: 2 ** 41,
    chain: Buffer.alloc(32, 2),
    takenMs: 8,
    source: { run: Buffer.alloc(16), seq: 0 },
  },
]

void test('what was written is read', (t) => {
  const gap = { reason: 'spool-full', lost: 2 ** 34, fromSource: 5, toSource: 2 ** 50 }
  t.same(readGapNote(encodeGapNote(gap)), gap)
  const fork = { parent: '12'.repeat(16), atSeq: 2 ** 45 }
  t.same(readForkNote(encodeForkNote(fork)), fork)
  for (const previous of [undefined, { firstSeq: 2 ** 44, retry: 3, idxBytes: 2 ** 35, logBytes: 2 ** 36 }])
    for (const streams of [[], STATES])
      t.same(readCheckpointNote(encodeCheckpointNote({ previous, streams })), { previous, streams })
  t.end()
})

void test('a reason is plain words', (t) => {
  for (const reason of ['', 'Full', 'a b', 'a--b', "x'", 'x'.repeat(65)])
    t.throws(() => encodeGapNote({ reason, lost: 0, fromSource: 0, toSource: 0 }), RangeError)
  t.end()
})

void test('other bytes are no notes, and nothing throws', (t) => {
  const notes = [
    encodeGapNote({ reason: 'damaged', lost: 1, fromSource: 0, toSource: 0 }),
    encodeForkNote({ parent: 'a'.repeat(32), atSeq: 1 }),
  ]
  const checkpoint = encodeCheckpointNote({ previous: undefined, streams: STATES })
  const readers = [readGapNote, readForkNote, readCheckpointNote]
  for (let cut = 0; cut < checkpoint.length; cut++) t.equal(readCheckpointNote(checkpoint.subarray(0, cut)), undefined)
  t.equal(readCheckpointNote(Buffer.concat([checkpoint, Buffer.alloc(1)])), undefined)
  t.equal(readGapNote(Buffer.concat([notes[0] ?? Buffer.alloc(0), Buffer.from(' ')])), undefined)
  for (const note of notes) {
    const large = Buffer.from(note)
    large.fill(0xff, 0, 24)
    for (const read of readers) t.equal(read(large), undefined, 'counts above 2^53-1')
  }
  const flooded = Buffer.from(checkpoint)
  flooded.fill(0xff, 32 + 1 + 16, 32 + 1 + 24)
  t.equal(readCheckpointNote(flooded), undefined)
  flooded.writeUInt32LE(0xffffffff, 20)
  t.equal(readCheckpointNote(flooded), undefined, 'a count of rows is not believed')
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      for (const read of readers) read(Buffer.from(bytes))
    }),
    { numRuns: 2000, seed: 1 },
  )
  t.end()
})
