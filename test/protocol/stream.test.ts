// Binary streams: when a record comes, how the framing is found out, and how a stream ends.
import t from 'tap'
import { StreamReader } from '../../src/protocol/stream.js'
import { Listener, listenTo, piecesOf } from './listener.js'
import { exactFrame, exactStream, header, kernelRecord, paddedFrame, paddedStream, wholeRecord } from './wire.js'
import type { WireRecord } from './wire.js'

const ONE = kernelRecord(1)
const TWO = kernelRecord(2, 1302, 'item=0 name="x"')
const THREE = wholeRecord(3)
const FULL: WireRecord = { version: 0, type: 1309, payload: Buffer.alloc(8970, 'audit(1.1:1): a') }
const EMPTY: WireRecord = { version: 1, type: 0xffffffff, payload: Buffer.alloc(0) }

function textOf(...records: readonly WireRecord[]): string[] {
  return records.map(({ payload }) => payload.toString('latin1'))
}

void t.test('a record comes as soon as its payload is whole', (t) => {
  for (const [kind, records] of [
    ['exact', [ONE, TWO, THREE].map((record) => exactFrame(record))],
    ['padded', [ONE, TWO, THREE].map((record) => paddedFrame(record, 'stale '))],
  ] as const) {
    const heard = new Listener()
    const reader = new StreamReader(heard)
    for (const [index, frame] of records.entries()) {
      const whole = 16 + [ONE, TWO, THREE][index]!.payload.length
      reader.push(frame.subarray(0, whole - 1))
      t.equal(heard.frames.length, index, `${kind}: not before its last byte`)
      reader.push(frame.subarray(whole - 1, whole))
      t.equal(heard.frames.length, index + 1, `${kind}: with its last byte`)
      reader.push(frame.subarray(whole))
    }
    t.equal(reader.kind, kind)
    t.same(heard.troubles, [])
  }
  t.end()
})

void t.test('the framing is undecided until the second header', (t) => {
  const reader = new StreamReader(new Listener())
  t.equal(reader.kind, 'undecided')
  reader.push(exactFrame(ONE))
  t.equal(reader.kind, 'undecided')
  reader.push(header())
  t.equal(reader.kind, 'exact')
  t.end()
})

void t.test('padding may hold zeros, stale text and stale headers', (t) => {
  for (const padding of [
    '\0',
    'x',
    'audit(1.1:1): stale ',
    header({ size: 50 }),
    exactFrame(TWO),
    Buffer.from([0, 1, 0x10]),
  ]) {
    const filled = Buffer.concat([Buffer.from('old text '), Buffer.alloc(8970, padding)])
    const { heard, reader } = listenTo([paddedStream([ONE, TWO, FULL, THREE, ONE], filled)])
    t.same(heard.payloads, textOf(ONE, TWO, FULL, THREE, ONE))
    t.equal(reader.kind, 'padded')
    t.same(heard.troubles, [])
  }
  t.end()
})

void t.test('a stale frame right behind the first payload is taken, and all later records come all the same', (t) => {
  const stale = Buffer.concat([exactFrame(TWO), Buffer.alloc(9000, 'x')])
  const { heard } = listenTo([Buffer.concat([paddedFrame(ONE, stale), paddedStream([THREE, ONE], 'x')])])
  t.same(heard.payloads, textOf(ONE, TWO, THREE, ONE))
  t.same(heard.codes, ['unknown-version', 'resynchronised'])
  t.end()
})

void t.test('a payload of the full length says nothing about the framing', (t) => {
  const padded = listenTo([paddedStream([FULL, FULL, ONE, TWO], 'x')])
  t.same(padded.heard.payloads, textOf(FULL, FULL, ONE, TWO))
  t.equal(padded.reader.kind, 'padded')
  const exact = listenTo([exactStream([FULL, FULL, ONE, TWO])])
  t.same(exact.heard.payloads, textOf(FULL, FULL, ONE, TWO))
  t.equal(exact.reader.kind, 'exact')
  t.same([...padded.heard.troubles, ...exact.heard.troubles], [])
  t.end()
})

void t.test('the framing can be forced', (t) => {
  const exact = listenTo([exactStream([ONE, TWO])], { force: 'exact' })
  t.same(exact.heard.payloads, textOf(ONE, TWO))
  const padded = listenTo([paddedStream([ONE, TWO], exactFrame(THREE))], { force: 'padded' })
  t.same(padded.heard.payloads, textOf(ONE, TWO), 'what looks like a frame is padding')
  t.equal(new StreamReader(new Listener(), { force: 'padded' }).kind, 'padded')
  const healed = listenTo([paddedFrame(ONE), Buffer.from('lost'), paddedStream([TWO, THREE])], { force: 'padded' })
  t.same(healed.heard.payloads, textOf(ONE, TWO, THREE))
  t.equal(healed.reader.kind, 'padded')
  t.end()
})

void t.test('in sync any type is a record, and so is one of no bytes', (t) => {
  const odd = [0, 1, 999, 3000, 0xffffffff].map((type) => ({ ...ONE, type }))
  const { heard } = listenTo([exactStream([...odd, EMPTY, EMPTY, ONE])])
  t.same(
    heard.frames.map(({ type, payload }) => `${type} ${payload.length}`),
    [...odd, EMPTY, EMPTY, ONE].map(({ type, payload }) => `${type} ${payload.length}`),
  )
  t.same(heard.troubles, [])
  t.end()
})

void t.test('a record is clean without LF and NUL', (t) => {
  const texts = [
    'audit(1.1:1): a',
    'audit(1.1:1): a\nb',
    'audit(1.1:1): a',
    '\naudit(1.1:1)',
    'audit(1.1:1)\0',
    'a\0b\n',
    'x',
  ]
  const records = texts.map((text): WireRecord => ({ version: 0, type: 1300, payload: Buffer.from(text) }))
  for (const stream of [exactStream(records), paddedStream(records, '\n\0')]) {
    for (const pieceBytes of [stream.length, 1, 13]) {
      const { heard } = listenTo(piecesOf(stream, pieceBytes))
      t.same(heard.payloads, texts, 'handed on as they are')
      t.same(
        heard.frames.map(({ clean }) => clean),
        [true, false, true, false, false, false, true],
      )
      t.same(heard.troubles, [])
    }
  }
  t.end()
})

void t.test('a stream that ends within a record, at every byte', (t) => {
  const stream = exactStream([ONE, TWO, THREE])
  const ends = [ONE, TWO, THREE].map((_, index, all) => exactStream(all.slice(0, index + 1)).length)
  for (let length = 0; length <= stream.length; length++) {
    const { heard, reader } = listenTo([stream.subarray(0, length)])
    const whole = ends.filter((end) => end <= length)
    const begin = whole.at(-1) ?? 0
    t.equal(heard.frames.length, whole.length, `of ${length} bytes`)
    const heldBytes = length - begin
    if (heldBytes === 0) {
      t.same(heard.troubles, [])
      continue
    }
    const size = [ONE, TWO, THREE][whole.length]!.payload.length
    const missingBytes = heldBytes < 16 ? 16 - heldBytes : 16 + size - heldBytes
    const part = heldBytes < 16 ? 'header' : 'payload'
    t.same(heard.troubles, [{ code: 'torn-end', offset: begin, part, heldBytes, missingBytes }])
    t.equal(reader.counters.tornRecords, 1)
  }
  t.end()
})

void t.test('a padded stream that ends within a frame', (t) => {
  const stream = paddedStream([ONE, TWO], 'x')
  const whole = listenTo([stream.subarray(0, 8986)])
  t.match(whole.heard, { payloads: textOf(ONE), troubles: { length: 0 } }, 'exactly behind one')
  t.equal(whole.reader.kind, 'padded')
  const inPadding = listenTo([stream.subarray(0, -100)])
  t.same(inPadding.heard.payloads, textOf(ONE, TWO))
  const tornPadding = {
    code: 'torn-end',
    part: 'padding',
    heldBytes: 0,
    missingBytes: 100,
    offset: stream.length - 100,
  }
  t.same(inPadding.heard.troubles, [tornPadding])
  t.equal(inPadding.reader.counters.tornRecords, 0, 'the record stands')
  const inHeader = listenTo([stream.subarray(0, 8990)])
  t.same(inHeader.heard.troubles, [{ code: 'torn-end', part: 'header', heldBytes: 4, missingBytes: 12, offset: 8986 }])
  const early = listenTo([stream.subarray(0, 5000)])
  t.same(early.heard.payloads, textOf(ONE))
  const { length } = exactFrame(ONE)
  t.same(early.heard.troubles, [{ code: 'unrecognised', offset: length, skippedBytes: 5000 - length }])
  t.end()
})

void t.test('a stream of a few bytes that mean nothing', (t) => {
  t.same(listenTo([]).heard.troubles, [])
  t.same(listenTo([Buffer.from('abc')]).heard.troubles, [{ code: 'unrecognised', offset: 0, skippedBytes: 3 }])
  t.same(listenTo([Buffer.from('ty')]).heard.codes, ['unrecognised'])
  t.same(listenTo([exactFrame(ONE), Buffer.from('abc')]).heard.codes, ['unrecognised'])
  const long = listenTo([Buffer.alloc(100, 'x')])
  t.same(long.heard.codes, ['unknown-version', 'unrecognised'])
  t.equal(long.reader.counters.skippedBytes, 100)
  t.end()
})

void t.test('what is counted', (t) => {
  const { reader } = listenTo([
    exactStream([ONE, TWO]),
    Buffer.from('garbage of some length'),
    exactStream([THREE, ONE]),
  ])
  t.same(reader.counters, {
    frames: 4,
    lines: 0,
    bytes: exactStream([ONE, TWO, THREE, ONE]).length + 22,
    skippedBytes: 22,
    badHeaders: 1,
    resyncs: 1,
    damaged: 0,
    tornRecords: 0,
    tooLong: 0,
  })
  t.end()
})
