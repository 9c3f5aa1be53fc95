import { test } from 'tap'
import { literalsOf } from '../../../plugins/filter/regexp-literals.js'
import { parseRegexp } from '../../../plugins/filter/regexp-syntax.js'

function literals(...patterns: readonly string[]): readonly string[] | undefined {
  return literalsOf(
    patterns.map((pattern) => {
      const read = parseRegexp(pattern)
      if ('mistake' in read) throw new Error(`${pattern}: ${read.mistake}`)
      return read.root
    }),
  )
}

void test('what has to stand in whatever matches', (t) => {
  t.same(literals('passwd'), ['passwd'])
  t.same(literals('^(passwd)$'), ['passwd'])
  t.same(literals('pass[wx]d-file'), ['d-file'], 'the longest one')
  t.same(literals('/etc/(passwd|shadow)-'), ['passwd', 'shadow'])
  t.same(literals('(secret){2,}'), ['secret'], 'once is enough')
  t.same(literals('x+secret*'), ['secre'], 'the last one may be missing')
  t.same(literals('name="\\<cat\\>"'), ['name="cat"'], 'a place takes no byte')
  t.end()
})

void test('expressions share what their literals begin with', (t) => {
  const patterns = Array.from({ length: 40 }, (_, n) => `shadow-${n}[0-9]+`)
  t.same(literals(...patterns), ['shadow-'])
  t.same(literals('secret', ...patterns), ['secret', 'shadow-'])
  t.end()
})

void test('one that needs no text spoils it for all', (t) => {
  for (const pattern of ['', 'x*', 'cat', '(secret)?', '(secret|)', 'secret|[a-z]+', '.{8}'])
    t.equal(literals('secret', pattern), undefined, pattern)
  t.equal(literals('secret1', 'master2', 'hidden3', 'passwd4', 'shadow5'), undefined, 'too many')
  t.end()
})
