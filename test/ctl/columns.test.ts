import { test } from 'tap'
import { columns } from '../../src/ctl/columns.js'
import { COLORED, painter } from '../../src/ctl/paint.js'

void test('columns are as wide as their widest cell, and lines end where their text ends', (t) => {
  t.equal(
    columns(
      [
        ['siem', '12', 'yes'],
        ['syslog', '1,234', ''],
      ],
      { head: ['PLUGIN', 'IN', 'X'], right: [1] },
    ),
    'PLUGIN     IN  X\nsiem       12  yes\nsyslog  1,234\n',
  )
  t.equal(columns([]), '')
  t.equal(columns([['a']], { head: ['NAME', 'STATE'] }), 'NAME  STATE\na\n', 'a short row')
  t.end()
})

void test('what is painted or wide is measured as it is seen', (t) => {
  t.equal(
    columns([
      [COLORED('ok', 'up'), 'a'],
      ['東京', 'b'],
    ]),
    '\x1b[32mup\x1b[0m    a\n東京  b\n',
  )
  t.end()
})

void test('nothing is painted but on a terminal that may be', (t) => {
  const terminal = { size: () => ({ columns: 80, rows: 24 }), onKey: () => () => {} }
  t.equal(painter({ terminal, env: { TERM: 'xterm' } })('fail', 'x'), '\x1b[1;31mx\x1b[0m')
  t.equal(painter({ terminal, env: { NO_COLOR: '' } })('ok', 'x'), '\x1b[32mx\x1b[0m', 'an empty NO_COLOR says nothing')
  t.equal(painter({ terminal, env: { NO_COLOR: '1' } })('fail', 'x'), 'x')
  t.equal(painter({ terminal, env: { TERM: 'dumb' } })('fail', 'x'), 'x')
  t.equal(painter({ terminal: undefined, env: {} })('fail', 'x'), 'x')
  t.end()
})
