import { test } from 'tap'
import { expressionWarnings } from '../../../plugins/filter/expression-warnings.js'
import { parseExpression } from '../../../plugins/filter/parse-expression.js'

/** Expressions with the columns and a word of their warnings. */
const WARNED: readonly (readonly [string, readonly (readonly [number, RegExp])[]])[] = [
  ['\\record_type r= SYSCALL', [[1, /never holds/]]],
  ['uid r= 0 && \\timestamp i= x', [[13, /never holds/]]],
  ['\\record_type == 9999', [[1, /9999/]]],
  ['type r= SYSCAL', [[1, /did you mean 'SYSCALL'/]]],
  ['type r= syscall', [[1, /syscall/]]],
  ['\\timestamp == ts:1.5000', [[1, /999/]]],
  ['uid == root', [[1, /the number 0; a name needs i=/]]],
  ['uid < 0', [[1, /below 0/]]],
  ['uid > -1', [[1, /above/]]],
  ['UID r= root', [[1, /write uid i=/]]],
  ['AUID i!= root', [[1, /write auid i!=/]]],
  ['name r= "a b"', [[1, /blank/]]],
  ['comm r= cat', [[1, /quotes/]]],
  ['exe i= "\\"/bin/sh\\""', [[1, /no quotes/]]],
  ['uid i= 1000', [[1, /unknown\(1000\)/]]],
  ['arch i= b64', [[1, /x86_64/]]],
  ['success i= true', [[1, /yes or no/]]],
  ['uid r= 0 && uid r= 1', [[13, /never together with uid r= 0/]]],
  ['uid r= 0 && (gid r= 0 && uid r= 1)', [[26, /uid r= 0/]]],
  ['uid r= 0 && uid r!= 0', [[13, /never together/]]],
  ['uid r= 0 && !uid r= 0', [[14, /never together/]]],
  ['uid r= 0 && !uid r!= 1', [[14, /never together/]]],
  ['uid > 5 && uid < 3', [[12, /never together/]]],
  ['uid > 5 && uid < 6', [[12, /never together/]]],
  ['\\record_type == SYSCALL && \\record_type == PATH', [[28, /never together/]]],
]

const FINE: readonly string[] = [
  'uid r= 0 || uid r= 1',
  'uid r= 0 && uid i= root',
  'uid r= 0 && uid r!= 1',
  'uid r= 0 && !uid r!= 0',
  'uid r= 0 && !uid r= 1',
  'uid r= 0 && uid r= 0',
  'uid r!= 0 && uid r!= 1',
  '!uid r= 0 && !uid r= 1',
  'uid > 5 && uid < 7',
  'uid >= 5 && uid <= 5',
  'uid !== 5 && uid !== 6',
  '\\record_type >= 1100 && \\record_type < 1300',
  'type r= "UNKNOWN[1999]"',
  'comm r= "\\"cat\\""',
  'comm r= 636174',
  'key r= "(null)"',
  'acct r= "?"',
  'name i= "a b"',
  'auid == -1',
  'success r= yes',
]

void test('what can never match is warned of', (t) => {
  for (const [text, wanted] of WARNED) {
    const warnings = expressionWarnings(parseExpression(text))
    t.same(
      warnings.map(({ column }) => column),
      wanted.map(([column]) => column),
      `${text}: ${warnings.map((warning) => warning.text).join('; ')}`,
    )
    for (const [index, [, pattern]] of wanted.entries()) t.match(warnings[index]?.text, pattern, text)
  }
  t.end()
})

void test('what can match is not', (t) => {
  for (const text of FINE) t.same(expressionWarnings(parseExpression(text)), [], text)
  t.end()
})
