import { test } from 'tap'
import { lastLine, readConf } from '../../src/ctl/auditd-conf.js'

void test('words are separated by blanks alone, and keys have no case', async (t) => {
  const { lines, faults } = readConf('\n# c\n  ## d\n  Plugin_Dir   =  /a/b  \nargs = -c /x y\n', 158)
  t.same(lines, [
    { key: 'plugin_dir', value: '/a/b', line: 4 },
    { key: 'args', value: '-c /x y', line: 5 },
  ])
  t.same(faults, [])
})

void test('a # later in a line, a tab and a carriage return are part of the word', async (t) => {
  const { lines } = readConf('a = b#c\nd = \te\r\n', 158)
  t.same(
    lines.map(({ value }) => value),
    ['b#c', '\te\r'],
  )
})

void test('what auditd refuses is told with its line', async (t) => {
  const { lines, faults } = readConf('plugin_dir=/x\nactive yes\ndispatcher =\n', 158)
  t.same(lines, [])
  t.match(faults, [
    { key: 'plugin_dir=/x', line: 1, message: "'=' with a blank" },
    { key: 'active', line: 2, message: "'=' with a blank" },
    { key: 'dispatcher', line: 3, message: 'no value' },
  ])
})

void test('a line at the limit counts, one byte more does not', async (t) => {
  const atLimit = `path = /${'x'.repeat(150)}`
  t.equal(atLimit.length, 158)
  t.equal(readConf(`${atLimit}\n`, 158).lines.length, 1)
  const { lines, faults } = readConf(`${atLimit}x\n`, 158)
  t.same(lines, [])
  t.match(faults, [{ key: 'path', line: 1, message: 'longer than 158 bytes' }])
})

void test('a last line without its newline is none', async (t) => {
  t.same(readConf('a = 1\na = 2', 158).lines, [{ key: 'a', value: '1', line: 1 }])
})

void test('the last line wins', async (t) => {
  t.equal(lastLine(readConf('a = 1\nb = 3\nA = 2\n', 158), 'a')?.value, '2')
  t.equal(lastLine(readConf('', 158), 'a'), undefined)
})
