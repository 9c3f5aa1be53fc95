import { test } from 'tap'
import { formatProblem } from '../../../src/config.js'
import { hasVerbs, loadRules, readRules } from '../../../plugins/filter/rule-file.js'
import type { FilterRule, Restraint, Verb } from '../../../plugins/filter/rule.js'
import { fakeDisk } from '../../dispatcher/fake-disk.js'

const VERBS = { kind: 'verbs' } as const
const DEFAULT_LIMIT = { count: 10, windowMs: 60_000 }

function read(text: string): { rules: readonly FilterRule[] | undefined; said: string[] } {
  const { rules, problems } = readRules(Buffer.from(text), 'f', VERBS)
  return { rules, said: problems.map(formatProblem) }
}

const GOOD: readonly (readonly [head: string, verb: Verb, restraint?: Restraint])[] = [
  ['keep', { kind: 'keep' }],
  ['drop', { kind: 'drop' }],
  ['count', { kind: 'count' }],
  ['notify', { kind: 'notify', level: 'warn', text: '' }],
  ['notify error', { kind: 'notify', level: 'error', text: '' }],
  ['notify "error"', { kind: 'notify', level: 'error', text: '' }],
  [`notify info "when it's late"`, { kind: 'notify', level: 'info', text: "when it's late" }],
  ['exec /bin/page "as is" -x', { kind: 'exec', program: '/bin/page', args: ['as is', '-x'] }],
  ['exec /bin/page "as" now', { kind: 'exec', program: '/bin/page', args: ['as', 'now'] }],
  ['mail root,sec@example.org ops', { kind: 'mail', to: ['root', 'sec@example.org', 'ops'] }],
  [
    'action block-ip %addr %%addr plain',
    {
      kind: 'action',
      name: 'block-ip',
      args: [
        { kind: 'field', field: 'addr' },
        { kind: 'text', text: '%addr' },
        { kind: 'text', text: 'plain' },
      ],
    },
  ],
  [
    'notify limit 3/hour once per 5m by exe,auid',
    { kind: 'notify', level: 'warn', text: '' },
    { limit: { count: 3, windowMs: 3_600_000 }, once: { ms: 300_000, fields: ['exe', 'auid'] } },
  ],
  [
    'mail root once per 1d limit none',
    { kind: 'mail', to: ['root'] },
    { limit: undefined, once: { ms: 86_400_000, fields: [] } },
  ],
]

void test('what stands before when', (t) => {
  for (const [head, verb, restraint] of GOOD) {
    const { rules, said } = read(`${head} as a-name when type r= LOGIN`)
    const tells = verb.kind !== 'keep' && verb.kind !== 'drop' && verb.kind !== 'count'
    const expected = restraint ?? { limit: tells ? DEFAULT_LIMIT : undefined, once: undefined }
    t.same(said, [], head)
    t.match(rules, [{ name: 'a-name', condition: 'type r= LOGIN', file: 'f', line: 1 }], head)
    t.same(rules?.[0]?.verb, verb, head)
    t.same(rules?.[0]?.restraint, expected, head)
  }
  t.end()
})

void test('names: as, the name of a count, or the place', (t) => {
  const { rules } = read('count logins when type r= LOGIN\n\n# x\n drop as y when type r= CWD\ndrop when type r= EOE\n')
  t.same(
    rules?.map(({ name, line }) => [name, line]),
    [
      ['logins', 1],
      ['y', 4],
      ['f:5', 5],
    ],
  )
  t.end()
})

void test('keep and drop need no when', (t) => {
  const { rules, said } = read('drop type r= CWD\nkeep (type r= CWD || exe i= "/bin/a b")\nkeep when exe i= "when"')
  t.same(said, [])
  t.same(
    rules?.map(({ condition }) => condition),
    ['type r= CWD', '(type r= CWD || exe i= "/bin/a b")', 'exe i= "when"'],
  )
  t.end()
})

const BAD: readonly (readonly [line: string, said: RegExp])[] = [
  ['kepe when type r= CWD', /^f:1: 'kepe' is no verb \(did you mean 'keep'\?\)/],
  ['notify type r= CWD', /^f:1: there is no 'when' before the condition/],
  ['notify warn once per 5m', /^f:1: there is no 'when'/],
  ['drop limit 5/minute when type r= CWD', /^f:1: drop is done each time/],
  ['keep it when type r= CWD', /^f:1: 'it' is nothing that keep takes/],
  ['count a b when type r= CWD', /^f:1: 'b' is one name too many/],
  ['count a/b when type r= CWD', /^f:1: 'a\/b' is no name/],
  ['notify warn two words when type r= CWD', /^f:1: notify takes a level/],
  ['notify as when type r= CWD', /^f:1: '' is no name/],
  ['notify limit 0/minute when type r= CWD', /^f:1: '0\/minute' is no limit/],
  ['notify limit 5/fortnight when type r= CWD', /^f:1: '5\/fortnight' is no limit/],
  ['notify limit 5/constructor when type r= CWD', /is no limit/],
  ['notify once 5m when type r= CWD', /^f:1: 'once' goes on with a time/],
  ['notify once per 5x when type r= CWD', /^f:1: '5x' is not a time/],
  ['notify once per 5m by when type r= CWD', /^f:1: '' is no field/],
  ['notify once per 5m by a,b,c,d,e,f,g,h,i when type r= CWD', /^f:1: 9 fields; 8 are the most/],
  ['notify once per 5m wiht when type r= CWD', /^f:1: 'wiht' is unexpected/],
  ['notify as a as b when type r= CWD', /^f:1: 'as' stands there twice/],
  ['exec when type r= CWD', /^f:1: exec needs a program/],
  ['exec ls when type r= CWD', /^f:1: 'ls' is not an absolute path/],
  ['exec /bin/ls a\0b when type r= CWD', /^f:1: a byte 0 is in the line/],
  ['mail when type r= CWD', /^f:1: mail needs an address/],
  ['mail -oQ/tmp when type r= CWD', /^f:1: '-oQ\/tmp' is no address/],
  ['mail "root\\nBcc: x" when type r= CWD', /is no address/],
  ['action when type r= CWD', /^f:1: action needs the name/],
  ['action a/b when type r= CWD', /^f:1: 'a\/b' is no name of an action/],
  ['action a %a/b when type r= CWD', /^f:1: '%a\/b' is no field/],
  ['keep when (type r= CWD', /^f:1: column \d+: /],
  ['keep when', /^f:1: column \d+: /],
  [`keep when exe r= ${'a'.repeat(5000)}`, /^f:1: the line has 5017 bytes; 4096 are the most/],
]

void test('each mistake is told with its line', (t) => {
  for (const [line, expected] of BAD) {
    const { rules, said } = read(line)
    t.equal(rules, undefined, line)
    t.equal(said.length, 1, line)
    t.match(said[0], expected)
  }
  const all = read(BAD.map(([line]) => line).join('\n'))
  t.equal(all.said.length, BAD.length, 'all at once')
  t.match(read('keep when type r= CWD\r\n').said, [/^f:1: the line ends in CR LF/])
  t.match(readRules(Buffer.from('keep when exe r= \xff', 'latin1'), 'f', VERBS).problems, [{ text: /not UTF-8/ }])
  t.end()
})

void test('a rule that can never match, or never be asked, is warned of', (t) => {
  const { rules, said } = read('drop when type r= CWD && type r= PATH\nkeep when key i= a\ncount when key i= a\n')
  t.equal(rules?.length, 3)
  t.match(said, [/^f:1: column \d+: .*never matches/, /^f:3: never asked: line 2 decides by the same condition$/])
  t.end()
})

void test('several files: their order, and names that are there twice', (t) => {
  const disk = fakeDisk({
    '/a': { text: 'keep as x when type r= CWD\n' },
    '/b': { text: 'drop as x when type r= CWD\n' },
  })
  const { rules, problems } = loadRules(['/a', '/b'], VERBS, disk)
  t.equal(rules, undefined)
  t.same(problems.map(formatProblem), [`/b:1: 'x' is also the rule at /a:1`])
  t.match(loadRules(['/none'], VERBS, disk).problems, [{ file: '/none', text: 'does not exist' }])
  t.end()
})

void test('a rule file that others may write is not believed', (t) => {
  const text = 'keep when type r= CWD\n'
  for (const facts of [{ uid: 1000 }, { mode: 0o646 }, { mode: 0o664, gid: 5 }]) {
    const { rules, problems } = loadRules(['/a'], VERBS, fakeDisk({ '/a': { text, ...facts } }))
    t.equal(rules, undefined)
    t.match(problems, [{ level: 'error', file: '/a' }])
  }
  t.equal(loadRules(['/a'], VERBS, fakeDisk({ '/a': { text } })).rules?.length, 1)
  t.end()
})

void test('conditions alone, as audisp-filter has them', (t) => {
  const bare = { kind: 'bare', verb: 'drop' } as const
  const long = `exe r= ${'a'.repeat(1100)}`
  const text = `# comment\n\n  (type r= SYSCALL && success r= no)\ntype r= CWD\n${long}\n`
  const { rules, problems } = readRules(Buffer.from(text), 'f', bare)
  t.match(rules, [
    { verb: { kind: 'drop' }, name: 'f:3' },
    { verb: { kind: 'drop' }, name: 'f:4' },
  ])
  t.match(problems, [{ level: 'warning', line: 5, text: /1107 bytes and is skipped/ }])
  t.match(readRules(Buffer.from('type r=\ntype r= CWD'), 'f', bare), { rules: undefined, problems: [{ line: 1 }] })
  t.notOk(hasVerbs(Buffer.from(text)))
  t.notOk(hasVerbs(Buffer.from('drop r= x\ncount >= 3\n')), 'fields may have any name')
  t.ok(hasVerbs(Buffer.from('# x\ndrop type r= CWD\n')))
  t.end()
})
