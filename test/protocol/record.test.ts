import t from 'tap'
import type { Test } from 'tap'
import { UNKNOWN_TYPE } from '../../src/protocol/frame.js'
import {
  MAX_LINE_BYTES,
  lineNode,
  lineType,
  looksLikeRecord,
  maxLineBytes,
  writeLine,
} from '../../src/protocol/record.js'
import { RECORDED_LINES, recordedLines } from './recorded-lines.js'

interface LineOf {
  readonly version?: 0 | 1
  readonly type?: number
  readonly payload: string
  readonly clean?: boolean
  readonly node?: string
}

function lineOf(t: Test, { version = 0, type = 1300, payload, clean = false, node = '' }: LineOf): string {
  const nodePrefix = Buffer.from(node)
  const bytes = Buffer.from(`<<${payload}>>`, 'latin1')
  const end = bytes.length - 2
  const target = Buffer.alloc(3 + maxLineBytes(end - 2, nodePrefix.length), '#')
  const to = writeLine(target, 3, version, type, bytes, 2, end, clean, nodePrefix)
  t.equal(
    target.toString('latin1', 0, 3) + target.toString('latin1', to),
    '#'.repeat(3 + target.length - to),
    'stays inside',
  )
  t.equal(bytes.toString('latin1'), `<<${payload}>>`, 'leaves the payload as it is')
  return target.toString('latin1', 3, to)
}

void t.test('version 0 becomes a whole record', (t) => {
  t.equal(lineOf(t, { payload: 'audit(1.2:3): a=b ', clean: true }), 'type=SYSCALL msg=audit(1.2:3): a=b \n')
  t.equal(lineOf(t, { payload: 'audit(1.2:3): ', type: 1337 }), 'type=OPENAT2 msg=audit(1.2:3): \n')
  t.equal(lineOf(t, { payload: 'x', type: 1199, node: 'node=n1 ' }), 'node=n1 type=UNKNOWN[1199] msg=x\n')
  t.equal(lineOf(t, { payload: '', type: UNKNOWN_TYPE, clean: true }), 'type=UNKNOWN[4294967295] msg=\n')
  t.end()
})

void t.test('version 1 is a whole record, and nothing is put before it', (t) => {
  t.equal(lineOf(t, { version: 1, payload: 'type=EOE msg=x', node: 'node=n1 ', clean: true }), 'type=EOE msg=x\n')
  t.equal(lineOf(t, { version: 1, payload: '' }), '\n')
  t.end()
})

void t.test('no byte is changed but LF and NUL, and NULs at the end go', (t) => {
  t.equal(lineOf(t, { version: 1, payload: 'a\nb\0c\0\0' }), 'a b c\n')
  t.equal(lineOf(t, { version: 1, payload: '\0\0\n\n\0' }), '    \n')
  t.equal(lineOf(t, { version: 1, payload: '\0\0' }), '\n')
  t.equal(lineOf(t, { version: 1, payload: 'a\r\t\x1d\x7f\xff\xc3 ' }), 'a\r\t\x1d\x7f\xff\xc3 \n')
  t.end()
})

void t.test('the room is enough for the longest name and payload', (t) => {
  const payload = 'x'.repeat(8970)
  t.equal(lineOf(t, { payload, type: UNKNOWN_TYPE, node: 'node=n1 ' }).length, maxLineBytes(8970, 8) - 6)
  t.equal(lineOf(t, { payload, type: 2214 }).length, maxLineBytes(8970, 0) - 2, 'RESP_ORIGIN_BLOCK_TIMED')
  t.equal(lineOf(t, { payload, type: 2215 }).length, maxLineBytes(8970, 0), 'RESP_ORIGIN_UNBLOCK_TIMED')
  t.equal(MAX_LINE_BYTES, 65536)
  t.end()
})

void t.test('the type and the node that a line names', (t) => {
  for (const [line, type, node] of [
    ['type=SYSCALL msg=audit(1.2:3): a=b', 1300, ''],
    ['type=EOE msg=audit(1.2:3): \n', 1320, ''],
    ['node=web1 type=UNKNOWN[1199] msg=x', 1199, 'web1'],
    ['node=grün type=PATH msg=x', 1302, 'grün'],
    ['node= type=PATH msg=x', 1302, ''],
    ['type=PATH', 1302, ''],
    ['type=PATH\n', 1302, ''],
    ['type=path msg=x', UNKNOWN_TYPE, ''],
    ['type=', UNKNOWN_TYPE, ''],
    ['typ', UNKNOWN_TYPE, ''],
    ['', UNKNOWN_TYPE, ''],
    ['node=web1', UNKNOWN_TYPE, ''],
    ['node=web1 ', UNKNOWN_TYPE, 'web1'],
    ['node=a node=b type=PATH msg=x', UNKNOWN_TYPE, 'a'],
    [`type=${'A'.repeat(9000)} msg=x`, UNKNOWN_TYPE, ''],
    [' type=PATH msg=x', UNKNOWN_TYPE, ''],
  ] as const) {
    const bytes = Buffer.from(`type=CWD ${line} type=CWD `)
    const end = 9 + Buffer.byteLength(line)
    t.equal(lineType(bytes, 9, end), type, line.slice(0, 40))
    t.equal(lineNode(bytes, 9, end), node, line.slice(0, 40))
  }
  t.end()
})

/** Asked of the text among others, which must not be looked at. */
function looksAlike(text: string): boolean {
  const bytes = Buffer.from(`type=${text}type=CWD msg=audit(1.2:3): `, 'latin1')
  return looksLikeRecord(bytes, 5, 5 + text.length)
}

void t.test('every recorded record looks like one', (t) => {
  for (const name of RECORDED_LINES) {
    const lines = recordedLines(name)
    t.ok(lines.length > 100, `${name}: ${lines.length} records`)
    t.same(
      lines.filter((line) => !looksLikeRecord(line, 0, line.length)).map((line) => line.toString('latin1')),
      [],
    )
  }
  t.end()
})

void t.test('what looks like a record', (t) => {
  for (const text of [
    'type=SYSCALL msg=audit(1366512421.512:33896127): arch=c000003e',
    'node=web1 type=EOE msg=audit(1.2:3):',
    'node=gr\xc3\xbcn type=UNKNOWN[1337] msg=audit(0.000:0): ',
    'type=1300 msg=audit(1.2:3):x',
    'type=DAEMON_CONFIG msg=audit(1795288159.439:1766) op=reconfigure state=changed',
    'type=USER_CMD msg=audit(1.2:3): \xff\x00\x1d\x1b[2J',
  ])
    t.ok(looksAlike(text), text)
  t.end()
})

void t.test('what does not look like a record', (t) => {
  for (const text of [
    '',
    'type=SYSCALL',
    'type= msg=audit(1.2:3): ',
    'type=syscall msg=audit(1.2:3): ',
    'type=SYSCALL  msg=audit(1.2:3): ',
    'type=SYSCALL msg=audit(1.2:3)',
    'type=SYSCALL msg=audit(1.2:3)x',
    'type=SYSCALL msg=audit(1.2:3',
    'type=SYSCALL msg=audit(1.2): ',
    'type=SYSCALL msg=audit(1:3): ',
    'type=SYSCALL msg=audit(.2:3): ',
    'type=SYSCALL msg=audit(1.:3): ',
    'type=SYSCALL msg=audit(1.2:): ',
    'type=SYSCALL msg=audit(-1.2:3): ',
    'type=SYSCALL msg=audit(1,2:3): ',
    'type=SYSCALL msg=x',
    'type=SYSCALL audit(1.2:3): ',
    ' type=SYSCALL msg=audit(1.2:3): ',
    'node= type=SYSCALL msg=audit(1.2:3): ',
    'node=web1',
    'node=web1 ',
    'node=a node=b type=SYSCALL msg=audit(1.2:3): ',
    'Type=SYSCALL msg=audit(1.2:3): ',
    'RECORD 1 type=SYSCALL msg=audit(1.2:3): ',
  ])
    t.notOk(looksAlike(text), text)
  const whole = 'node=web1 type=SYSCALL msg=audit(1366512421.512:33896127):'
  for (let cut = 0; cut < whole.length; cut++) t.notOk(looksAlike(whole.slice(0, cut)), `cut at ${cut}`)
  t.ok(looksAlike(whole))
  t.end()
})

void t.test('nothing is read beyond the record, however large the buffer', (t) => {
  const bytes = Buffer.alloc(8 * 1024 * 1024, '1')
  bytes.write('node=')
  let isAny = false
  // A search for the blank through all of it would take minutes.
  for (let n = 0; n < 20_000; n++) isAny ||= looksLikeRecord(bytes, 0, 5 + (n % 100))
  t.notOk(isAny)
  t.end()
})
