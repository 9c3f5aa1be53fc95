import * as fc from 'fast-check'
import { test } from 'tap'
import { auditValue, ownRecordLine, type Author } from '../../src/protocol/own-record.js'

const AUTHOR: Author = { pid: 42, uid: 0, auid: 4_294_967_295, ses: 4_294_967_295 }
const RECORD =
  /^(?:node=(\S+) )?type=TRUSTED_APP msg=audit\((\d+)\.(\d{3}):(\d+)\): pid=42 uid=0 auid=4294967295 ses=4294967295 msg='(.*)'\n$/s

function lineAt(timeMs: number): string {
  return ownRecordLine({ op: 'loss-begin', fields: {}, success: true }, AUTHOR, '', timeMs, 7).toString()
}

void test('one record', (t) => {
  const record = { op: 'plugin-death', fields: { plugin: 'siem', exe: '/bin/p', how: 'exit status 1' }, success: false }
  t.equal(
    ownRecordLine(record, AUTHOR, 'web1', 1_366_512_421_512, 3).toString(),
    'node=web1 type=TRUSTED_APP msg=audit(1366512421.512:3): pid=42 uid=0 auid=4294967295 ses=4294967295 ' +
      'msg=\'op=plugin-death plugin=siem exe="/bin/p" how="exit status 1" res=failed\'\n',
  )
  t.match(lineAt(1000), /^type=TRUSTED_APP msg=audit\(1\.000:7\): .* msg='op=loss-begin res=success'\n$/)
  t.end()
})

void test('times', (t) => {
  const timeOf = (timeMs: number): string | undefined => /audit\(([\d.]+):/.exec(lineAt(timeMs))?.[1]
  t.same([0, 1, 999, 1000, 1_795_288_153_101, 1_795_288_153_999.99].map(timeOf), [
    '0.000',
    '0.001',
    '0.999',
    '1.000',
    '1795288153.101',
    '1795288153.999',
  ])
  t.end()
})

void test('values: bare, quoted, in hex', (t) => {
  const cases: readonly (readonly [value: string | number, written: string])[] = [
    [0, '0'],
    [123_456, '123456'],
    ['siem', 'siem'],
    ['queue-full', 'queue-full'],
    ['a:kept,b:stopped', 'a:kept,b:stopped'],
    ['12', '12'],
    // A reader would take these for hex.
    ['CAFE', '"CAFE"'],
    ['1A', '"1A"'],
    ['CAF', 'CAF'],
    ['cafe', 'cafe'],
    ['/usr/sbin/x', '"/usr/sbin/x"'],
    ['exit status 1', '"exit status 1"'],
    ['[x] {y} \\', '"[x] {y} \\"'],
    ['a=b', '"a=b"'],
    ['say "hi"', '7361792022686922'],
    ["it's", '69742773'],
    ['two\nlines', '74776F0A6C696E6573'],
    ['\u001b[2J', '1B5B324A'],
    ['ü', 'C3BC'],
    ['\u007f', '7F'],
    ['', '""'],
  ]
  for (const [value, written] of cases) t.equal(auditValue(value), written, JSON.stringify(value))
  t.end()
})

void test('bytes stand in hex, whatever they look like', (t) => {
  const cases: readonly (readonly [bytes: Uint8Array, written: string])[] = [
    [Buffer.from('block-ip'), '626C6F636B2D6970'],
    [Buffer.from('12'), '3132'],
    [Buffer.from("it's"), '69742773'],
    [Buffer.from('x\nop=y res=success'), '780A6F703D79207265733D73756363657373'],
    [Buffer.from([0, 0xff]), '00FF'],
    [Uint8Array.of(1, 0xab, 2).subarray(1), 'AB02'],
    [Buffer.alloc(0), '""'],
  ]
  for (const [bytes, written] of cases) t.equal(auditValue(bytes), written)
  const record = { op: 'x', fields: { args: Buffer.from('a b'), code: 'denied' }, success: false }
  t.match(ownRecordLine(record, AUTHOR, '', 1, 1).toString(), / msg='op=x args=612062 code=denied res=failed'\n$/)
  t.end()
})

/** What a reader of audit records may take a value for. Digits alone may be hex or a number: audit leaves that open. */
function readings(written: string): string[] {
  if (written.startsWith('"')) return [written.slice(1, -1)]
  if (!/^(?:[0-9A-F]{2})+$/.test(written)) return [written]
  const decoded = Buffer.from(written, 'hex').toString()
  return /[A-F]/.test(written) ? [decoded] : [decoded, written]
}

void test('whatever the values are, it is one record with the same values', (t) => {
  const value = fc.oneof(
    fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('latin1')),
    fc.string(),
    fc.string({ minLength: 1, maxLength: 6, unit: fc.constantFrom(...'0123456789ABCDEFabcdef'.split('')) }),
    fc.string({ minLength: 1, unit: fc.constantFrom('"', "'", '=', ')', ' ', '\n', '\0', ':', 'x') }),
  )
  fc.assert(
    fc.property(value, value, fc.nat(), (one, two, serial) => {
      const record = { op: 'loss', fields: { one, two }, success: true }
      const line = ownRecordLine(record, AUTHOR, '', 1234, serial).toString()
      const [, , , , read, text = ''] = RECORD.exec(line) ?? []
      const [, readOne = '', readTwo = ''] =
        /^op=loss one=("[^"]*"|[^" ]+) two=("[^"]*"|[^" ]+) res=success$/s.exec(text) ?? []
      return Number(read) === serial && readings(readOne).includes(one) && readings(readTwo).includes(two)
    }),
    { numRuns: 500 },
  )
  t.end()
})
