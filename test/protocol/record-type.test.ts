import { readFileSync } from 'node:fs'
import t from 'tap'
import { UNKNOWN_TYPE } from '../../src/protocol/frame.js'
import { RECORD_TYPES, recordTypeName, recordTypeNumber } from '../../src/protocol/record-type.js'

const LIST = readFileSync('test/fixtures/record-types.txt', 'utf8').trimEnd().split('\n')

void t.test('every type of the list has its name, and no other has one', (t) => {
  t.equal(LIST.length, 199)
  t.same(
    [...RECORD_TYPES].map(([type, name]) => `${type} ${name}`),
    LIST,
  )
  for (const [type, name] of LIST.map((line) => line.split(' '))) {
    t.equal(recordTypeName(Number(type)), name)
    t.equal(recordTypeNumber(name ?? ''), Number(type))
  }
  t.end()
})

void t.test('a number without a name is written as auditd writes it, and read back', (t) => {
  for (const type of [0, 1199, 2999, 3000, UNKNOWN_TYPE]) {
    t.equal(recordTypeName(type), `UNKNOWN[${type}]`)
    t.equal(recordTypeNumber(`UNKNOWN[${type}]`), type)
  }
  t.end()
})

void t.test('what is no name has no number', (t) => {
  for (const name of [
    '',
    'syscall',
    'SYSCALL ',
    'UNKNOWN',
    'UNKNOWN[]',
    'UNKNOWN[-1]',
    'UNKNOWN[99999999999]',
    'toString',
  ]) {
    t.equal(recordTypeNumber(name), UNKNOWN_TYPE, name)
  }
  t.equal(recordTypeNumber('UNKNOWN[4294967296]'), UNKNOWN_TYPE)
  t.end()
})
