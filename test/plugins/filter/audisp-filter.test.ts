// What audisp-filter(8) says of audisp-filter, case by case.

import { test } from 'tap'
import { compile } from '../../../plugins/filter/compile.js'
import { EventLines, EVENT_LIMITS } from '../../../plugins/filter/event-lines.js'
import { loadTheirs } from '../../../plugins/filter/load.js'
import { readOptions } from '../../../plugins/filter/options.js'
import { RuleBook } from '../../../plugins/filter/rule-book.js'
import { fakeDisk, type FakeFile } from '../../dispatcher/fake-disk.js'
import { HandClock } from './hand-clock.js'

const at = (serial: number): string => `msg=audit(1700000000.000:${serial}):`
const OPENAT_FAILED = [
  `type=SYSCALL ${at(1)} arch=c000003e syscall=257 success=no exit=-13 a0=ffffff9c a1=1 a2=0 a3=0 items=1 ppid=1 pid=2 auid=0 uid=0`,
  `type=CWD ${at(1)} cwd="/"`,
  `type=PATH ${at(1)} item=0 name="/etc/shadow"`,
  `type=PROCTITLE ${at(1)} proctitle="cat"`,
]
const OPENAT_DONE = OPENAT_FAILED.map((text) => text.replace(':1):', ':2):').replace('success=no', 'success=yes'))
const STOP = [`type=SERVICE_STOP ${at(3)} pid=1 uid=0 auid=4294967295 ses=4294967295 msg='unit=a res=success'`]
const START = [`type=SERVICE_START ${at(4)} pid=1 uid=0 auid=4294967295 ses=4294967295 msg='unit=a res=success'`]
const NETFILTER = [
  `type=NETFILTER_CFG ${at(5)} table=filter:1 family=2 entries=1 op=nft_register_chain pid=9`,
  `type=SYSCALL ${at(5)} arch=c000003e syscall=46 success=yes exit=1 a0=3 a1=1 a2=0 a3=0 items=0 ppid=1 pid=9 auid=0 uid=0`,
  `type=PROCTITLE ${at(5)} proctitle="nft"`,
]
const ALL = { OPENAT_FAILED, OPENAT_DONE, STOP, START, NETFILTER }
type Name = keyof typeof ALL

const EXAMPLE_1 = '(type r= SYSCALL && syscall i= openat && success r= no)\n'
const EXAMPLE_2 = 'type r= "SERVICE_STOP"\ntype r= "NETFILTER_CFG"\n'

const CASES: readonly (readonly [
  what: string,
  mode: 'allowlist' | 'blocklist',
  rules: string,
  forwarded: readonly Name[],
])[] = [
  ['example 1: drop failed openat', 'allowlist', EXAMPLE_1, ['OPENAT_DONE', 'STOP', 'START', 'NETFILTER']],
  ['example 1 the other way round', 'blocklist', EXAMPLE_1, ['OPENAT_FAILED']],
  ['example 2: all records of an event in which one matches', 'blocklist', EXAMPLE_2, ['STOP', 'NETFILTER']],
  ['example 2 the other way round', 'allowlist', EXAMPLE_2, ['OPENAT_FAILED', 'OPENAT_DONE', 'START']],
  [
    'comments and empty lines are no rules',
    'blocklist',
    `# type r= SERVICE_START\n\n   # x\n${EXAMPLE_2}`,
    ['STOP', 'NETFILTER'],
  ],
  [
    'expressions are joined by OR',
    'blocklist',
    'type r= CWD\ntype r= SERVICE_START\n',
    ['OPENAT_FAILED', 'OPENAT_DONE', 'START'],
  ],
  ['a condition is about one record', 'blocklist', 'type r= CWD && success r= no\n', []],
  [
    'a negation is true of any record',
    'blocklist',
    '!(type r= SERVICE_STOP)\n',
    ['OPENAT_FAILED', 'OPENAT_DONE', 'START', 'NETFILTER'],
  ],
  ['a field that is missing is never unequal', 'blocklist', 'success r!= yes\n', ['OPENAT_FAILED']],
  [
    'lines of 1023 bytes and more are skipped',
    'blocklist',
    `type r= ${'A'.repeat(1100)}\ntype r= SERVICE_STOP\n`,
    ['STOP'],
  ],
  [
    'no rules: nothing matches',
    'allowlist',
    '# nothing\n',
    ['OPENAT_FAILED', 'OPENAT_DONE', 'STOP', 'START', 'NETFILTER'],
  ],
  ['no rules: nothing is forwarded', 'blocklist', '# nothing\n', []],
]

void test('which events are forwarded', (t) => {
  for (const [what, mode, rules, names] of CASES) {
    const { setup } = loadTheirs('/rules', mode, fakeDisk({ '/rules': rules }))
    t.ok(setup, what)
    if (setup === undefined) continue
    const book = new RuleBook(compile, new HandClock(), setup.config.default === 'keep', {
      matched() {},
      heldBack() {},
    })
    book.replace(setup.rules)
    const forwarded: string[] = []
    const events = new EventLines(
      { timeoutMs: 2000, ...EVENT_LIMITS },
      {
        event(records) {
          const isKept = book.keepsEvent(records)
          if (isKept) forwarded.push(...records.map(String))
          return isKept
        },
        late() {},
      },
    )
    events.take(Buffer.from(Object.values(ALL).flat().join('\n') + '\n'), 0, 0)
    events.flush()
    t.same(
      forwarded,
      names.flatMap((name) => ALL[name]),
      `${what}: ${mode}`,
    )
  }
  t.end()
})

const REFUSED: readonly (readonly [what: string, file: FakeFile, said: RegExp])[] = [
  ['an expression that is none', { text: 'type r= CWD\ntype r=\n' }, /./],
  ["a file that is not root's", { text: EXAMPLE_1, uid: 1000 }, /must be root's/],
  ['a file that everybody may write', { text: EXAMPLE_1, mode: 0o646 }, /everybody may write/],
  ['what is no file', { text: EXAMPLE_1, kind: 'other' }, /not a regular file/],
  ['what cannot be read', { fault: 'EACCES' }, /cannot be read/],
  ['what is not there', { fault: 'ENOENT' }, /does not exist/],
]

void test('rule files that are refused', (t) => {
  for (const [what, file, said] of REFUSED) {
    const { setup, problems } = loadTheirs('/rules', 'allowlist', fakeDisk({ '/rules': file }))
    t.equal(setup, undefined, what)
    t.match(problems.map(({ text }) => text).join(), said, what)
  }
  t.end()
})

void test('the command line', (t) => {
  const child = { program: '/sbin/audisp-syslog', args: ['LOG_INFO', '--check', '-h'] }
  t.same(readOptions(['allowlist', '/r', '/sbin/audisp-syslog', 'LOG_INFO', '--check', '-h']), {
    verb: 'allowlist',
    rules: '/r',
    child,
  })
  t.match(readOptions(['BlockList', '/r', '/b']), { verb: 'blocklist', child: { program: '/b', args: [] } })
  t.same(readOptions(['--check', '/r']), { verb: 'check', file: '/r' })
  t.throws(() => readOptions(['allowlist', '/r']), /needs a rule file and a program/)
  t.throws(() => readOptions(['blocklist', '/r', 'cat']), /not an absolute path/)
  t.throws(() => readOptions(['denylist', '/r', '/bin/cat']), /one file too many/)
  t.end()
})
