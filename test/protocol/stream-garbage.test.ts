// Bytes that are no records: what is told, where reading goes on, and when it ends.
import t from 'tap'
import { StreamReader } from '../../src/protocol/stream.js'
import { Listener, digestOf, feed, listenTo, piecesOf } from './listener.js'
import { Random } from './random.js'
import { exactFrame, exactStream, header, kernelRecord, paddedFrame, paddedStream, wholeRecord } from './wire.js'

const ONE = kernelRecord(1)
const TWO = wholeRecord(2)
const THREE = kernelRecord(3)
const MEBIBYTE = 1024 * 1024
const GOOD = exactStream([ONE, TWO])

for (const [code, words] of [
  ['unknown-version', { version: 7 }],
  ['unknown-version', { version: 2, headerBytes: 20, size: 0xffffffff }],
  ['bad-header-length', { headerBytes: 17 }],
  ['oversize', { size: 8971 }],
  ['oversize', { version: 1, size: 0xffffffff }],
] as const) {
  void t.test(`${code}: ${JSON.stringify(words)}`, (t) => {
    const bad = Buffer.concat([header(words), Buffer.from('some payload')])
    const troubles = (offset: number): unknown[] => [
      { code, offset, bytes: header(words) },
      { code: 'resynchronised', offset: offset + bad.length, skippedBytes: bad.length },
    ]
    const within = listenTo([GOOD, bad, GOOD])
    t.same(within.heard.frames.length, 4)
    t.same(within.heard.troubles, troubles(GOOD.length))
    const first = listenTo([bad, GOOD])
    t.same(first.heard.frames.length, 2)
    t.same(first.heard.troubles, troubles(0))

    const heard = new Listener()
    new StreamReader(heard).push(header(words))
    t.same(heard.codes, [code], 'told at once')
    t.end()
  })
}

void t.test('a whole mebibyte of it ends the reading, and one byte less does not', (t) => {
  const random = new Random(7)
  for (const [name, garbage] of [
    ['zeros', Buffer.alloc(MEBIBYTE)],
    ['text', Buffer.alloc(MEBIBYTE, 'some text without end ')],
    ['random', random.bytes(MEBIBYTE)],
    ['length words', Buffer.alloc(MEBIBYTE, header().subarray(4, 8))],
    ['headers of another version', Buffer.alloc(MEBIBYTE, header({ version: 7, size: 100 }))],
    ['headers without a payload', Buffer.alloc(MEBIBYTE, header({ size: 100 }).subarray(4))],
    ['lines', Buffer.alloc(MEBIBYTE, 'not a record\n')],
  ] as const) {
    const heard = new Listener()
    const reader = new StreamReader(heard)
    t.equal(feed(reader, [garbage, GOOD]), 'ok', name)
    t.same(heard.frames.length, 2, name)
    t.same(heard.troubles.at(-1), { code: 'resynchronised', offset: MEBIBYTE, skippedBytes: MEBIBYTE }, name)

    const lost = new Listener()
    const giving = new StreamReader(lost)
    t.equal(feed(giving, [garbage, Buffer.from('x'), GOOD]), 'gave-up', name)
    t.same(lost.frames, [], name)
    t.same(lost.troubles.at(-1), { code: 'gave-up', offset: 0, skippedBytes: MEBIBYTE }, name)
    t.equal(giving.push(GOOD), 'gave-up', 'for good')
    giving.end()
    t.equal(lost.codes.length, 2, 'one trouble at its beginning, one at its end')
    const all = Buffer.concat([garbage, Buffer.from('x'), GOOD])
    t.equal(digestOf(piecesOf(all, 13)), digestOf([all]), name)
  }
  t.end()
})

void t.test('the bound can be set', (t) => {
  const read = (garbage: number): number =>
    listenTo([ONE, TWO].map(exactFrame).concat(Buffer.alloc(garbage), exactFrame(THREE)), { maxGarbageBytes: 1000 })
      .heard.frames.length
  t.equal(read(1000), 3)
  t.equal(read(1001), 2)
  t.end()
})

void t.test('it is counted anew after each record', (t) => {
  const garbage = Buffer.alloc(900, '-')
  const { heard } = listenTo(Array.from({ length: 6 }, () => [garbage, GOOD]).flat(), { maxGarbageBytes: 1000 })
  t.equal(heard.frames.length, 12)
  t.end()
})

void t.test('only a header that says enough is believed in the midst of garbage', (t) => {
  const isBelieved = (bytes: Buffer): boolean => listenTo([GOOD, Buffer.from('?'), bytes, GOOD]).heard.frames.length > 4
  const begun = (words: Parameters<typeof header>[0], text: string): Buffer =>
    Buffer.concat([header({ size: Buffer.byteLength(text), ...words }), Buffer.from(text)])
  t.ok(isBelieved(begun({}, 'audit(1.1:1): ')))
  t.ok(isBelieved(begun({ type: 0xffffffff, version: 1 }, 'node=x type=NEW msg=x')))
  t.ok(isBelieved(begun({ version: 1 }, 'type=EOE msg=x')))
  t.ok(isBelieved(begun({ version: 1 }, 'typ')), 'as far as the size goes')
  t.ok(isBelieved(begun({}, '')))
  t.notOk(isBelieved(begun({}, 'type=EOE msg=x')), 'the start of the other version')
  t.notOk(isBelieved(begun({ version: 1 }, 'audit(1.1:1): ')))
  t.notOk(isBelieved(begun({}, 'audi!(1.1:1): ')))
  t.notOk(isBelieved(begun({ type: 999 }, 'audit(1.1:1): ')))
  t.notOk(isBelieved(begun({ type: 3000 }, 'audit(1.1:1): ')))
  t.notOk(isBelieved(begun({ type: 0 }, 'audit(1.1:1): ')))
  t.end()
})

void t.test('a size that swallows the next records leaves out its own record only', (t) => {
  const bytes = exactStream([ONE, TWO, THREE, ONE])
  header({ size: 300 }).copy(bytes)
  const { length } = exactFrame(ONE)
  const { heard, reader } = listenTo([bytes, GOOD, GOOD])
  t.same(
    heard.payloads.slice(0, 3),
    [TWO, THREE, ONE].map(({ payload }) => payload.toString()),
  )
  t.same(heard.troubles, [{ code: 'damaged-payload', offset: 0, size: 300, skippedBytes: length }])
  t.match(reader.counters, { frames: 7, damaged: 1, skippedBytes: length })
  t.same(listenTo([bytes]).heard.frames.length, 3, 'also when the stream ends before it is satisfied')
  t.end()
})

void t.test('a size that swallows any part of the next header costs no other record', (t) => {
  for (let extra = 1; extra <= exactFrame(TWO).length; extra++) {
    for (const next of [TWO, THREE]) {
      const bytes = exactStream([ONE, next, ONE])
      header({ size: ONE.payload.length + extra }).copy(bytes)
      for (const pieceBytes of [bytes.length, 1]) {
        const { heard } = listenTo(piecesOf(bytes, pieceBytes))
        t.same(
          heard.payloads.slice(-2),
          [next, ONE].map(({ payload }) => payload.toString()),
          `by ${extra} bytes`,
        )
      }
    }
  }
  t.end()
})

void t.test('the framing is found out anew behind a swallowed header', (t) => {
  const swallowing = Buffer.concat([header({ size: 500 }), Buffer.from('audit(1.1:1): ')])
  const { heard, reader } = listenTo([GOOD, swallowing, paddedStream([ONE, TWO, THREE], 'x')])
  t.same(
    heard.payloads,
    [ONE, TWO, ONE, TWO, THREE].map(({ payload }) => payload.toString()),
  )
  t.same(heard.codes, ['damaged-payload'])
  t.equal(reader.kind, 'padded')
  t.end()
})

void t.test('a torn header that takes its last bytes from the next one costs no other record', (t) => {
  const frame = exactFrame(ONE)
  const expected = [ONE, TWO, ONE, TWO].map(({ payload }) => payload.toString())
  // With its first 12 bytes the next version word, 0, is its size: an empty record, which is legal, so it comes as well.
  const withEmpty = expected.toSpliced(2, 0, '')
  for (let torn = 1; torn < 16; torn++) {
    for (const pieceBytes of [frame.length, 1]) {
      const bytes = Buffer.concat([GOOD, frame.subarray(0, torn), frame, exactFrame(TWO)])
      const { heard } = listenTo(piecesOf(bytes, pieceBytes))
      t.same(heard.payloads, torn === 12 ? withEmpty : expected, `${torn} bytes of it`)
    }
  }
  t.end()
})

void t.test('a swallowed part of a header is found wherever the held bytes are moved', (t) => {
  const damaged = exactStream([ONE, TWO])
  header({ size: ONE.payload.length + 15 }).copy(damaged)
  const pairs = Array.from({ length: 300 }, () => damaged)
  for (let shift = 0; shift < damaged.length; shift += 3) {
    const bytes = Buffer.concat([
      exactFrame({ ...THREE, payload: Buffer.alloc(20 + shift, 'audit(1.1:1): ') }),
      ...pairs,
    ])
    const { heard } = listenTo(piecesOf(bytes, 1))
    t.equal(heard.frames.filter(({ version }) => version === 1).length, pairs.length, `by ${shift} bytes`)
  }
  t.end()
})

void t.test('a run of records that each swallow the next is told once', (t) => {
  const nested = Buffer.concat(
    Array.from({ length: 500 }, () => Buffer.concat([header({ size: 8970 }), Buffer.from('audit(')])),
  )
  const { heard, reader } = listenTo([nested, GOOD, Buffer.alloc(9000, '.')])
  t.same(
    heard.payloads,
    [ONE, TWO].map(({ payload }) => payload.toString()),
  )
  t.same(heard.codes.slice(0, 1), ['damaged-payload'])
  t.equal(heard.codes.filter((code) => code === 'damaged-payload').length, 1)
  t.equal(reader.counters.damaged, 500)
  t.end()
})

void t.test('a NUL in a payload that holds no header does not cost the record', (t) => {
  const record = { ...ONE, payload: Buffer.from('audit(1.1:1): a\0b\0\x10\0\0\0c') }
  const { heard } = listenTo([exactStream([record, TWO])])
  t.same(
    heard.payloads,
    [record, TWO].map(({ payload }) => payload.toString()),
  )
  t.same(heard.troubles, [])
  t.end()
})

void t.test('a header that stands 8986 bytes on by chance does not make an exact stream a padded one', (t) => {
  const filler = { ...ONE, payload: Buffer.alloc(5000, 'audit(1.1:1): x') }
  const gap = 8986 - exactFrame(ONE).length - exactFrame(filler).length
  for (const rest of [[TWO, THREE, ONE], []]) {
    const { heard } = listenTo([exactFrame(ONE), Buffer.alloc(gap, '!'), exactStream([filler, ...rest])])
    t.same(
      heard.payloads,
      [ONE, filler, ...rest].map(({ payload }) => payload.toString()),
    )
  }
  t.end()
})

void t.test('garbage that moves a header to 8986 bytes behind another costs no record, and is told', (t) => {
  const gap = Buffer.alloc(8986 - exactFrame(ONE).length, '!')
  for (const records of [
    [TWO, THREE, ONE],
    [TWO, THREE],
  ]) {
    const bytes = Buffer.concat([exactFrame(ONE), gap, exactStream(records)])
    for (const pieceBytes of [bytes.length, 1]) {
      const { heard, reader } = listenTo(piecesOf(bytes, pieceBytes))
      t.same(
        heard.payloads,
        [ONE, ...records].map(({ payload }) => payload.toString()),
      )
      t.same(heard.troubles, [{ code: 'resynchronised', offset: 8986, skippedBytes: gap.length }])
      t.match(reader.counters, { skippedBytes: gap.length, resyncs: 1 })
      t.equal(reader.kind, 'exact')
    }
  }
  t.end()
})

void t.test('records found in what is left at the end', (t) => {
  const { heard } = listenTo([exactFrame(ONE), Buffer.alloc(100, '!'), GOOD])
  t.equal(heard.frames.length, 3, 'although the framing was still open')
  t.same(heard.codes, ['unknown-version', 'resynchronised'])
  t.end()
})

void t.test('a padded stream finds its frames again after lost bytes', (t) => {
  const bytes = Buffer.concat([paddedStream([ONE, TWO], 'x'), Buffer.from('!'), paddedStream([THREE, ONE, TWO], 'x')])
  const { heard, reader } = listenTo([bytes])
  t.same(
    heard.payloads,
    [ONE, TWO, THREE, ONE, TWO].map(({ payload }) => payload.toString()),
  )
  t.equal(reader.kind, 'padded')
  t.equal(reader.counters.skippedBytes, 1)
  t.same(listenTo([paddedFrame(ONE, 'x').subarray(0, -3), paddedStream([TWO, THREE, ONE], 'x')]).heard.frames.length, 4)
  t.end()
})

void t.test('never more is held than a frame and the header behind it', (t) => {
  const random = new Random(11)
  const bytes = Buffer.concat([
    paddedStream([ONE, TWO, THREE], 'x'),
    Buffer.alloc(200_000, header()),
    exactStream([ONE, TWO]),
    random.bytes(100_000),
    header({ size: 8970 }),
    random.bytes(20_000),
  ])
  const reader = new StreamReader(new Listener())
  let most = 0
  for (const piece of piecesOf(bytes, 999)) {
    reader.push(piece)
    most = Math.max(most, reader.heldBytes)
  }
  t.ok(most < 8986 + 16, `held ${most} bytes`)
  t.end()
})
