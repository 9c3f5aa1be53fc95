// Text streams: when a stream is text, and which lines come.
import t from 'tap'
import type { Test } from 'tap'
import { StreamReader } from '../../src/protocol/stream.js'
import { Listener, feed, listenTo, piecesOf } from './listener.js'
import { exactFrame, exactStream, header, wholeRecord } from './wire.js'

const LINE = 'type=SYSCALL msg=audit(1.1:1): a=b\n'
const NODE_LINE = 'node=n1 type=EOE msg=audit(1.1:1): \n'
const LONGEST = 65_536

function lineOf(bytes: number): string {
  return `type=PATH msg=${'x'.repeat(bytes - 15)}\n`
}

function textIn(t: Test, text: string | Buffer): ReturnType<typeof listenTo> {
  const bytes = typeof text === 'string' ? Buffer.from(text, 'latin1') : text
  const whole = listenTo([bytes])
  for (const pieceBytes of [1, 1000]) {
    const { heard } = listenTo(piecesOf(bytes, pieceBytes))
    t.same(
      [heard.text, heard.lineCount, heard.troubles],
      [whole.heard.text, whole.heard.lineCount, whole.heard.troubles],
    )
  }
  return whole
}

void t.test('text begins with type= or node=', (t) => {
  for (const text of [LINE, NODE_LINE, `${LINE}\n${NODE_LINE}`, 'type=\n']) {
    const { heard, reader } = textIn(t, text)
    t.equal(heard.text, text)
    t.equal(reader.kind, 'text')
    t.same(heard.troubles, [])
    t.match(reader.counters, { lines: text.split('\n').length - 1, bytes: text.length, skippedBytes: 0 })
  }
  t.end()
})

void t.test('a line comes with its LF', (t) => {
  const heard = new Listener()
  const reader = new StreamReader(heard)
  for (const line of [LINE, NODE_LINE, LINE]) {
    const before = heard.text
    feed(reader, [Buffer.from(line.slice(0, -1))])
    t.equal(heard.text, before)
    feed(reader, [Buffer.from('\n')])
    t.equal(heard.text, before + line)
  }
  t.end()
})

void t.test('the rest of a line that began before the stream is told, not delivered', (t) => {
  for (const rest of ['\n', '1.1:1): a=b\n', `${'x'.repeat(65_535)}\n`]) {
    const { heard, reader } = textIn(t, rest + LINE + NODE_LINE)
    t.equal(heard.text, LINE + NODE_LINE)
    t.same(heard.troubles, [{ code: 'partial-line', offset: 0, skippedBytes: rest.length }])
    t.match(reader.counters, { skippedBytes: rest.length, lines: 2 })
  }
  t.end()
})

void t.test('it is binary when the first line is longer, or no record follows it', (t) => {
  for (const text of [`${'x'.repeat(65_536)}\n${LINE}`, `rest\nnothing\n${LINE}`, `rest\n${' '.repeat(70_000)}`]) {
    const { heard, reader } = listenTo([Buffer.from(text)])
    t.equal(heard.text, '')
    t.equal(reader.kind, 'undecided')
    t.equal(heard.codes[0], 'unknown-version')
  }
  t.end()
})

void t.test('it is binary when a header comes before the end of the first line', (t) => {
  const record = wholeRecord(1)
  const stream = exactStream([record, record])
  for (const bytes of [
    stream.subarray(16),
    Buffer.concat([Buffer.from(`rest\n${LINE.trimEnd()}`), stream, Buffer.from('\n')]),
  ]) {
    for (const pieceBytes of [bytes.length, 1]) {
      const { heard } = listenTo(piecesOf(bytes, pieceBytes))
      t.equal(heard.text, '')
      t.equal(heard.payloads.at(-1), record.payload.toString())
    }
  }
  const behind = listenTo([Buffer.from(LINE), exactFrame(record), Buffer.from('\n')])
  t.equal(behind.heard.lineCount, 2, 'and text for good when it comes later')
  t.end()
})

void t.test('every byte but the LF is left alone', (t) => {
  const text = `${LINE}type=X msg=\0\0\r\n\r\n\n\xff\xfe\x1d\x7f\n${header().toString('latin1')}\n`
  t.equal(textIn(t, text).heard.text, text)
  t.end()
})

void t.test('a line of 65536 bytes comes, a longer one is dropped and told', (t) => {
  t.equal(textIn(t, LINE + lineOf(LONGEST) + LINE).heard.text, LINE + lineOf(LONGEST) + LINE)
  const { heard, reader } = textIn(t, LINE + lineOf(LONGEST + 1) + LINE + lineOf(200_000) + LINE)
  t.equal(heard.text, LINE + LINE + LINE)
  t.same(heard.troubles, [
    { code: 'line-too-long', offset: LINE.length },
    { code: 'line-too-long', offset: 2 * LINE.length + LONGEST + 1 },
  ])
  t.match(reader.counters, { tooLong: 2, skippedBytes: LONGEST + 1 + 200_000, lines: 3 })
  t.end()
})

void t.test('long lines in a row are told once', (t) => {
  const { heard, reader } = textIn(t, LINE + lineOf(LONGEST + 1).repeat(3) + LINE)
  t.same(heard.codes, ['line-too-long'])
  t.equal(reader.counters.tooLong, 3)
  t.end()
})

void t.test('also the first line can be too long', (t) => {
  const { heard } = textIn(t, lineOf(70_000) + LINE)
  t.equal(heard.text, LINE)
  t.same(heard.codes, ['line-too-long'])
  t.end()
})

void t.test('a last line without its LF is told, not delivered', (t) => {
  const torn = 'type=SYSCALL msg=audit(1'
  const heldBytes = torn.length
  for (const before of ['', LINE]) {
    const { heard, reader } = textIn(t, before + torn)
    t.equal(heard.text, before)
    t.same(heard.troubles, [
      { code: 'torn-end', offset: before.length, part: 'line', heldBytes, missingBytes: undefined },
    ])
    t.equal(reader.counters.tornRecords, 1)
  }
  t.same(textIn(t, `rest\n${torn}`).heard.codes, ['partial-line', 'torn-end'])
  t.same(textIn(t, lineOf(70_000).trimEnd()).heard.codes, ['line-too-long'], 'told already')
  t.end()
})

void t.test('a last line without its LF can be finished, if it looks like a record', (t) => {
  for (const [text, finished] of [
    [LINE.trimEnd(), LINE],
    [LINE + LINE.trimEnd(), LINE + LINE],
    [`rest\n${LINE.trimEnd()}`, LINE],
    [`${LINE}type=SYSCALL msg=audit(1`, undefined],
    [LINE, undefined],
    ['', undefined],
    [
      exactStream([wholeRecord(0, 1300)])
        .toString('latin1')
        .slice(0, -1),
      undefined,
    ],
  ] as const) {
    const heard = new Listener()
    const reader = new StreamReader(heard)
    reader.push(Buffer.from(text, 'latin1'))
    const before = heard.text
    t.equal(reader.finishLine(), finished !== undefined, JSON.stringify(text))
    t.equal(heard.text, finished ?? before)
    const held = reader.heldBytes
    reader.end()
    t.equal(heard.codes.includes('torn-end'), held > 0, 'what is left is told')
  }
  t.end()
})

void t.test('text can be forced, whatever it begins with', (t) => {
  const { heard, reader } = listenTo([Buffer.from(`first\n${LINE}`)], { force: 'text' })
  t.equal(heard.text, `first\n${LINE}`)
  t.equal(reader.kind, 'text')
  t.end()
})

void t.test('no more than the opening is held to find out that it is text', (t) => {
  const reader = new StreamReader(new Listener())
  for (let pushed = 1; pushed <= 70_000; pushed++) {
    reader.push(Buffer.from('x'))
    if (reader.heldBytes > pushed || reader.heldBytes >= LONGEST + 32) t.fail(`holds ${reader.heldBytes} bytes`)
    if (pushed === 60_000) t.equal(reader.heldBytes, pushed, 'it may still become text')
  }
  t.equal(reader.counters.badHeaders, 1, 'it did not')
  t.end()
})

void t.test('never more is held than a line', (t) => {
  const bytes = Buffer.from(`rest\n${LINE}${lineOf(1_000_000)}${lineOf(LONGEST)}${LINE}`)
  const reader = new StreamReader(new Listener())
  let most = 0
  for (const piece of piecesOf(bytes, 777)) {
    reader.push(piece)
    most = Math.max(most, reader.heldBytes)
  }
  t.ok(most < LONGEST, `held ${most} bytes`)
  t.end()
})
