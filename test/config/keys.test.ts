import { test } from 'tap'
import { formatProblem, readEntries } from '../../src/config.js'
import { openKeys } from '../../src/config/keys.js'
import { count } from '../../src/config/quantity.js'
import { yesNo, type Parsed } from '../../src/config/value.js'

function open(text: string) {
  return openKeys(readEntries(text, 'f').entries, 'f', 9)
}

function loud(text: string): Parsed<string> {
  return { value: text, warning: 'loud' }
}

void test('values, and keys that are not there', (t) => {
  const keys = open('a = 5\nb = yes')
  t.equal(keys.take('a', count(1, 9)), 5)
  t.equal(keys.take('b', yesNo), true)
  t.equal(keys.take('c', yesNo), undefined)
  t.same([keys.has('a'), keys.has('c')], [true, false])
  t.same([keys.lineOf('b'), keys.lineOf('c')], [2, 9])
  t.same(keys.finish(), [])
  t.end()
})

void test('the last of repeated keys counts, and a mistake in an earlier one is told all the same', (t) => {
  const keys = open('a = x\na = 2\na = 3')
  t.equal(keys.take('a', count(1, 9)), 3)
  t.same(keys.finish().map(formatProblem), ["f:1: a: 'x' is not a whole number from 1 to 9"])
  t.equal(open('a = 2\na = x').take('a', count(1, 9)), undefined)
  t.end()
})

void test('empty values', (t) => {
  const keys = open('a =\nb =')
  t.equal(keys.take('a', loud), undefined)
  t.equal(keys.takeOrEmpty('b', loud, 'none'), 'none')
  t.equal(keys.takeOrEmpty('c', loud, 'none'), undefined)
  t.same(keys.finish().map(formatProblem), ['f:1: a: the value is missing'])
  t.end()
})

void test('unknown keys are told with the nearest that is known', (t) => {
  const keys = open('activ = yes\nzzz = 1\nenv.A = x')
  keys.take('active', yesNo)
  t.same(keys.finish().map(formatProblem), [
    "f:1: activ: unknown key (did you mean 'active'?)",
    'f:2: zzz: unknown key',
    'f:3: env.A: unknown key',
  ])
  t.end()
})

void test('keys with a prefix', (t) => {
  const keys = open('env.A = x\nenv.a = y\nenv.A = z\nenv.B =\nenv.__proto__ = p')
  t.same(
    [...keys.takeAll('env.', loud)],
    [
      ['A', 'z'],
      ['a', 'y'],
      ['B', ''],
      ['__proto__', 'p'],
    ],
  )
  t.equal(keys.finish().filter(({ level, text }) => level === 'warning' && text === 'loud').length, 4)
  t.end()
})

void test('mistakes that need more than one value', (t) => {
  const keys = open('a = 1\na = 2')
  keys.take('a', loud)
  keys.report('error', 'a', 'no')
  keys.report('warning', 'b', 'missing')
  t.same(keys.finish().map(formatProblem), ['f:1: a: loud', 'f:2: a: loud', 'f:2: a: no', 'f:9: b: missing'])
  t.end()
})
