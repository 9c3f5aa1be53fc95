import { test } from 'tap'
import { execArguments } from '../../src/protocol/event-arguments.js'
import type { ExecArguments } from '../../src/protocol/event-arguments.js'
import type { AuditRecord } from '../../src/protocol/record-fields.js'
import { readRecord } from '../../src/protocol/record-fields.js'
import { recordedLines } from './recorded-lines.js'

function recordsOf(...bodies: string[]): AuditRecord[] {
  return bodies.flatMap((body) => readRecord(`type=EXECVE msg=audit(1.000:1): ${body}`) ?? [])
}

function argumentsOf(...bodies: string[]): ExecArguments | undefined {
  return execArguments(recordsOf(...bodies))
}

void test('arguments of one record', (t) => {
  t.same(argumentsOf('argc=3 a0="ls" a1=2D6C20C3A9 a2=""'), { list: ['ls', '-l é', ''], count: 3, isWhole: true })
  t.same(argumentsOf('argc=0'), { list: [], count: 0, isWhole: true })
  t.equal(execArguments([]), undefined)
  const [path] = [readRecord('type=PATH msg=audit(1.000:1): a0="x" argc=1')]
  t.equal(execArguments(path === undefined ? [] : [path]), undefined, 'EXECVE alone has them')
  t.end()
})

void test('arguments in pieces', (t) => {
  const first = 'argc=3 a0="true" a1_len=8 a1[0]=C3'
  const second = ' a1[1]=A92020 a2_len=4 a2[0]="ab"'
  const third = ' a2[1]="cd"'
  const whole = { list: ['true', 'é  ', 'abcd'], count: 3, isWhole: true }
  t.same(argumentsOf(first, second, third), whole, 'a character over two pieces')
  t.same(argumentsOf(third, second, first), whole, 'in any order')
  t.same(
    argumentsOf(first, second),
    { list: ['true', 'é  ', 'ab'], count: 3, isWhole: false },
    'a piece at the end is missing',
  )
  t.same(argumentsOf(first, third), { list: ['true', '\ufffd', ''], count: 3, isWhole: false })
  t.same(argumentsOf(second, third), { list: [], count: undefined, isWhole: false }, 'the first record is missing')
  t.end()
})

void test('what records only claim', (t) => {
  t.same(argumentsOf('argc=1000000000 a0="x" a999999="y" a9999999999="z"'), { list: ['x'], count: 1e9, isWhole: false })
  t.same(argumentsOf('argc=2 a0="x" a2="y"'), { list: ['x'], count: 2, isWhole: false }, 'up to a gap')
  t.same(argumentsOf('argc=x a0="x"'), { list: ['x'], count: undefined, isWhole: false })
  t.same(argumentsOf('argc=1 a0="x" a0="y"'), { list: ['x'], count: 1, isWhole: true }, 'the first counts')
  t.same(argumentsOf('argc=1 a0_len=9 a0="x"'), { list: ['x'], count: 1, isWhole: false })
  t.end()
})

void test('recorded arguments are whole', (t) => {
  const groups = new Map<number, AuditRecord[]>()
  for (const record of recordedLines('v3.0.9-raw-plugin.string').flatMap((line) => readRecord(line) ?? [])) {
    groups.set(record.serial, [...(groups.get(record.serial) ?? []), record])
  }
  const found = [...groups.values()].flatMap((records) => execArguments(records) ?? [])
  t.ok(found.length > 40)
  t.same(
    found.filter(({ isWhole }) => !isWhole),
    [],
  )
  const lengths = found.flatMap(({ list }) => list.map((each) => Buffer.byteLength(each)))
  t.equal(Math.max(...lengths), 20000, 'one over six records')
  t.end()
})
