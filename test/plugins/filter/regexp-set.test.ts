import { test } from 'tap'
import { RegexpSet } from '../../../plugins/filter/regexp-set.js'
import { parseRegexp } from '../../../plugins/filter/regexp-syntax.js'
import { Random } from '../../protocol/random.js'
import type { RegexpNode } from '../../../plugins/filter/regexp-syntax.js'

function rootOf(pattern: string): RegexpNode {
  const read = parseRegexp(pattern)
  if ('mistake' in read) throw new Error(`${pattern}: ${read.mistake}`)
  return read.root
}

function matches(patterns: readonly string[], text: string): readonly string[] {
  const found = new Uint8Array(patterns.length)
  const bytes = Buffer.from(text, 'latin1')
  new RegexpSet(patterns.map(rootOf)).search(bytes, bytes.length, found)
  return patterns.filter((_, index) => found[index] === 1)
}

const CASES: readonly (readonly [pattern: string, yes: readonly string[], no: readonly string[]])[] = [
  ['', ['', 'x'], []],
  ['a', ['a', 'xax'], ['', 'b']],
  ['^a', ['ab'], ['ba']],
  ['a$', ['ba'], ['ab']],
  ['^$', [''], ['a']],
  ['(^|/)a', ['a', '/a'], ['ba']],
  ['a|^b|', ['a', 'xyz'], []],
  ['a.c', ['abc', 'a\xffc'], ['ac']],
  ['^a*b+c?$', ['b', 'aabbc'], ['ac', 'abcc']],
  ['^a{2,3}$', ['aa', 'aaa'], ['a', 'aaaa']],
  ['^a{,2}$', ['', 'aa'], ['aaa']],
  ['^(ab){2}$', ['abab'], ['ab']],
  ['^a{0}$', [''], ['a']],
  ['[a-c]x', ['bx'], ['dx']],
  ['^[^a-c]$', ['d', '\xff'], ['a', '']],
  ['^[]a-]$', [']', 'a', '-'], ['b']],
  ['^[[:digit:]x]+$', ['1x2'], ['1y']],
  ['^[[.-.]a]$', ['-', 'a'], ['.']],
  ['^[\\]$', ['\\'], ['x']],
  ['\\.', ['.'], ['x']],
  ['a)', ['a)'], ['a']],
  ['\\bcat\\b', ['a cat.', 'cat'], ['cats', 'scat', 'a_cat']],
  ['\\<c\\w+\\>', ['my cat'], ['xcat', 'c']],
  ['a\\Bb', ['ab'], ['a b']],
  ['^\\S+\\s\\W$', ['ab !'], ['ab c']],
]

const REFUSED: readonly string[] = [
  ...'*a a|* (+) ^* a{ a{x} a{2,1} a{} a{32768} (a [a [] [z-a] [a-c-e] \\'.split(' '),
  ...'[[:nothing:]] [[.ab.]] (a)\\1 (((a{50}){50}){50})'.split(' '),
  `${'('.repeat(101)}a${')'.repeat(101)}`,
]

void test('regular expressions match as POSIX has them', (t) => {
  for (const [pattern, yes, no] of CASES) {
    for (const text of yes) t.same(matches([pattern], text), [pattern], `${pattern} in ${JSON.stringify(text)}`)
    for (const text of no) t.same(matches([pattern], text), [], `${pattern} not in ${JSON.stringify(text)}`)
  }
  t.end()
})

void test('what is no regular expression, or too much of one, is refused', (t) => {
  for (const pattern of REFUSED) t.ok('mistake' in parseRegexp(pattern), pattern.slice(0, 20))
  t.end()
})

void test('several are found at once as each would be by itself, in one text after the other', (t) => {
  const patterns = CASES.map(([pattern]) => pattern)
  const together = new RegexpSet(patterns.map(rootOf))
  const alone = patterns.map((pattern) => new RegexpSet([rootOf(pattern)]))
  const found = new Uint8Array(patterns.length)
  for (const text of CASES.flatMap(([, yes, no]) => [...yes, ...no])) {
    const bytes = Buffer.from(text, 'latin1')
    together.search(bytes, bytes.length, found)
    const each = alone.map((set) => {
      const one = new Uint8Array(1)
      set.search(bytes, bytes.length, one)
      return one[0]
    })
    t.same([...found], each, JSON.stringify(text))
    t.same(
      patterns.filter((_, index) => found[index] === 1),
      matches(patterns, text),
      'as when nothing was looked for before',
    )
  }
  t.end()
})

void test('no record holds an expression up, however it was made, and what was forgotten is found out again', (t) => {
  // Going back to try again would take longer than there is time; and there are far more states than are kept.
  const long = `${'a'.repeat(20_000)}!`
  t.same(matches(['(a*)*b', '(a|a)*c', '(a|aa)+$'], long), [])
  const random = new Random(1)
  const text = Array.from({ length: 10_000 }, () => random.oneOf(['a', 'b'])).join('')
  t.same(matches(['a[ab]{14}c', 'a[ab]{13}b$'], `${text}a${'b'.repeat(14)}`), ['a[ab]{13}b$'])
  t.same(matches(['a[ab]{14}c'], `${text}a${'b'.repeat(14)}c`), ['a[ab]{14}c'])
  t.end()
})
