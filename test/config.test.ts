import * as fc from 'fast-check'
import { parse } from 'ini'
import { test } from 'tap'
import { formatProblem, printable, readEntries, sortProblems, type Problem } from '../src/config.js'

/** The only value, and that nothing was wrong with it. */
function valueOf(line: string): string | undefined {
  const { entries, problems } = readEntries(line, 'f')
  return problems.length === 0 && entries.length === 1 ? entries[0]?.value : undefined
}

function mistakes(text: string | Buffer): string[] {
  return readEntries(text, 'f').problems.map(formatProblem)
}

void test('a file of key = value lines', (t) => {
  const text =
    '# comment\n\n  Active = YES  \n\t# another\nARGS=-x  "a b"\t\nenv.Http_Proxy = http://x/#a;b\nq_depth\t=\t5'
  t.same(readEntries(text, 'f'), {
    entries: [
      { section: '', key: 'active', value: 'YES', line: 3 },
      { section: '', key: 'args', value: '-x  "a b"', line: 5 },
      { section: '', key: 'env.Http_Proxy', value: 'http://x/#a;b', line: 6 },
      { section: '', key: 'q_depth', value: '5', line: 7 },
    ],
    sections: [],
    problems: [],
  })
  t.same(readEntries('', 'f'), { entries: [], sections: [], problems: [] })
  t.same(readEntries(Buffer.from('a = 1\n'), 'f').entries, readEntries('a = 1', 'f').entries)
  t.end()
})

void test('sections', (t) => {
  const { entries, sections, problems } = readEntries('a = 1\n[ Action  block-IP ]\npath = /x\n[action b]\n', 'f')
  t.same(
    entries.map(({ section, key }) => [section, key]),
    [
      ['', 'a'],
      ['action block-IP', 'path'],
    ],
  )
  t.same(sections, [
    { name: 'action block-IP', line: 2 },
    { name: 'action b', line: 4 },
  ])
  t.same(problems, [])
  t.same(readEntries('[a]\nx = 1\nx = 2\n[b]\nx = 3', 'f').problems.map(formatProblem), [
    'f:3: x: also on line 2; the last one counts',
  ])
  const broken = readEntries('[action\nx = 1\n[a.b]\n[__proto__]\n[]\n[a b c]\n', 'f')
  t.same(broken.entries, [], 'keys below a section that nobody can read are left out')
  t.equal(broken.problems.length, 5)
  t.match(broken.problems.map(formatProblem)[0], /^f:1: \[action is no section; one looks like \[action NAME\]$/)
  t.end()
})

void test('mistakes of form, each with its line', (t) => {
  const bad: readonly (readonly [text: string | Buffer, wanted: string])[] = [
    ['\n; note', "f:2: ';' does not start a comment; use '#'"],
    ['active yes', "f:1: missing '=': write 'active = yes'"],
    ['active', "f:1: missing '=': write 'active = VALUE'"],
    ['= yes', "f:1: missing key before '='"],
    ['active == yes', "f:1: active: '==' where one '=' belongs"],
    ['args[] = a', "f:1: 'args[]' is no key: a key is one word of letters, digits and '_', then '='"],
    ['a b = c', "f:1: 'a b' is no key: a key is one word of letters, digits and '_', then '='"],
    ['__proto__ = x', "f:1: '__proto__' is no key: a key is one word of letters, digits and '_', then '='"],
    ["'null' = 1", "f:1: ''null'' is no key: a key is one word of letters, digits and '_', then '='"],
    ['\u00a0active = yes', "f:1: '\u00a0active' is no key: a key is one word of letters, digits and '_', then '='"],
    [
      'env.1X = a',
      "f:1: 'env.1X' is no key: a variable is named with A-Z, a-z, 0-9 and _, and does not start with a digit",
    ],
    ['\ufeffactive = yes', 'f:1: the file starts with a byte order mark; save it as plain UTF-8'],
    ['a = 1\r\nb = 2\r\n', "f:1: the line ends in CR LF; take the CRs out: sed -i 's/\\r$//' FILE"],
    ['path = /a\rb', 'f:1: path: control byte 0x0d in the line; take it out'],
    ['env.A = a\0b', 'f:1: env.A: control byte 0x00 in the line; take it out'],
    ['\fpath = /a', 'f:1: control byte 0x0c in the line; take it out'],
    ['path = /a\u007f', 'f:1: path: control byte 0x7f in the line; take it out'],
    [Buffer.from('args = \xff', 'latin1'), 'f:1: args: the line is not UTF-8; save the file as UTF-8'],
    [Buffer.from('args = \xed\xa0\x80', 'latin1'), 'f:1: args: the line is not UTF-8; save the file as UTF-8'],
    [`args = ${'x'.repeat(4090)}`, 'f:1: the line has 4097 bytes; 4096 are the most'],
  ]
  for (const [text, wanted] of bad) t.same(mistakes(text), [wanted])
  t.same(mistakes(`args = ${'x'.repeat(4089)}  `), [], 'a line of 4096 bytes')
  t.same(mistakes(Buffer.from(`#\xff\0 ${'x'.repeat(5000)}\r\na = 1`, 'latin1')), [], 'a comment may hold anything')
  t.end()
})

void test('all mistakes in one pass, and what is right beside them', (t) => {
  const { entries, problems } = readEntries('\ufeffactive yes\r\n; x\na = 1\nA = 2\n[\n', 'f')
  t.same(
    problems.map(({ line, level }) => [line, level]),
    [
      [1, 'error'],
      [1, 'error'],
      [1, 'error'],
      [2, 'error'],
      [4, 'warning'],
      [5, 'error'],
    ],
  )
  t.equal(problems.map(formatProblem)[4], 'f:4: a: also on line 3; the last one counts')
  t.same(
    entries.map(({ value }) => value),
    ['1', '2'],
  )
  t.end()
})

// Each of these ini alone gives back as something else; see the test below it.
const SWALLOWED = [
  '/opt/a#b',
  'a;b',
  'a # c',
  '--re ^a;b$',
  '"a b"',
  "'a b'",
  '"a\\tb"',
  "'12'",
  "'null'",
  "'[1,2]'",
  '\'{"a":1}\'',
  "'",
  'true',
  'false',
  'null',
  '"true"',
  'a\\#b',
  '\\\\',
  '\\;',
  'a\u2028b',
  'a\u2029b',
  '\u00a0a\u00a0',
  '\ufeffa',
]

void test('what ini alone would lose', (t) => {
  for (const value of SWALLOWED) {
    const shown = printable(value)
    t.equal(valueOf(`args = ${value}`), value, shown)
    t.equal(valueOf(`env.X = ${value}`), value, `a key with a dot: ${shown}`)
    t.not(parse(`args = ${value}`)['args'], value, `ini changes ${shown}`)
  }
  for (const word of ['__proto__', 'constructor', 'toString']) {
    t.equal(valueOf(`env.${word} = x`), 'x')
    t.equal(valueOf(`args = ${word}`), word)
  }
  t.equal(valueOf('args = = x'), '= x')
  t.equal(valueOf('args = a = b'), 'a = b')
  t.equal(valueOf('args = [x]'), '[x]')
  t.equal(valueOf('args ='), '')
  t.end()
})

void test('facts about ini that the reader is built round', (t) => {
  t.same({ ...parse('active') }, { active: true }, 'a line without = is true')
  t.same({ ...parse('a yes') }, { 'a yes': true })
  t.same({ ...parse('a = 1\na = 2') }, { a: '2' }, 'the last of two wins, in silence')
  t.same({ ...parse('; text\na = 1') }, { a: '1' }, '; starts a comment')
  t.same({ ...parse('a = x\u2028y\nb = 1') }, { b: '1' }, 'the whole line is lost')
  t.same({ ...parse('__proto__ = x') }, {}, 'dropped')
  t.same({ ...parse('args[] = a') }, { args: ['a'] })
  t.same(parse('env.X = "null"')['env.X'], undefined, 'a dotted key with null becomes a section')
  t.end()
})

void test('any printable value comes back as it was written', (t) => {
  const hostile = fc.constantFrom(
    '\\',
    '"',
    "'",
    '#',
    ';',
    '=',
    '[',
    ']',
    '{',
    '}',
    ',',
    ' ',
    '\t',
    'null',
    'true',
    '\u2028',
  )
  const anyValue = fc
    .array(fc.oneof(hostile, fc.string({ unit: 'grapheme', maxLength: 3 })))
    .map((parts) => parts.join(''))
  const printableValue = anyValue.filter((text) => !/\p{Cc}/u.test(text.replaceAll('\t', '')))
  fc.assert(
    fc.property(printableValue, fc.constantFrom('args', 'env.X'), (written, key) => {
      const value = written.replaceAll(/^[ \t]+|[ \t]+$/g, '')
      return (
        valueOf(`${key} = ${value}`) === value &&
        readEntries(`a=1\n${key} =\t${written} \n`, 'f').entries[1]?.value === value
      )
    }),
    { numRuns: 3000 },
  )
  t.end()
})

const BYTES = ['a', '=', '[', ']', '#', ';', '\r', '\n', '\t', ' ', '\0', '\xff', '"', "'", '.']

void test('any bytes are read without an exception, and every line is an entry, a problem or nothing', (t) => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...BYTES), { maxLength: 60 }), (chars) => {
      const { entries, sections, problems } = readEntries(Buffer.from(chars.join(''), 'latin1'), 'f')
      const lines = chars
        .join('')
        .split('\n')
        .map((line) => line.replaceAll(/^[ \t]+|[ \t\r]+$/g, ''))
      const told = new Set([...entries, ...sections, ...problems].map(({ line }) => line))
      const isUnderBrokenSection = problems.some(({ text }) => text.includes('is no section'))
      return lines.every(
        (line, index) => line === '' || line.startsWith('#') || told.has(index + 1) || isUnderBrokenSection,
      )
    }),
    { numRuns: 2000 },
  )
  t.end()
})

void test('problems are shown on one line and without bytes that a terminal acts on', (t) => {
  const problem: Problem = { level: 'error', file: 'a\nb', line: 0, key: 'k', text: 'x\u001b[31m\u202ey\u2028é' }
  t.equal(formatProblem(problem), 'a\\u{a}b: k: x\\u{1b}[31m\\u{202e}y\\u{2028}é')
  t.equal(printable('\ud800x'), '\\u{d800}x')
  t.end()
})

void test('garbage is not told line by line for ever', (t) => {
  const { problems } = readEntries(';\n'.repeat(5000), 'f')
  t.equal(problems.length, 101)
  t.equal(problems.map(formatProblem)[100], 'f:101: and 4900 more from here on')
  const warnings = Array.from({ length: 150 }, (_, i): Problem => ({
    level: 'warning',
    file: 'f',
    line: i,
    key: '',
    text: 'w',
  }))
  const error: Problem = { level: 'error', file: 'f', line: 900, key: '', text: 'e' }
  t.equal(sortProblems(warnings).at(-1)?.level, 'warning')
  t.equal(sortProblems([...warnings, error]).at(-1)?.level, 'error', 'an error is not cut off')
  t.end()
})
