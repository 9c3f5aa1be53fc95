import { test } from 'tap'
import { ExpressionError } from '../../../plugins/filter/expression.js'
import { parseExpression } from '../../../plugins/filter/parse-expression.js'
import type { Expression } from '../../../plugins/filter/expression.js'

/** The shape without places, as a text. */
function shape(expression: Expression): string {
  switch (expression.kind) {
    case 'raw':
    case 'interpreted':
      return `${expression.field}${expression.isNegated ? ' not' : ''} ${expression.kind} ${expression.value}`
    case 'number':
      return `${expression.field} ${expression.comparison} ${expression.number}`
    case 'time':
      return `time ${expression.comparison} ${expression.seconds}.${expression.millis}:${expression.serial ?? '-'}`
    case 'type':
      return `type ${expression.comparison} ${expression.type}`
    case 'regexp':
      return `regexp ${expression.pattern}`
    case 'never':
      return 'never'
    case 'not':
      return `not(${shape(expression.of)})`
    case 'all':
    case 'any':
      return `${expression.kind}(${expression.of.map(shape).join(', ')})`
    default:
      return expression satisfies never
  }
}

const READ: readonly (readonly [string, string])[] = [
  ['uid r= 0', 'uid raw 0'],
  ['uid r=0', 'uid raw 0'],
  ['"uid" r= "0"', 'uid raw 0'],
  ['uid r!=root-1', 'uid not raw root-1'],
  ['i i= r', 'i interpreted r'],
  ['r r!= i', 'r not raw i'],
  ['comm i!= "a\\"b\\\\c"', 'comm not interpreted a"b\\c'],
  ['name r= "\u00e9"', 'name raw \u00c3\u00a9'],
  ['uid >= 1000', 'uid >= 1000'],
  ['uid !== -1', 'uid !== 4294967295'],
  ['gid == x', 'gid == 0'],
  ['gid < 4294967297', 'gid < 1'],
  ['\\record_type == SYSCALL', 'type == 1300'],
  ['\\record_type !== syscall', 'type !== 1300'],
  ['\\ "record_type" < "UNKNOWN[1400]"', 'type < 1400'],
  ['\\record_type > 1399', 'type > 1399'],
  ['\\record_type r= SYSCALL', 'never'],
  ['\\timestamp i!= x', 'never'],
  ['\\timestamp >= ts:1700000000.5', 'time >= 1700000000.5:-'],
  ['\\timestamp == ts:1.2:3', 'time == 1.2:-'],
  ['\\timestamp_ex <= ts:1.2:3&&uid r=0', 'all(time <= 1.2:3, uid raw 0)'],
  ['\\timestamp_ex <= ts:1.2', 'time <= 1.2:0'],
  ['\\regexp "a b"', 'regexp a b'],
  ['\\regexp /a\\/b\\\\./', 'regexp a/b\\.'],
  ['a r= 1 || b r= 2 && c r= 3', 'any(a raw 1, all(b raw 2, c raw 3))'],
  ['!a r= 1 && b r= 2', 'all(not(a raw 1), b raw 2)'],
  ['!(a r= 1 && b r= 2)', 'not(all(a raw 1, b raw 2))'],
  ['! !a r= 1', 'not(not(a raw 1))'],
  ['((a r= 1))', 'a raw 1'],
  ['\ta r= 1\n', 'a raw 1'],
]

const REFUSED: readonly (readonly [string, string, number])[] = [
  ['', 'empty', 1],
  ['   ', 'empty', 1],
  ['uid', 'unexpected', 4],
  ['uid = 0', 'unexpected', 5],
  ['uid != 0', 'unexpected', 5],
  ['uid r=', 'unexpected', 7],
  ['uid r= /0/', 'unexpected', 8],
  ['uidr= 0', 'unexpected', 5],
  ['uid r= 0 gid r= 0', 'unexpected', 10],
  ['(uid r= 0', 'unexpected', 10],
  ['uid r= 0)', 'unexpected', 9],
  ['uid r= 0 &&', 'unexpected', 12],
  ['uid r= 0 & gid r= 0', 'unexpected', 10],
  ['exe r= /bin/sh', 'unexpected', 8],
  ['exe r= "/bin/sh', 'no-end', 8],
  ['exe r= "\\n"', 'bad-escape', 9],
  ['comm == x', 'no-value', 1],
  ['uid == 99999999999999999999', 'bad-value', 8],
  ['\\time == x', 'unknown-field', 2],
  ['\\record_type == SYSCAL', 'bad-value', 17],
  ['\\timestamp == "ts:1.2"', 'bad-value', 15],
  ['\\timestamp == ts:1', 'bad-value', 15],
  ['\\regexp x(', 'unexpected', 10],
  ['\\regexp "x("', 'bad-regexp', 9],
  [`${'('.repeat(101)}a r= 1${')'.repeat(101)}`, 'too-deep', 101],
  [`a r= "${'x'.repeat(16384)}"`, 'too-long', 16385],
  ['a r= "\0"', 'unexpected', 7],
]

void test('expressions are read as the manual and libauparse have them', (t) => {
  for (const [text, wanted] of READ) t.equal(shape(parseExpression(text)), wanted, text)
  t.end()
})

void test('what is no expression is refused where it goes wrong', (t) => {
  for (const [text, code, column] of REFUSED) {
    try {
      t.fail(`${text} is read as ${shape(parseExpression(text))}`)
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error
      t.same([error.code, error.column], [code, column], `${text.slice(0, 40)}: ${error.message}`)
    }
  }
  t.end()
})

void test('a mistake in a record type says which was meant', (t) => {
  t.throws(() => parseExpression('\\record_type == SYSCAL'), { message: /did you mean 'SYSCALL'/ })
  t.end()
})

void test('a clause knows its text and where it stands', (t) => {
  const clause = parseExpression('!(  uid r=  0 )')
  t.match(clause, { kind: 'not', of: { text: 'uid r=  0', column: 5 } })
  t.match(parseExpression('\\timestamp < ts:1.2 '), { text: '\\timestamp < ts:1.2', column: 1 })
  t.end()
})
