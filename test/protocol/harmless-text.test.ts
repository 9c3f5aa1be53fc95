import { test } from 'tap'
import { harmlessText } from '../../src/protocol/harmless-text.js'

void test('what could do harm is escaped, all else stands as it is', (t) => {
  const cases: readonly (readonly [text: string, shown: string])[] = [
    ['', ''],
    ['plain \'text\' "quoted" \\ %s $(id) ü 日本 \u{1f600}', 'plain \'text\' "quoted" \\ %s $(id) ü 日本 \u{1f600}'],
    ['two\nlines\r\n', 'two\\x0alines\\x0d\\x0a'],
    ['\0\t\u001b[2J\u007f', '\\x00\\x09\\x1b[2J\\x7f'],
    ['\u009b2J', '\\x9b2J'],
    ['a\u2028b\u2029c', 'a\\u{2028}b\\u{2029}c'],
    ['\u202egnp.exe', '\\u{202e}gnp.exe'],
    ['\ud83d', '\\u{d83d}'],
    ['\u{e0001}', '\\u{e0001}'],
  ]
  for (const [text, shown] of cases) t.equal(harmlessText(text, 100), shown)
  t.end()
})

void test('what is too long is cut', (t) => {
  t.equal(harmlessText('abcd', 4), 'abcd')
  t.equal(harmlessText('abcde', 4), 'abcd…')
  t.equal(harmlessText('abc\u{1f600}', 4), 'abc\\u{d83d}…', 'half of a character is escaped')
  t.end()
})
