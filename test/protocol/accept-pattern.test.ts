import * as fc from 'fast-check'
import { test } from 'tap'
import { ACCEPT_NOTHING, accepts, parseAcceptPattern, type AcceptPattern } from '../../src/protocol/accept-pattern.js'

function pattern(text: string): AcceptPattern {
  const parsed = parseAcceptPattern(text)
  if ('mistake' in parsed) throw new Error(parsed.mistake)
  return parsed
}

function isAccepted(text: string, argument: string | Buffer): boolean {
  return accepts(pattern(text), Buffer.from(argument))
}

void test('what is accepted, and what is not', (t) => {
  const cases: readonly (readonly [pattern: string, good: readonly string[], bad: readonly string[]])[] = [
    ['abc', ['abc'], ['', 'ab', 'abcd', 'xabc', 'ABC', 'abc\n', '\0abc']],
    ['a*', ['', 'a', 'aaaa'], ['b', 'ab', 'ba']],
    ['ab*c', ['ac', 'abc', 'abbbc'], ['a', 'abab', 'abcc']],
    ['[0-9a-f.:]*', ['', '10.0.0.1', 'fe80::1'], ['10.0.0.1;', '$(id)', '../x', '1 2', '1\n', 'FE80::1', '-1']],
    ['[0-9]', ['0', '9'], ['', '10', '/', ':']],
    ['[^/]*', ['', 'a b', 'ü', '..', '-'], ['/', 'a/', '../x']],
    ['[a-]', ['a', '-'], ['b']],
    ['[-a]', ['a', '-'], ['b']],
    ['[^-a]', ['b'], ['a', '-', '']],
    ['[+--]', ['+', ',', '-'], ['*', '.']],
    ['[a^]', ['a', '^'], ['b']],
    ['[*]', ['*'], ['', '**', 'a']],
    ['[*]*', ['', '***'], ['a']],
    ['[[]x[]]', ['[x]'], ['x']],
    ['[^[]', ['a', ']'], ['[']],
    ['[^]]', ['a', '['], [']']],
    ['.', ['.'], ['a', '']],
    ['a.b', ['a.b'], ['axb']],
    ['a\\d$', ['a\\d$'], ['a1']],
    ['--[a-z]*=[0-9]*', ['--for=10', '--=', '--x='], ['-for=1', 'for', '--for=x']],
    ['ü', ['ü'], ['u', 'ü\u0308']],
    ['ja*[^x]x*', ['jab', 'jbxx', 'jaa'], ['jx', 'j', 'jabb']],
    ['a*a*a*b', ['b', 'aaab'], ['aaa', 'aaabb']],
    ['a b', ['a b'], ['a', 'ab']],
  ]
  for (const [text, good, bad] of cases) {
    for (const argument of good) t.ok(isAccepted(text, argument), `${text} accepts ${JSON.stringify(argument)}`)
    for (const argument of bad) t.notOk(isAccepted(text, argument), `${text} refuses ${JSON.stringify(argument)}`)
  }
  t.end()
})

void test('it is bytes that match', (t) => {
  t.ok(isAccepted('[^a]', Buffer.from([0xff])))
  t.ok(isAccepted('[^a]', Buffer.from([0])))
  t.notOk(isAccepted('[^a]', 'ü'), 'two bytes')
  t.ok(isAccepted('[^a][^a]', 'ü'))
  t.end()
})

void test('nothing accepts nothing', (t) => {
  t.same(parseAcceptPattern(''), ACCEPT_NOTHING)
  for (const argument of ['', 'a', '\0']) t.notOk(accepts(ACCEPT_NOTHING, Buffer.from(argument)))
  t.end()
})

void test('mistakes', (t) => {
  const noEnd = (text: string): string =>
    `a class in '${text}' is empty or has no end; one looks like [0-9a-f], a bracket itself is [[] or []]`
  const nothing = (text: string): string => `a * in '${text}' has nothing before it to repeat; a * itself is [*]`
  const wide = (character: string, text: string): string =>
    `'${character}' in '${text}' is more than one byte: it cannot stand in a class, nor before a *`
  for (const text of [
    '[',
    'a[',
    ']',
    'a]',
    '[]',
    '[^]',
    '[^',
    '[a',
    '[a[b]]',
    '[]a]',
    '[a[]',
    '[[:alpha:]]',
    '[]x[a]',
  ]) {
    t.same(parseAcceptPattern(text), { mistake: noEnd(text) })
  }
  for (const text of ['*', 'a**', '[a]**', '*a']) t.same(parseAcceptPattern(text), { mistake: nothing(text) })
  t.same(parseAcceptPattern('[z-a]'), { mistake: "the range 'z-a' in '[z-a]' runs backwards" })
  t.same(parseAcceptPattern('x[0-9b-a]'), { mistake: "the range 'b-a' in 'x[0-9b-a]' runs backwards" })
  for (const text of ['[aü]', '[ü-ý]', 'aü*']) t.same(parseAcceptPattern(text), { mistake: wide('ü', text) })
  t.same(parseAcceptPattern('x\u{1f600}*'), { mistake: wide('\u{1f600}', 'x\u{1f600}*') })
  t.end()
})

// A regular expression says the same of what is short enough for it.
void test('the same as a regular expression', (t) => {
  const part = fc.tuple(fc.constantFrom('a', 'b', '[ab]', '[^a]', '[a-c]', '.'), fc.constantFrom('', '*'))
  const some = fc.array(part, { minLength: 1, maxLength: 6 })
  const argument = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '.'), maxLength: 8 })
  fc.assert(
    fc.property(some, argument, (parts, text) => {
      const written = parts.map(([what, star]) => what + star).join('')
      const expression = new RegExp(`^(?:${written.replaceAll('.', '[.]')})$`)
      return isAccepted(written, text) === expression.test(text)
    }),
    { numRuns: 2000 },
  )
  t.end()
})

/** The pattern with every look at a part counted. */
function counted(text: string): { readonly pattern: AcceptPattern; readonly looks: () => number } {
  let looks = 0
  const { parts, ...rest } = pattern(text)
  const watched = parts.map((part) => ({
    ...part,
    fits: new Proxy(part.fits, {
      get: (target, key) => {
        looks++
        return Reflect.get(target, key)
      },
    }),
  }))
  return { pattern: { ...rest, parts: watched }, looks: () => looks }
}

void test('the work is at most pattern times argument', (t) => {
  const argument = Buffer.from('a'.repeat(256))
  for (const text of [`${'[a-z]*'.repeat(100)}x`, `${'a*'.repeat(500)}b`, `${'[^x]*'.repeat(30)}[x]`]) {
    const { pattern: watched, looks } = counted(text)
    t.notOk(accepts(watched, argument))
    t.ok(looks() > 0 && looks() <= watched.parts.length * argument.length, `${looks()} looks for ${text.slice(0, 20)}`)
  }
  const { pattern: watched, looks } = counted(`b${'[a-z]*'.repeat(100)}`)
  t.notOk(accepts(watched, argument))
  t.equal(looks(), 1, 'it ends when nothing can match any more')
  t.end()
})
