import * as fc from 'fast-check'
import { test } from 'tap'
import { RECORD_TYPES } from '../../src/protocol/record-type.js'
import {
  EVERYTHING,
  parseSelector,
  SelectorError,
  selectorMatches,
  selectorNeeds,
  type SelectorErrorCode,
} from '../../src/protocol/selector.js'

const SYSCALL = 1300
const PATH = 1302
const USER_AUTH = 1100
const USER_CMD = 1123
const NAMELESS = 1999
const UNKNOWN = 0xffff_ffff

function wants(text: string, type: number, node = '', source = 'auditd'): boolean {
  return selectorMatches(parseSelector(text), type, node, source)
}

function errorOf(text: string): SelectorError | undefined {
  try {
    parseSelector(text)
    return undefined
  } catch (error) {
    if (error instanceof SelectorError) return error
    throw error
  }
}

void test('everything', (t) => {
  for (const type of [0, SYSCALL, NAMELESS, UNKNOWN]) t.ok(selectorMatches(EVERYTHING, type, '', 'self'))
  t.same(selectorNeeds(EVERYTHING), { node: false })
  t.equal(EVERYTHING.text, '')
  t.end()
})

void test('types', (t) => {
  t.same(
    [SYSCALL, PATH, USER_AUTH].map((type) => wants('type=SYSCALL,PATH', type)),
    [true, true, false],
  )
  t.same(
    [SYSCALL, PATH].map((type) => wants('type=syscall', type)),
    [true, false],
    'names in any case',
  )
  t.same(
    [SYSCALL, PATH].map((type) => wants('type=1300', type)),
    [true, false],
  )
  t.same(
    [USER_AUTH, USER_CMD, SYSCALL].map((type) => wants('type=USER_*', type)),
    [true, true, false],
  )
  t.same(
    [USER_AUTH, SYSCALL].map((type) => wants('!type=USER_*', type)),
    [false, true],
  )
  t.same(
    [USER_AUTH, USER_CMD].map((type) => wants('type=USER_* !type=USER_CMD', type)),
    [true, false],
  )
  t.same(
    [SYSCALL, PATH, 130, 1400].map((type) => wants('type=130*', type)),
    [true, true, true, false],
  )
  t.same(
    [NAMELESS, SYSCALL, UNKNOWN].map((type) => wants('type=*', type)),
    [true, true, true],
  )
  t.same(
    [NAMELESS, SYSCALL].map((type) => wants('!type=*', type)),
    [false, false],
  )
  t.end()
})

void test('types without a name', (t) => {
  t.same(
    [NAMELESS, 1998].map((type) => wants('type=UNKNOWN[1999]', type)),
    [true, false],
  )
  t.same(
    [NAMELESS, 1998].map((type) => wants('type=1999', type)),
    [true, false],
  )
  t.same(
    [NAMELESS, SYSCALL, UNKNOWN].map((type) => wants('type=UNKNOWN*', type)),
    [true, false, true],
  )
  t.same(
    [NAMELESS, 2999].map((type) => wants('type=UNKNOWN[19*', type)),
    [true, false],
  )
  t.ok(wants('type=UNKNOWN[1300]', SYSCALL), 'the number counts, whoever wrote it without its name')
  t.ok(wants('type=4294967295', UNKNOWN))
  t.ok(wants('type=70000', 70_000), 'beyond the table')
  t.end()
})

void test('nodes and sources', (t) => {
  t.same(
    ['web1', 'web2', 'db', ''].map((node) => wants('node=web*', SYSCALL, node)),
    [true, true, false, false],
  )
  t.same(
    ['web1', 'WEB1', 'web12'].map((node) => wants('node=web1', SYSCALL, node)),
    [true, false, false],
  )
  t.same(
    ['web1', ''].map((node) => wants('!node=web1', SYSCALL, node)),
    [false, true],
  )
  t.same(
    ['auditd', 'self', 'recv'].map((source) => wants('source=auditd,self', SYSCALL, '', source)),
    [true, true, false],
  )
  t.same(selectorNeeds(parseSelector('type=SYSCALL source=self')), { node: false })
  t.same(selectorNeeds(parseSelector('!node=a')), { node: true })
  t.end()
})

void test('all terms must hold', (t) => {
  const text = 'type=SYSCALL node=a,b !source=self'
  t.ok(wants(text, SYSCALL, 'a', 'auditd'))
  t.notOk(wants(text, PATH, 'a', 'auditd'))
  t.notOk(wants(text, SYSCALL, 'c', 'auditd'))
  t.notOk(wants(text, SYSCALL, 'a', 'self'))
  t.end()
})

void test('the text is the selector with single blanks', (t) => {
  t.equal(parseSelector('  Type=user_auth,USER_C*\t !NODE=A*  ').text, 'type=USER_AUTH,USER_C* !node=A*')
  t.end()
})

void test('what is no selector', (t) => {
  const bad: readonly (readonly [text: string, code: SelectorErrorCode, word: string])[] = [
    ['', 'empty', ''],
    [' \t ', 'empty', ''],
    ['SYSCALL', 'bad-term', 'SYSCALL'],
    ['type = SYSCALL', 'bad-term', 'type'],
    ['type=SYSCALL, PATH', 'bad-value', 'type=SYSCALL,'],
    ['=x', 'bad-term', '=x'],
    ['!!type=SYSCALL', 'bad-term', '!!type=SYSCALL'],
    ['typ=SYSCALL', 'unknown-field', 'typ'],
    ['key=x', 'unknown-field', 'key'],
    ['type=', 'bad-value', 'type='],
    ['type=,', 'bad-value', 'type=,'],
    ['type=SYS*L', 'bad-value', 'SYS*L'],
    ['type=**', 'bad-value', '**'],
    ['node=bücher', 'bad-value', 'bücher'],
    ['node=a\u0001', 'bad-value', 'a\u0001'],
    ['type=SYSCAL', 'unknown-type', 'SYSCAL'],
    ['type=USR_*', 'unknown-type', 'USR_'],
    ['type=UNKNOWN', 'unknown-type', 'UNKNOWN'],
    ['type=UNKNOWN[]', 'unknown-type', 'UNKNOWN[]'],
    ['type=UNKNOWN[12', 'unknown-type', 'UNKNOWN[12'],
    ['type=UNKNOWN[12]*', 'unknown-type', 'UNKNOWN[12]'],
    ['type=12]', 'unknown-type', '12]'],
    ['type=4294967296', 'unknown-type', '4294967296'],
    ['type=-1', 'unknown-type', '-1'],
    [`node=${'x'.repeat(4092)}`, 'too-long', ''],
  ]
  for (const [text, code, word] of bad) {
    const { code: found, word: foundWord } = errorOf(text) ?? {}
    t.same([found, foundWord], [code, word], text.slice(0, 40))
  }
  t.equal(errorOf(`node=${'x'.repeat(4091)}`), undefined)
  t.end()
})

void test('every named type is found by its name and by its number, and a second look says the same', (t) => {
  for (const [type, name] of RECORD_TYPES) {
    const byName = parseSelector(`type=${name}`)
    const others = [...RECORD_TYPES.keys(), NAMELESS, UNKNOWN].filter((other) => other !== type)
    const found = [byName, parseSelector(`type=${type}`), byName].map(
      (selector) =>
        selectorMatches(selector, type, '', '') && !others.some((other) => selectorMatches(selector, other, '', '')),
    )
    if (found.includes(false)) t.fail(`type=${name}`)
  }
  t.pass('all')
  t.end()
})

void test('a negated term says the opposite for any record', (t) => {
  const term = fc.constantFrom('type=SYSCALL,USER_*', 'type=13*', 'node=web*,db', 'source=self', 'type=*')
  const type = fc.oneof(fc.constantFrom(...RECORD_TYPES.keys()), fc.integer({ min: 0, max: UNKNOWN }))
  const node = fc.constantFrom('', 'web', 'web1', 'db', 'db2')
  fc.assert(
    fc.property(term, type, node, fc.constantFrom('self', 'auditd'), (text, number, name, source) => {
      return wants(text, number, name, source) !== wants(`!${text}`, number, name, source)
    }),
  )
  t.end()
})

void test('a peer that makes type numbers up does not make the selector grow', (t) => {
  const selector = parseSelector('type=USER_*')
  for (let type = 0; type < 200_000; type++) selectorMatches(selector, type, '', '')
  t.equal(selector.typeVerdicts.length, 4096)
  t.equal(parseSelector('node=a').typeVerdicts.length, 0)
  t.end()
})
