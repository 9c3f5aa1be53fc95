import { test } from 'tap'
import { counts, fields, list, number, oneOf, orNull, pair, text, yesNo } from '../../src/config/json-shape.js'

const shape = fields({ name: text(3), count: number, kind: oneOf(['a', 'b']), more: orNull(list(number, 2)) })
const GOOD = { name: 'abc', count: 1.5, kind: 'a', more: [1, 2] }

void test('what fits', (t) => {
  t.same(shape(GOOD), GOOD)
  t.same(shape({ ...GOOD, more: null, other: 1 }), { ...GOOD, more: null }, 'other fields are passed over')
  t.end()
})

void test('what does not', (t) => {
  const bad: readonly unknown[] = [
    null,
    undefined,
    1,
    'x',
    [],
    {},
    { ...GOOD, name: 'abcd' },
    { ...GOOD, name: 1 },
    { ...GOOD, count: '1' },
    { ...GOOD, count: Number.NaN },
    { ...GOOD, count: Infinity },
    { ...GOOD, kind: 'c' },
    { ...GOOD, more: [1, 2, 3] },
    { ...GOOD, more: [1, 'x'] },
    { ...GOOD, more: {} },
    { ...GOOD, more: undefined },
  ]
  for (const value of bad) t.equal(shape(value), undefined, JSON.stringify(value))
  const parsed: unknown = JSON.parse('{"__proto__":{"name":"abc"},"count":1,"kind":"a","more":null}')
  t.equal(shape(parsed), undefined, 'what a prototype has does not count')
  t.equal(fields({ toString: text(9) })({}), undefined)
  t.end()
})

void test('yes and no, counts and pairs', (t) => {
  t.same([yesNo(true), yesNo(false), yesNo(0), yesNo('true')], [true, false, undefined, undefined])
  const two = counts(2)
  t.same([two({}), two({ a: 1, 'b-c': 2 })], [{}, { a: 1, 'b-c': 2 }])
  t.same(
    [two({ a: 1, b: 2, c: 3 }), two({ a: '1' }), two([1]), two(null)],
    [undefined, undefined, undefined, undefined],
  )
  const range = pair(number)
  t.same(range([1, 2]), [1, 2])
  t.same(
    [range([1]), range([1, 2, 3]), range([1, '2']), range({ 0: 1, 1: 2 })],
    [undefined, undefined, undefined, undefined],
  )
  t.end()
})
