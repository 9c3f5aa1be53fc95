import { test } from 'tap'
import { receivedLine } from '../../../src/remote/rmw/received-line.js'
import { fateOf, messageBytes, sequenceOf, withoutNuls, writeMessage } from '../../../src/remote/rmw/sent-record.js'
import { rmw } from './wire.js'

const KEPT = 8954

/** Amid others, as it lies in a block. */
function amid(record: string): readonly [bytes: Buffer, start: number, end: number] {
  const before = 'type=EOE msg=audit(1.000:1): \n'
  return [Buffer.from(`${before}${record}\ntype=EOE \n`, 'latin1'), before.length, before.length + record.length]
}

void test('ends of events stay here, by their text', (t) => {
  const none = [
    'type=EOE msg=audit(1.000:1): ',
    'node=n type=EOE msg=audit(1.000:1): ',
    'node= type=EOE x',
    'type=EOE',
    '',
  ]
  for (const record of none) t.equal(fateOf(...amid(record)), 'none', record)
  const sent = [
    'type=EOEX msg=audit(1.000:1): ',
    'type=USER msg=audit(1.000:1): type=EOE ',
    'node=type=EOE type=USER msg=audit(1.000:1): ',
    'node=n',
    'node=n type=USER msg= type=EOE ',
    'no record at all',
  ]
  for (const record of sent) t.equal(fateOf(...amid(record)), 'sent', record)
  t.end()
})

void test('up to the longest that auditd keeps whole, and nothing cut', (t) => {
  for (const bytes of [1, 200, KEPT - 1, KEPT]) {
    const record = 'x'.repeat(bytes)
    const [lines, start, end] = amid(record)
    t.equal(fateOf(lines, start, end), 'sent')
    const target = Buffer.alloc(messageBytes(start, end) + 10, '!')
    const written = writeMessage(target, 5, 9, lines, start, end)
    const payload = bytes === KEPT ? record : `${record}\n`
    t.ok(target.subarray(5, written).equals(rmw(0, 9, payload)), `${bytes} bytes`)
    t.equal(target.toString('latin1', written), '!!!!!')
  }
  t.equal(fateOf(...amid('x'.repeat(KEPT + 1))), 'too-long')
  t.equal(fateOf(...amid(`type=EOE ${'x'.repeat(KEPT)}`)), 'too-long', 'nothing that long is an end of event')
  t.end()
})

void test('a record keeps its sequence number, and none has that of the heartbeats', (t) => {
  t.same([1, 2, 2 ** 32 - 2, 2 ** 32 - 1, 2 ** 32].map(sequenceOf), [2, 3, 2 ** 32 - 1, 1, 2])
  t.ok(sequenceOf(Number.MAX_SAFE_INTEGER) < 2 ** 32)
  t.end()
})

void test('NULs, at which auditd would end a record, are sent as blanks', (t) => {
  const clean = Buffer.from('type=A\ntype=B\n')
  t.equal(withoutNuls(clean), clean, 'nothing is copied')
  const spoilt = Buffer.from('\0type=A\0\0\nty\0pe=B\n\0')
  t.equal(withoutNuls(spoilt).toString(), ' type=A  \nty pe=B\n ')
  t.equal(spoilt[0], 0, 'and what was given stays as it is')
  t.end()
})

void test('what is received is one line, whatever it holds', (t) => {
  const expected: readonly (readonly [string, string | undefined])[] = [
    ['type=A msg=x\n', 'type=A msg=x\n'],
    ['type=A msg=x', 'type=A msg=x\n'],
    ['type=A\n\n', 'type=A \n'],
    ['type=A\ntype=FORGED\n', 'type=A type=FORGED\n'],
    ['type=A\0type=B\n', 'type=A type=B\n'],
    ['type=A\n\0\0', 'type=A\n'],
    ['type=A\x1dUID="root"\n', 'type=A\x1dUID="root"\n'],
    ['no record, \x1b[2J\xff\r\n', 'no record, \x1b[2J\xff\r\n'],
    [' ', ' \n'],
    ['\n', undefined],
    ['\0', undefined],
    ['\n\0\0\0', undefined],
    ['', undefined],
  ]
  for (const [payload, line] of expected) {
    const given = Buffer.from(payload, 'latin1')
    t.equal(receivedLine(given)?.toString('latin1'), line, JSON.stringify(payload))
    t.equal(given.toString('latin1'), payload, 'what was given stays as it is')
  }
  t.end()
})
