import { test } from 'tap'
import { bareLines } from '../../src/sdk/line-layout.js'
import { RecordBatch, type BatchRecord } from '../../src/sdk/record-batch.js'

const LOGIN = 'node=web1 type=LOGIN msg=audit(1795288154.099:9315): pid=7556 uid=0 comm="sshd"'

/** A batch that lies between other bytes. */
function batch(lines: string, count: number, last: number): RecordBatch {
  const before = 'RECORD 1 before\n'
  const bytes = Buffer.from(`${before}${lines}RECORD 999 behind\n`, 'latin1')
  return new RecordBatch(bytes, before.length, before.length + lines.length, count, last)
}

void test('a batch knows its ends without looking at its records', (t) => {
  const { first, last, count } = batch('RECORD 5 a\nRECORD 7 b\nRECORD 9007199254740991 c\n', 3, 9007199254740991)
  t.same({ first, last, count }, { first: 5, last: Number.MAX_SAFE_INTEGER, count: 3 })
  t.end()
})

void test('records one after the other, as they came', (t) => {
  const taken = batch('RECORD 5 a\nRECORD 70 b c \nRECORD 71 \nRECORD 72 \xff\x00\r\n', 4, 72)
  t.same(
    [...taken].map(({ seq, bytes }) => [seq, bytes.toString('latin1')]),
    [
      [5, 'a'],
      [70, 'b c '],
      [71, ''],
      [72, '\xff\x00\r'],
    ],
  )
  t.equal([...taken].at(3)?.text, '\ufffd\0\r')
  t.equal([...taken].length, 4, 'and again')
  t.end()
})

void test('records as lines, in pieces of a bounded size', (t) => {
  const pieces = (parted: RecordBatch, maxBytes: number): [string, number, number][] =>
    [...parted.lines(maxBytes)].map(({ bytes, count, last }) => [bytes.toString('latin1'), count, last])
  const lines = 'RECORD 5 a\nRECORD 70 b c \nRECORD 71 \nRECORD 9007199254740991 \xff\x00\r\n'
  const taken = batch(lines, 4, 9007199254740991)
  t.same(pieces(taken, 1000), [['a\nb c \n\n\xff\x00\r\n', 4, 9007199254740991]])
  t.same(pieces(taken, 7), [
    ['a\nb c \n', 2, 70],
    ['\n\xff\x00\r\n', 2, 9007199254740991],
  ])
  t.same(
    pieces(taken, 1).map(([text]) => text),
    ['a\n', 'b c \n', '\n', '\xff\x00\r\n'],
    'a longer record is a piece of its own',
  )
  const [piece] = taken.lines(1000)
  taken.retire()
  t.equal(piece?.bytes.toString('latin1'), 'a\nb c \n\n\xff\x00\r\n', 'the copies stay')
  t.throws(() => [...taken.lines(1000)], /over/)
  t.throws(() => [...batch('RECORD 5\n', 1, 5).lines(9)], /without a record/)
  t.end()
})

void test('pieces that are gone with the batch', (t) => {
  const texts = (parted: RecordBatch, maxBytes: number): string[] =>
    [...parted.pieces(maxBytes)].map((piece) => piece.toString('latin1'))
  t.same(texts(batch('RECORD 5 a\nRECORD 70 b c \nRECORD 71 \n', 3, 71), 7), ['a\nb c \n', '\n'])
  const bytes = Buffer.from('before\na\nb c \n\n\xff\x00\r\nbehind\n', 'latin1')
  const bare = new RecordBatch(bytes, 7, bytes.length - 7, 4, 8, bareLines(5))
  t.same(texts(bare, 1000), ['a\nb c \n\n\xff\x00\r\n'])
  t.same(texts(bare, 7), ['a\nb c \n', '\n\xff\x00\r\n'])
  t.same(texts(bare, 1), ['a\n', 'b c \n', '\n', '\xff\x00\r\n'], 'a longer record is a piece of its own')
  const [piece] = bare.pieces(1000)
  t.equal(piece?.buffer, bytes.buffer, 'lines are not copied where they lie as they are to')
  bare.retire()
  t.throws(() => texts(bare, 7), /over/)
  t.end()
})

void test('a record is parsed when somebody asks', (t) => {
  const [record] = batch(`RECORD 5 ${LOGIN}\n`, 1, 5)
  t.equal(record?.get('uid'), '0')
  t.equal(record?.get('comm'), 'sshd')
  t.equal(record?.get('none'), undefined)
  t.match(record?.parsed, { node: 'web1', typeName: 'LOGIN', timeMs: 1_795_288_154_099, serial: 9315 })
  t.equal(record?.parsed, record?.parsed, 'once')
  t.end()
})

void test('what is no audit record has no fields', (t) => {
  const [record] = batch('RECORD 5 what is this\n', 1, 5)
  t.equal(record?.parsed, undefined)
  t.equal(record?.get('uid'), undefined)
  t.equal(record?.text, 'what is this')
  t.end()
})

void test('a RECORD line without a record breaks the protocol', (t) => {
  t.throws(() => [...batch('RECORD 5 a\nRECORD 6\nRECORD 7 c\n', 3, 7)], { name: 'DispatcherViolation' })
  t.end()
})

void test('a batch that is over says so', (t) => {
  const taken = batch('RECORD 5 a\nRECORD 6 b\n', 2, 6)
  const seen: BatchRecord[] = []
  t.throws(() => {
    for (const record of taken) {
      seen.push(record)
      taken.retire()
    }
  }, /the batch is over/)
  t.equal(seen.length, 1)
  t.equal(taken.count, 2)
  t.end()
})
