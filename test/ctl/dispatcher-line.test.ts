import * as fc from 'fast-check'
import { test } from 'tap'
import { putDispatcher, takeDispatcher, type TakenOut } from '../../src/ctl/dispatcher-line.js'

const MAX = 158
const OURS = '/usr/sbin/audispd'
const put = (text: string): string => putDispatcher(text, OURS, MAX)

function textOf(taken: TakenOut): string {
  return taken.kind === 'taken' && !taken.edited ? taken.text : `not clean: ${JSON.stringify(taken)}`
}

void test('the line in force is kept as a comment, at its place', async (t) => {
  const text = put('log_file = /x\ndispatcher = /sbin/audispd\ndisp_qos = lossy\n')
  const marker = '# audispctl install changed the line below; audispctl uninstall restores it. seal='
  t.equal(
    text.replace(/seal=[0-9a-f]{12}/, 'seal='),
    `log_file = /x\n${marker}\n#was# dispatcher = /sbin/audispd\ndispatcher = ${OURS}\ndisp_qos = lossy\n`,
  )
})

void test('without one, the line comes at the end', async (t) => {
  t.match(put('a = b\n'), /^a = b\n# audispctl install added .* takes it out\. seal=.{12}\ndispatcher = .*audispd\n$/)
  t.match(put(''), /^# audispctl install added/)
})

void test('of two dispatchers the last one is in force, whatever its case', async (t) => {
  const text = put('dispatcher = /sbin/one\n  Dispatcher  =  /sbin/two\n')
  t.match(text, /^dispatcher = \/sbin\/one\n/)
  t.match(text, '\n#was#   Dispatcher  =  /sbin/two\n')
})

void test('a comment and a line that auditd skips are not in force', async (t) => {
  const skipped = `dispatcher = /${'x'.repeat(MAX)}\n#dispatcher = /sbin/audispd\n`
  t.ok(put(skipped).startsWith(skipped))
})

void test('taking it out gives every byte back', async (t) => {
  const line = fc.constantFrom(
    'dispatcher = /sbin/audispd',
    ' DISPATCHER = /sbin/other\r',
    '#dispatcher = /sbin/no',
    '',
    '#was# x',
    'caf\u00e9 = \u00ff',
    'disp_qos = lossy',
  )
  const text = fc
    .tuple(fc.array(line, { maxLength: 6 }), fc.boolean())
    .map(([lines, ended]) => lines.join('\n') + (ended ? '\n' : ''))
  fc.assert(
    fc.property(text, (before) => textOf(takeDispatcher(put(before))) === before),
    { numRuns: 500 },
  )
  t.pass()
})

void test('lines added round ours since then stay', async (t) => {
  const text = put('a = b\ndispatcher = /sbin/audispd')
  t.equal(
    textOf(takeDispatcher(`first = 1\n${text}last = 2\n`)),
    'first = 1\na = b\ndispatcher = /sbin/audispd\nlast = 2\n',
  )
})

void test('an edit of our line, of the old one or of the marker is noticed', async (t) => {
  const text = put('a = b\ndispatcher = /sbin/audispd\nc = d\n')
  for (const [from, to] of [
    [`= ${OURS}`, '= /opt/mine/audispd'],
    ['#was# dispatcher = /sbin/audispd', '#was# dispatcher = /sbin/other'],
    ['seal=', 'seal=000000000000 seal='],
  ] as const) {
    const taken = takeDispatcher(text.replace(from, to))
    t.match(taken, { kind: 'taken', edited: !from.startsWith('seal'), line: 2 }, from)
  }
})

void test('out of an edited block comes what is ours, and no more', async (t) => {
  const text = put('a = b\ndispatcher = /sbin/audispd\n').replace(`dispatcher = ${OURS}`, 'q_depth = 9')
  t.match(takeDispatcher(text), { edited: true, text: 'a = b\ndispatcher = /sbin/audispd\nq_depth = 9\n' })
})

void test('a file without our block', async (t) => {
  t.same(takeDispatcher('dispatcher = /sbin/audispd\n# audispctl install was here\n'), { kind: 'absent' })
  t.same(takeDispatcher(''), { kind: 'absent' })
})
