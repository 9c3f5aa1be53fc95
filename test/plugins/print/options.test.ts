import { spawnSync } from 'node:child_process'
import { test } from 'tap'
import { readOptions } from '../../../plugins/print/options.js'
import { COLORED, paintFor, PLAIN } from '../../../src/show/paint.js'

void test('options', (t) => {
  t.match(readOptions([]), { verb: 'run', shows: 'events', color: 'auto', selection: { types: undefined, keys: [] } })
  t.match(readOptions(['--json', '--key', 'a', '--key', 'b', '--type', 'user_*', '--color=never']), {
    shows: 'json',
    color: 'never',
    selection: { types: { text: 'type=USER_*' }, keys: ['a', 'b'] },
  })
  for (const [args, text] of [
    [['--color=red'], /--color: 'red' is none of auto, always, never/],
    [['--type', 'USRE'], /--type: .*USRE/],
    [['--type', 'A B'], /--type: names stand with commas/],
    [['--records', '--json'], /exclude each other/],
    [['file'], /file/],
    [['--keys'], /--keys/],
  ] as const) {
    t.throws(() => readOptions(args), text)
  }
  t.end()
})

void test('colour on a terminal, unless somebody does not want it', (t) => {
  t.equal(paintFor('auto', true, {}), COLORED)
  t.equal(paintFor('auto', true, { NO_COLOR: '' }), COLORED)
  t.equal(paintFor('auto', true, { NO_COLOR: '1' }), PLAIN)
  t.equal(paintFor('auto', true, { TERM: 'dumb' }), PLAIN)
  t.equal(paintFor('auto', false, {}), PLAIN)
  t.equal(paintFor('always', false, { NO_COLOR: '1' }), COLORED)
  t.equal(paintFor('never', true, {}), PLAIN)
  t.end()
})

void test('the program, in an empty environment', (t) => {
  const run = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
    spawnSync('/usr/bin/env', ['-i', 'build/bin/audispd-print', ...args], {
      encoding: 'utf8',
      input: 'type=LOGIN msg=audit(1.002:3): pid=1 res=1',
    })
  t.match(run(), {
    status: 0,
    stdout: '1970-01-01T00:00:01.002Z #3 LOGIN ok pid=1\n',
    stderr: /^stdin ended within a line/m,
  })
  t.match(run('--help'), { status: 0, stdout: /^Usage: audispd-print/ })
  t.match(run('--color=x'), { status: 64, stdout: '', stderr: /^audispd-print: --color: 'x'/ })
  t.end()
})
