import * as fc from 'fast-check'
import { test } from 'tap'
import {
  DEFAULT_WINDOW,
  ERROR_CODES,
  errLine,
  helloLine,
  isRecordLine,
  lineEnd,
  LINE_VERSION,
  LONGEST_LINE_BYTES,
  LOST_REASONS,
  lostLine,
  numberOf,
  okLine,
  readDispatcherLine,
  readPluginLine,
  readReadyOptions,
  recordNumber,
  type DispatcherLine,
  type PluginLine,
} from '../../src/protocol/line.js'

/** 2^53-1, the highest number that there is, and the one above. */
const HIGHEST = '9007199254740991'
const TOO_HIGH = '9007199254740992'
/** A line lies somewhere in a buffer, and what is around it must not matter. */
const BEFORE = Buffer.from('RECORD 1 ')
const BEHIND = Buffer.from('\n5 7\n')

interface Placed {
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
}

function placed(line: string | Buffer): Placed {
  const own = typeof line === 'string' ? Buffer.from(line) : line
  const bytes = Buffer.concat([BEFORE, own, BEHIND])
  return { bytes, start: BEFORE.length, end: BEFORE.length + own.length }
}

/** The line with what it carries instead of where that lies. */
function plugin(line: string | Buffer): PluginLine | object {
  const { bytes, start, end } = placed(line)
  return withContent(readPluginLine(bytes, start, end), bytes)
}

function dispatcher(line: string | Buffer): DispatcherLine | object {
  const { bytes, start, end } = placed(line)
  return withContent(readDispatcherLine(bytes, start, end), bytes)
}

function withContent(line: PluginLine | DispatcherLine, bytes: Buffer): object {
  if (!('start' in line)) return line
  const { start, end, ...rest } = line
  return { ...rest, content: bytes.toString('latin1', start, end) }
}

function wrong(why: string, text: string): object {
  return { verb: 'wrong', why, text }
}

void test('what a plugin says', (t) => {
  t.same(plugin('READY 1'), { verb: 'READY', version: 1, options: [] })
  t.same(plugin('READY 2 ack from=7'), { verb: 'READY', version: 2, options: ['ack', 'from=7'] })
  t.same(plugin('ACK 1'), { verb: 'ACK', seq: 1 })
  t.same(plugin(`ACK ${HIGHEST}`), { verb: 'ACK', seq: Number(HIGHEST) })
  t.same(plugin('PONG 3'), { verb: 'PONG', n: 3 })
  t.same(plugin('COMMAND t stats'), { verb: 'COMMAND', content: 't stats' })
  t.same(plugin('COMMAND'), { verb: 'COMMAND', content: '' })
  t.same(plugin('COMMAND \xff\xfe'), { verb: 'COMMAND', content: Buffer.from('\xff\xfe').toString('latin1') })
  t.same(plugin('RECORD 5 type=X msg=y'), { verb: 'RECORD', n: 5, content: 'type=X msg=y' })
  t.same(plugin('RECORD 5  two blanks '), { verb: 'RECORD', n: 5, content: ' two blanks ' })
  t.same(plugin('RECORD 5 '), { verb: 'RECORD', n: 5, content: '' }, 'an empty record is a bad one, and has a number')
  t.same(plugin('RECORD 5'), { verb: 'RECORD', n: 5, content: '' })
  t.end()
})

void test('what the dispatcher says', (t) => {
  t.same(dispatcher('HELLO 1'), { verb: 'HELLO', version: 1, keys: new Map() })
  const keys = [
    ['plugin', 'siem'],
    ['run', '6f1c'],
    ['x', 'a=b'],
    ['flag', ''],
  ]
  t.same(dispatcher('HELLO 2 plugin=siem run=6f1c x=a=b flag'), {
    verb: 'HELLO',
    version: 2,
    keys: new Map(pairs(keys)),
  })
  t.same(dispatcher('RECORD 101 type=X msg=y z'), { verb: 'RECORD', seq: 101, content: 'type=X msg=y z' })
  t.same(dispatcher('RECORD 101 '), { verb: 'RECORD', seq: 101, content: '' })
  t.same(dispatcher('LOST 3 5 9 poison'), { verb: 'LOST', count: 3, first: 5, last: 9, reason: 'poison' })
  t.same(dispatcher('LOST 0 5 5 input-gap'), { verb: 'LOST', count: 0, first: 5, last: 5, reason: 'input-gap' })
  t.same(dispatcher('LOST 1 5 5 of-later'), { verb: 'LOST', count: 1, first: 5, last: 5, reason: 'of-later' })
  t.same(dispatcher('ACK 7'), { verb: 'ACK', n: 7 })
  t.same(dispatcher('PING 8'), { verb: 'PING', n: 8 })
  t.same(dispatcher('OK t'), { verb: 'OK', tag: 't', result: '' })
  t.same(dispatcher('OK t {"a": 1}'), { verb: 'OK', tag: 't', result: '{"a": 1}' })
  t.same(dispatcher('ERR t denied not you'), { verb: 'ERR', tag: 't', code: 'denied', text: 'not you' })
  t.same(dispatcher('ERR t denied'), { verb: 'ERR', tag: 't', code: 'denied', text: '' })
  t.same(dispatcher('ERR - violation x'), { verb: 'ERR', tag: '-', code: 'violation', text: 'x' })
  t.same(dispatcher('RELOAD'), { verb: 'RELOAD' })
  t.same(dispatcher('STOP'), { verb: 'STOP' })
  t.end()
})

void test('comments and empty lines say nothing, in both directions', (t) => {
  for (const line of ['', '#', '# RECORD 1 x', '#\xff']) {
    t.same(plugin(line), { verb: '' })
    t.same(dispatcher(line), { verb: '' })
  }
  t.end()
})

void test('lines that no plugin may send', (t) => {
  const lines: [line: string, why: string][] = [
    ['READY', 'READY without a version'],
    ['READY one', 'READY without a version'],
    ['READY 0', 'READY without a version'],
    ['ACK', 'ACK without a seq'],
    ['ACK ', 'ACK without a seq'],
    ['ACK 0', 'ACK without a seq'],
    ['ACK 01', 'ACK without a seq'],
    ['ACK -1', 'ACK without a seq'],
    ['ACK +1', 'ACK without a seq'],
    ['ACK 1.0', 'ACK without a seq'],
    ['ACK 1e3', 'ACK without a seq'],
    ['ACK 0x10', 'ACK without a seq'],
    ['ACK 1 2', 'ACK without a seq'],
    ['ACK  1', 'ACK without a seq'],
    ['ACK 1 ', 'ACK without a seq'],
    [`ACK ${TOO_HIGH}`, 'ACK without a seq'],
    ['PONG', 'PONG without a number'],
    ['PONG x', 'PONG without a number'],
    ['RECORD ', 'RECORD without a number'],
    ['RECORD x', 'RECORD without a number'],
    ['RECORD  1 x', 'RECORD without a number'],
    ['RECORD 0 x', 'RECORD without a number'],
    ['RECORD 01 x', 'RECORD without a number'],
    ['RECORD -1 x', 'RECORD without a number'],
    ['RECORD 1x y', 'RECORD without a number'],
    [`RECORD ${TOO_HIGH} x`, 'RECORD without a number'],
    ['RECORD 99999999999999999 x', 'RECORD without a number'],
    ['RECORD', 'unknown verb'],
    ['ack 1', 'unknown verb'],
    [' ACK 1', 'unknown verb'],
    ['ACKN 1', 'unknown verb'],
    ['STOP', 'unknown verb'],
    ['COMMANDCOMMANDCOMMAND', 'unknown verb'],
    ['RECORDS 1 x', 'unknown verb'],
    ['RECORdX1 x', 'unknown verb'],
  ]
  for (const [line, why] of lines) t.same(plugin(line), wrong(why, line))
  t.end()
})

void test('lines that no dispatcher may send', (t) => {
  const lines: [line: string, why: string][] = [
    ['HELLO', 'HELLO without a version'],
    ['HELLO x=y', 'HELLO without a version'],
    ['RECORD 5', 'RECORD without a seq'],
    ['RECORD 0 x', 'RECORD without a seq'],
    ['RECORD x y', 'RECORD without a seq'],
    ['RECORD 5x y', 'RECORD without a seq'],
    ['LOST', 'LOST is count, first, last, reason'],
    ['LOST 1 2 3', 'LOST is count, first, last, reason'],
    ['LOST 1 0 3 failed', 'LOST is count, first, last, reason'],
    ['LOST 1 3 2 failed', 'LOST is count, first, last, reason'],
    ['LOST x 2 3 failed', 'LOST is count, first, last, reason'],
    ['LOST 01 2 3 failed', 'LOST is count, first, last, reason'],
    ['LOST 1 2 x failed', 'LOST is count, first, last, reason'],
    ['ACK', 'ACK without a number'],
    ['PING 0', 'PING without a number'],
    ['stop', 'no verb'],
    [' STOP', 'no verb'],
    ['it(1.000:3): y', 'no verb'],
  ]
  for (const [line, why] of lines) t.same(dispatcher(line), wrong(why, line))
  t.end()
})

void test('a verb of a later dispatcher is told from what is none', (t) => {
  for (const line of ['READY 1', 'RELOADED', 'RECORD', 'RECALL 1 x', 'NEW-VERB_2', 'OF-A-LATER-VERSION-OF-IT 1 2']) {
    t.same(dispatcher(line), { verb: 'unknown' }, line)
  }
  t.end()
})

void test('a carriage return is no part of any verb or number', (t) => {
  t.same(plugin('ACK 1\r'), wrong('ACK without a seq', 'ACK 1\\x0d'))
  t.same(plugin('READY 1\r'), wrong('READY without a version', 'READY 1\\x0d'))
  t.same(dispatcher('STOP\r'), wrong('no verb', 'STOP\\x0d'))
  t.same(plugin('\r'), wrong('unknown verb', '\\x0d'))
  t.same(plugin('RECORD 1 x\r'), { verb: 'RECORD', n: 1, content: 'x\r' }, 'in a record it is a byte as any other')
  t.end()
})

void test('a record passes as it came', (t) => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => byte !== 0x0a))
  const line = Buffer.concat([Buffer.from('RECORD 1 '), bytes])
  const content = bytes.toString('latin1')
  t.same(plugin(line), { verb: 'RECORD', n: 1, content })
  t.same(dispatcher(line), { verb: 'RECORD', seq: 1, content })
  t.end()
})

void test('a line that nobody may send is shown in part, and harmless', (t) => {
  t.same(plugin(`X${'y'.repeat(199)}`), wrong('unknown verb', `X${'y'.repeat(199)}`))
  t.same(plugin(`X${'y'.repeat(200)}`), wrong('unknown verb', `X${'y'.repeat(199)}…`))
  t.same(plugin(Buffer.from('\x1b[2J\xff\x7f~', 'latin1')), wrong('unknown verb', '\\x1b[2J\\xff\\x7f~'))
  t.end()
})

void test('every number 1 to 2^53-1 is read, in a record as elsewhere, and no other', (t) => {
  const nearHighest = fc.bigInt({ min: BigInt(HIGHEST) - 50n, max: BigInt(HIGHEST) + 50n })
  fc.assert(
    fc.property(
      fc.oneof(fc.maxSafeNat(), fc.bigInt({ min: 0n, max: 10n ** 18n }), fc.nat(2000), nearHighest),
      (number) => {
        const digits = String(number)
        const expected = Number.isSafeInteger(Number(digits)) ? Number(digits) : 0
        const { bytes, start, end } = placed(`RECORD ${digits} x`)
        return numberOf(digits) === expected && recordNumber(bytes, start, end) === expected
      },
    ),
  )
  for (const digits of ['1', '9', '10', '9007199254740989', '9007199254740990', HIGHEST]) {
    t.equal(numberOf(digits), Number(digits))
    t.same(plugin(`RECORD ${digits} x`), { verb: 'RECORD', n: Number(digits), content: 'x' })
    t.same(dispatcher(`RECORD ${digits} x`), { verb: 'RECORD', seq: Number(digits), content: 'x' })
  }
  for (const digits of [
    '',
    '0',
    '00',
    '01',
    TOO_HIGH,
    '9007199254740993',
    '9999999999999999',
    '10000000000000000',
    ' 1',
    '1 ',
    '1\n',
    '١',
  ]) {
    t.equal(numberOf(digits), 0, digits)
  }
  t.end()
})

void test('READY options', (t) => {
  const none = { ack: false, positions: false, from: undefined, window: DEFAULT_WINDOW }
  t.same(readReadyOptions([]), none)
  t.same(readReadyOptions(['ack']), { ...none, ack: true })
  t.same(readReadyOptions(['positions']), { ...none, positions: true })
  t.same(readReadyOptions(['from=5', 'ack', 'window=7', 'positions']), {
    ack: true,
    positions: true,
    from: 5,
    window: 7,
  })
  t.same(readReadyOptions([`window=${HIGHEST}`]), { ...none, window: Number(HIGHEST) })
  t.same(readReadyOptions(['ack', '']), { ...none, ack: true }, 'a blank at the end of the line')
  for (const option of [
    'nack',
    'ACK',
    'ack=1',
    'positions=1',
    'from',
    'from=',
    'from=0',
    'window',
    'window=x',
    'window=0',
  ]) {
    t.same(readReadyOptions(['ack', option]), { mistake: `unknown option '${option}'` })
  }
  t.same(readReadyOptions(['from=5']), { mistake: 'from= has a meaning only with ack' })
  t.end()
})

void test('lines as they are written', (t) => {
  t.equal(
    helloLine({ plugin: 'siem', run: 'r', next: 101, 'in-window': 4096, node: '' }),
    'HELLO 1 plugin=siem run=r next=101 in-window=4096\n',
  )
  t.equal(helloLine({}), 'HELLO 1\n')
  t.equal(lostLine({ count: 3, first: 4, last: 9, reason: 'queue-full' }), 'LOST 3 4 9 queue-full\n')
  t.equal(okLine('t', ''), 'OK t\n')
  t.equal(okLine('t', '{}'), 'OK t {}\n')
  t.equal(errLine('t', 'denied', 'not you'), 'ERR t denied not you\n')
  t.end()
})

void test('where records begin, their numbers, and where lines end', (t) => {
  const bytes = Buffer.from('RECORD 12 x\nRECORD\nRECORd 3\nACK 1\nRECORD 0 y\nRECORD 7')
  const starts: number[] = []
  for (let at = 0; at < bytes.length && lineEnd(bytes, at) > 0; at = lineEnd(bytes, at)) starts.push(at)
  t.same(starts, [0, 12, 19, 28, 34])
  t.equal(lineEnd(bytes, 45), 0, 'a line without an end')
  t.same(
    starts.map((at) => isRecordLine(bytes, at, lineEnd(bytes, at))),
    [true, false, false, false, true],
  )
  t.same(
    [0, 34, 45].map((at) => recordNumber(bytes, at, bytes.length)),
    [12, 0, 7],
  )
  t.equal(isRecordLine(bytes, 0, 6), false, 'the verb alone')
  t.end()
})

void test('the limits of the contract', (t) => {
  t.equal(LINE_VERSION, 1)
  t.equal(LONGEST_LINE_BYTES, 65_536)
  t.equal(DEFAULT_WINDOW, 4096)
  t.same(ERROR_CODES, 'unknown-command bad-arguments denied busy failed too-long bad-record violation'.split(' '))
  t.same(LOST_REASONS, 'queue-full suspended failed stopped too-long poison input-gap'.split(' '))
  t.end()
})

function pairs(keys: readonly (readonly string[])[]): [string, string][] {
  return keys.map(([key = '', value = '']) => [key, value])
}
