import * as fc from 'fast-check'
import { test } from 'tap'
import { absolutePath, account, oneOf, words, yesNo } from '../../src/config/value.js'

void test('one of a few words', (t) => {
  const read = oneOf(['out', 'in', 'both'])
  t.same(read('OUT'), { value: 'out' })
  t.same(read('both'), { value: 'both' })
  t.same(read('oot'), { mistake: "'oot' is not out, in or both (did you mean 'out'?)" })
  t.same(read('nothing'), { mistake: "'nothing' is not out, in or both" })
  t.same(oneOf(['a'])('x'), { mistake: "'x' is not a (did you mean 'a'?)" })
  t.end()
})

void test('yes and no', (t) => {
  t.same(yesNo('Yes'), { value: true })
  t.same(yesNo('NO'), { value: false })
  for (const word of ['true', 'on', '1'])
    t.same(yesNo(word), { mistake: `'${word}' is not yes or no (did you mean 'yes'?)` })
  for (const word of ['False', 'off', '0'])
    t.same(yesNo(word), { mistake: `'${word}' is not yes or no (did you mean 'no'?)` })
  t.same(yesNo('constructor'), { mistake: "'constructor' is not yes or no" })
  t.end()
})

void test('words', (t) => {
  const good: readonly (readonly [text: string, found: readonly string[]])[] = [
    ['a', ['a']],
    ['a  b\tc', ['a', 'b', 'c']],
    ['"a b" c', ['a b', 'c']],
    ["'a b' c", ['a b', 'c']],
    ['--re="a b"c', ['--re=a bc']],
    [`"it's"`, ["it's"]],
    [`'say "x"'`, ['say "x"']],
    ['""', ['']],
    ["a '' b", ['a', '', 'b']],
    ['a\\ b \\"c d"', ['a\\', 'b', '\\c d']],
    ['a;b #c $HOME `x` *', ['a;b', '#c', '$HOME', '`x`', '*']],
    ['a\u00a0b', ['a\u00a0b']],
  ]
  for (const [text, found] of good) t.same(words(text), { value: found }, text)
  for (const bad of ['"a', "a'", `"it's`, '"a" "', '\'"'])
    t.match(words(bad), { mistake: /is opened and not closed/ }, bad)
  t.end()
})

void test('any words can be written', (t) => {
  const word = fc.string().filter((text) => !(text.includes('"') && text.includes("'")))
  fc.assert(
    fc.property(fc.array(word), (wanted) => {
      const written = wanted.map((one) => (one.includes('"') ? `'${one}'` : `"${one}"`)).join(' ')
      t.same(words(written), { value: wanted })
    }),
    { numRuns: 300 },
  )
  t.end()
})

void test('paths', (t) => {
  t.same(absolutePath('/a/b c'), { value: '/a/b c' })
  t.same(absolutePath('a/b'), { mistake: "'a/b' is not an absolute path" })
  t.same(absolutePath('"/a"'), { mistake: 'a path stands without quotes' })
  t.end()
})

void test('users and groups', (t) => {
  for (const good of ['root', '_laurel', 'first.last', 'a-b_c', 'machine$', '0', '65534', '4294967294', 'A']) {
    t.same(account(good), { value: good })
  }
  for (const bad of ['-x', 'a b', 'a:b', '4294967295', '99999999999', '1a', 'ä', 'a/b', '$', '.a', 'x'.repeat(70)]) {
    t.same(account(bad), { mistake: `'${bad}' is no name of a user or group, nor its number` })
  }
  t.end()
})
