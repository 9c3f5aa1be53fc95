import { readFileSync } from 'node:fs'
import { test } from 'tap'
import { NO_ACCOUNTS, accountsIn, protocolsIn, readAccounts } from '../../../src/sdk/interpret/accounts.js'
import { auparseFields } from '../../../src/sdk/interpret/auparse-fields.js'
import { AUPARSE_KINDS } from '../../../src/sdk/interpret/auparse-kinds.js'
import { Interpreter } from '../../../src/sdk/interpret/interpreter.js'
import { answered } from './auparse-answers.js'

/** The accounts that the library was asked with. */
const ACCOUNTS = readAccounts((path) => readFileSync(`test/fixtures/auparse${path}`, 'latin1'))

for (const fixture of ['fields', 'interpretations', 'corners']) {
  void test(`libauparse's interpretations of the records in ${fixture}.log`, (t) => {
    const interpreter = new Interpreter(ACCOUNTS)
    for (const [record, answers] of answered(fixture)) {
      const fields = auparseFields(record)
      const ours = fields.map(({ name }, index) => [
        name,
        interpreter.interpret(fields, index),
        interpreter.kind(fields, index),
      ])
      const theirs = answers.map(({ name, interpretation, kind }) => [name, interpretation ?? '', AUPARSE_KINDS[kind]])
      t.same(ours, theirs, JSON.stringify(record.slice(0, 200)))
    }
    t.end()
  })
}

void test('paths made whole by the working directory of their event', (t) => {
  const interpreter = new Interpreter(ACCOUNTS)
  let cwd: string | undefined
  for (const [record, answers] of answered('paths')) {
    const fields = auparseFields(record)
    if (record.includes(':2)')) cwd = undefined
    if (record.startsWith('type=CWD')) cwd = fields.find(({ name }) => name === 'cwd')?.value
    const ours = fields.map((_, index) => interpreter.realPath(fields, index, cwd))
    t.same(
      ours,
      answers.map(({ interpretation }) => interpretation),
      record,
    )
  }
  t.end()
})

void test('what audisp-syslog asks for: an address by itself, or else its family', (t) => {
  const interpreter = new Interpreter(ACCOUNTS)
  for (const [record, answers] of answered('syslog')) {
    const fields = auparseFields(record)
    const ours = fields.map((_, index) => {
      if (interpreter.kind(fields, index) !== 'sockaddr') return interpreter.realPath(fields, index, undefined)
      return interpreter.socketPart(fields, index, 'laddr') ?? interpreter.socketPart(fields, index, 'fam') ?? null
    })
    t.same(
      ours,
      answers.map(({ interpretation }) => interpretation),
      JSON.stringify(record),
    )
  }
  t.end()
})

void test('the parts of an address', (t) => {
  const interpreter = new Interpreter(NO_ACCOUNTS)
  const fields = auparseFields('type=SOCKADDR saddr=02000035C00002010000000000000000')
  t.equal(interpreter.socketPart(fields, 1, 'fam'), 'inet')
  t.equal(interpreter.socketPart(fields, 1, 'laddr'), '192.0.2.1')
  t.equal(interpreter.socketPart(fields, 1, 'lport'), '53')
  t.equal(interpreter.socketPart(fields, 0, 'fam'), undefined)
  const local = auparseFields('type=SOCKADDR saddr=0100002F78')
  t.equal(interpreter.socketPart(local, 1, 'lport'), undefined)
  t.end()
})

void test('there is nothing to say of a field that is not there', (t) => {
  const interpreter = new Interpreter(NO_ACCOUNTS)
  const fields = auparseFields('type=LOGIN uid=0')
  t.equal(interpreter.interpret(fields, 2), '')
  t.equal(interpreter.interpret(fields, -1), '')
  t.equal(interpreter.kind(fields, 2), 'unclassified')
  t.end()
})

void test('fields of two records asked for in turn do not get into each other', (t) => {
  const interpreter = new Interpreter(NO_ACCOUNTS)
  const one = auparseFields('type=SYSCALL arch=c000003e syscall=59\x1dSYSCALL=execve')
  const other = auparseFields('type=SYSCALL arch=40000003 syscall=11')
  t.equal(interpreter.interpret(one, 1), 'x86_64')
  t.equal(interpreter.interpret(other, 1), 'i386')
  t.equal(interpreter.interpret(one, 2), 'execve')
  t.equal(interpreter.interpret(other, 2), 'execve')
  t.end()
})

void test('accounts: the first name of a number counts, and lines that are none are passed over', (t) => {
  t.equal(ACCOUNTS.users.get(0), 'admin')
  t.equal(ACCOUNTS.users.get(1000), 'joe')
  t.equal(ACCOUNTS.users.get(1001), undefined, 'a comment')
  t.equal(ACCOUNTS.groups.get(4), 'adm')
  t.equal(ACCOUNTS.protocols.get(58), 'ipv6-icmp')
  t.same([...accountsIn('+::1:\n-x:x:2:\n:x:3:\nx\nbig:x:4294967296:\nodd:x:1a:\n')], [])
  t.same(
    [...protocolsIn('# c\nip 0\n0 ip\n  tcp\t6 TCP # x\n')],
    [
      [0, 'ip'],
      [6, 'tcp'],
    ],
  )
  t.end()
})

void test('accounts: a file that is missing has no names, one that cannot be read is an error', (t) => {
  const failing = (code: string) => () => {
    throw Object.assign(new Error('no'), { code })
  }
  t.same(readAccounts(failing('ENOENT')), NO_ACCOUNTS)
  t.throws(() => readAccounts(failing('EACCES')), { code: 'EACCES' })
  t.ok(readAccounts().users.size > 0)
  t.end()
})
