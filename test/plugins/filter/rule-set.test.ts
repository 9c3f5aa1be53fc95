import { test } from 'tap'
import { compileRules } from '../../../plugins/filter/compile-rules.js'
import { evaluate } from '../../../plugins/filter/evaluate.js'
import { parseExpression } from '../../../plugins/filter/parse-expression.js'
import { NO_RULE } from '../../../plugins/filter/rule-set.js'
import { readSubject } from '../../../plugins/filter/subject.js'
import { Interpreter } from '../../../src/sdk/interpret/interpreter.js'
import { Random } from '../../protocol/random.js'
import { randomExpression, randomRecord, recordedRecords } from './random-rules.js'
import type { Rule, RuleScope } from '../../../plugins/filter/rule-set.js'

const SEED = 20070111
const ROUNDS = 8
const RULES = 40
const RECORDS = 120
const ACCOUNTS = {
  users: new Map([
    [0, 'root'],
    [33, 'www-data'],
  ]),
  groups: new Map([[0, 'root']]),
  protocols: new Map<number, string>(),
}
const interpreter = new Interpreter(ACCOUNTS)

function rule(id: number, text: string, scope: RuleScope = 'record'): Rule {
  return { id, scope, expression: parseExpression(text) }
}

/** What the rules mean, one after the other. */
function meant(rules: readonly Rule[], record: Buffer): readonly number[] {
  const subject = readSubject(record)
  if (subject === undefined) return []
  return rules.filter(({ expression }) => evaluate(expression, subject, interpreter)).map(({ id }) => id)
}

void test('a rule set finds the rules that hold, whatever rules and records are', (t) => {
  const recorded = recordedRecords()
  const random = new Random(SEED)
  let matches = 0
  for (let round = 0; round < ROUNDS; round++) {
    const rules = Array.from({ length: RULES }, (_, id) => rule(id + 1, randomExpression(random, recorded)))
    const set = compileRules(rules, { interpreter, isSieved: round % 4 !== 0 })
    for (let count = 0; count < RECORDS; count++) {
      const record = randomRecord(random, recorded)
      const wanted = meant(rules, record)
      const found = set.all(record)
      matches += wanted.length
      if (found.join() === wanted.join() && set.first(record) === (wanted[0] ?? NO_RULE)) continue
      const differs = rules.filter(({ id }) => found.includes(id) !== wanted.includes(id))
      t.same(found, wanted, `seed ${SEED} round ${round}: ${record.toString('latin1')}`)
      t.comment(JSON.stringify(differs.map(({ expression }) => expression)))
      break
    }
  }
  t.ok(matches > RECORDS * ROUNDS, `${matches} matches`)
  t.end()
})

/** What is rare in recordings, and read in ways of its own. */
const ODD_RECORDS = [
  'type=AVC msg=audit(1.000:1): avc:  denied  { read write } for  pid=1 comm="cat" name="a" scontext=u:r:t',
  'type=USER_AVC msg=audit(1.000:1): pid=1 uid=0 msg=\'avc:  denied  { send } for comm="cat"\'',
  'type=SYSCALL msg=audit(1.000:1): msg=audit(2) msg=abc msg=ax=y msg=x arch=c000003e syscall=59 comm="cat"',
  'type=SYSCALL msg=audit(1.000:1): arch=c000003e syscall=11 uid=7 comm="cat"\x1dARCH=x SYSCALL=open COMM="dog" UID="joe"',
  'type=SYSCALL msg=audit(1.000:1): arch=c000003e syscall=11 a=1 b=2 c=3 d=4 e=5 f=6 g=7 arch=40000003 syscall=11',
  'type=SYSCALL msg=audit(1.000:1): arch=c000003e syscall=11 exit=0',
  'type=SYSCALL msg=audit(1.000:1): arch=40000003 syscall=11 comm="a\\b"',
  'type=SYSCALL msg=audit(1.000:1): syscall=11 arch=40000003 comm="a\x01b"',
  'type=SYSCALL\x1d msg=audit(1.000:1): arch=c000003e comm="cat"',
  'node=a\x1db type=SYSCALL msg=audit(1.000:1): comm="cat"',
  'type=SYSCALL msg=audit(1.000:1):\x1dUID="joe" comm="cat"',
  'node=cat type=SYSCALL msg=audit(1.000:1): uid=0 comm="cat"\0 key="cat"',
  'type=SOCKADDR msg=audit(1.000:1): saddr=0000\x1dSADDR={ saddr_fam=netlink nlnk-fam=16 nlnk-pid=0 }',
  'type=SYSCALL msg=audit(1.000:1): key=6B31016B32 uid=0',
].map((line) => Buffer.from(line, 'latin1'))

const ODD_EXPRESSIONS = [
  'seresult r= denied',
  'seperms r= "read,write"',
  'seperms i= "read,write"',
  'msg r= x',
  'msg r= abc',
  'msg r!= ""',
  'syscall i= open',
  'syscall i= execve',
  'syscall i= munmap',
  'arch i= x86_64',
  'arch i= i386',
  'arch i= x',
  'comm i= cat',
  'comm i= dog',
  'comm i= "\\"dog\\""',
  'comm i= "a\\\\b"',
  'comm i= "a\\\\001b"',
  'comm i= "a\x01b"',
  'comm r!= ""',
  '!comm i= cat',
  'node r= cat',
  'key i= cat',
  'key i= k1',
  'key r= "\\"k1\\""',
  'uid i= joe',
  'uid i= root',
  'saddr i!= "0000"',
  '\\regexp /comm/',
  '\\regexp /joe/',
  '\\record_type == SYSCALL',
  'type i= SYSCALL',
  'uid == 0',
  'x r= y',
]

void test('what is rare means the same', (t) => {
  for (const expressions of [ODD_EXPRESSIONS, ...ODD_EXPRESSIONS.map((one) => [one])]) {
    const rules = expressions.map((text, id) => rule(id, text))
    const set = compileRules(rules, { interpreter })
    for (const record of ODD_RECORDS) {
      const found = set.all(record)
      const wanted = meant(rules, record)
      if (found.join() !== wanted.join())
        t.same(found, wanted, `${expressions.join(', ')}: ${record.toString('latin1')}`)
    }
  }
  const all = compileRules(
    ODD_EXPRESSIONS.map((text, id) => rule(id, text)),
    { interpreter },
  )
  const never = ODD_EXPRESSIONS.filter((_, id) => !ODD_RECORDS.some((record) => all.all(record).includes(id)))
  t.same(
    never,
    ['msg r= abc', 'comm i= dog', 'comm i= "a\x01b"', 'key i= cat', '\\regexp /joe/', 'x r= y'],
    'all others hold for some record',
  )
  t.end()
})

/** What a rule needs may be written in many ways: a rule alone, and records that it matches. */
const SPELLINGS: readonly (readonly [expression: string, bodies: readonly string[]])[] = [
  ['key i= kay', ['key="kay"', 'key=6B6179', 'key=6b617901', 'key=016b6179', 'x=1 (key="kay"', 'key="kay"\x1dUID="x"']],
  [
    'key i= kay',
    ["msg='key=6B6179 x=1'", "msg='(key=6B617901", 'x=1\x1dKEY=kay', 'key="x"\x1dKEY=kay key=z'].slice(0, 2),
  ],
  ['key r= "\\"kay\\""', ['key=6B617901', 'key=01016b6179', 'key="kay"', 'key="kay",']],
  ['key r= 6B2079', ['key=6B2079', 'key=6b2079016b', 'key=016B2079']],
  ['key i= "k "', ['key=6B2', 'key=6b2001']],
  ['comm i= cat', ['comm="cat"', 'comm=636174', 'comm=00636174', 'comm="cat"x', 'comm=63617400ff']],
  [
    'comm i= cat',
    ['comm=x\x1dCOMM=cat', 'comm="dog"\x1dA="b" comm=cat', 'msg=\'comm="cat" x=1\'', 'uid=0 (comm="cat")'],
  ],
  ['comm i= "(x)"', ['comm=00(x)y', 'comm=287829', 'comm="(x)"']],
  ['comm i= "it\'s"', ['comm="it\'s"', 'comm=69742773', "comm=it's"]],
  ['comm r= "it\'s"', ["comm=it's", "comm=it's:"]],
  ['comm i= Xyz', ['comm=Xyz', 'comm="Xyz"', 'comm=58797A']],
  ['comm i= "É"', ['comm="\xc3\x89"', 'comm=c389', 'comm=\xc3\x89']],
  ['comm r= "\\"É\\""', ['comm="\xc3\x89"']],
  ['acct i= ab', ['acct="ab"', 'acct=6162', 'acct=0x\x1dACCT=ab']],
  [
    'uid i= root',
    ['uid=0', 'uid=00', 'uid=+0', 'uid=4294967296', 'uid=0,', 'uid=7\x1dUID="root"', 'uid=7\x1dUID=726F6F74'],
  ],
  ['uid i= root', ['uid=0\x1dUID=unknown-7', 'uid=x\x1dUID=root', "msg='uid=0 x=1'", 'a=1 (uid=0)', 'uid=\x0b0']],
  ['uid i= unset', ['uid=4294967295', 'uid=-1']],
  ['uid i= nobody-here', ['uid=7\x1dAUID="x" UID="nobody-here"']],
  ['uid >= 1000 && uid <= 1001', ['uid=1000', 'uid=4294968296', 'uid=01001', "msg='uid=1000'", 'UID=1 uid=1001']],
  ['syscall i= execve', ['arch=c000003e syscall=59', 'arch=40000003 syscall=11', 'arch=c000003e syscall=059']],
  ['syscall i= execve', ['arch=c000003e syscall=4294967355', 'arch=c000003e syscall=1\x1dSYSCALL=execve']],
  ['\\regexp /watched-[0-9]|seen+ it/', ['a=watched-7', 'x=unseen it', 'seen it', 'awatched-0']],
  ['scontext r= "a:b"', ['scontext=a:b', "msg='scontext=a:b'", 'scontext=a:b:']],
]

void test('whatever way a rule is met, the record is not passed over', (t) => {
  for (const [text, bodies] of SPELLINGS) {
    const rules = [rule(1, text)]
    for (const isSieved of [true, false]) {
      const set = compileRules(rules, { interpreter, isSieved })
      for (const body of bodies) {
        for (const start of ['', 'node=n ', 'node=a\x01b ']) {
          const record = Buffer.from(`${start}type=SYSCALL msg=audit(1.000:1): ${body}`, 'latin1')
          const wanted = meant(rules, record)
          if (start === 'node=n ') t.same(wanted, [1], `${text}: ${body}`)
          // The first time its type is not known yet.
          t.same(
            [set.all(record), set.all(record)],
            [wanted, wanted],
            `${text}: ${JSON.stringify(record.toString('latin1'))}`,
          )
        }
      }
    }
  }
  t.end()
})

const EVENT = [
  'type=SYSCALL msg=audit(1.000:1): arch=c000003e syscall=59 uid=33 exe="/bin/sh" key="shell"',
  'type=CWD msg=audit(1.000:1): cwd="/tmp"',
  'type=PATH msg=audit(1.000:1): item=0 name="/bin/sh" ouid=0',
].map((line) => Buffer.from(line))

void test('a condition is about one record', (t) => {
  const across = compileRules([rule(1, 'syscall i= execve && name i= "/bin/sh"', 'event')], { interpreter })
  t.equal(across.firstOfEvent(EVENT), NO_RULE)
  const either = compileRules([rule(1, 'syscall i= execve && ouid r= 0'), rule(2, 'ouid r= 0')], { interpreter })
  t.equal(either.firstOfEvent(EVENT), 2)
  t.same(either.allOfEvent(EVENT), [2])
  t.end()
})

void test('a rule for events has all records of its event, one for records only its own', (t) => {
  const records = [rule(1, 'cwd r= "\\"/tmp\\""'), rule(2, '\\record_type >= 0')]
  t.same(compileRules(records, { interpreter }).firstOfEach(EVENT), [2, 1, 2])
  const event = [rule(1, '\\record_type == CWD'), rule(2, 'key i= shell', 'event'), rule(3, 'ouid == 0')]
  t.same(compileRules(event, { interpreter }).firstOfEach(EVENT), [2, 1, 2])
  const later = [rule(1, '\\record_type == CWD'), rule(2, 'cwd i= "/tmp"', 'event')]
  t.same(
    compileRules(later, { interpreter }).firstOfEach(EVENT),
    [2, 1, 2],
    'a record rule before it takes its own alone',
  )
  const both = [rule(1, '\\record_type == CWD'), rule(2, 'cwd i= "/tmp"'), rule(3, 'key i= shell', 'event')]
  t.same(compileRules(both, { interpreter }).firstOfEach(EVENT), [3, 1, 3], 'the first of its own counts')
  const none = [rule(1, '\\record_type == CWD'), rule(2, 'cwd i= "/"', 'event')]
  t.same(compileRules(none, { interpreter }).firstOfEach(EVENT), [NO_RULE, 1, NO_RULE])
  t.end()
})

void test('the order of rules decides, not what finds them', (t) => {
  const set = compileRules(
    [
      rule(7, '\\regexp /nowhere/'),
      rule(5, 'uid == 33'),
      rule(3, 'key r= "\\"shell\\""'),
      rule(1, '\\record_type < 1301'),
    ],
    { interpreter },
  )
  t.equal(set.first(EVENT[0] ?? Buffer.alloc(0)), 5)
  t.same(set.all(EVENT[0] ?? Buffer.alloc(0)), [5, 3, 1])
  t.end()
})

void test('what is no record matches nothing, not even a negation', (t) => {
  const set = compileRules([rule(1, '!uid r= 0')], { interpreter })
  for (const text of [
    '',
    'rubbish',
    'type=SYSCALL',
    'type=SYSCALL msg=audit(1.2.3): a=b',
    'node= msg=audit(1.2:3): ',
  ]) {
    t.equal(set.first(Buffer.from(text)), NO_RULE, text)
  }
  t.end()
})

void test('types that nobody knows are told apart by what rules say of them', (t) => {
  const set = compileRules(
    [
      rule(1, '\\record_type == 1999'),
      rule(2, '\\record_type > 1990 && \\record_type < 1998'),
      rule(3, 'type r= "UNKNOWN[1999]"'),
    ],
    { interpreter },
  )
  const found = (type: string): readonly number[] => set.all(Buffer.from(`type=${type} msg=audit(1.000:2): `))
  t.same(found('UNKNOWN[1999]'), [1, 3])
  t.same(found('1999'), [1])
  t.same(found('UNKNOWN[1991]'), [2])
  t.same(found('UNKNOWN[1997]'), [2])
  t.same(found('UNKNOWN[1998]'), [])
  t.same(found('NOBODY_KNOWS'), [])
  t.end()
})
