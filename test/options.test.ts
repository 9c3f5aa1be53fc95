import { test } from 'tap'
import { INPUTS, readOptions, USAGE } from '../src/options.js'

const DEFAULTS = {
  verb: 'run',
  configDir: undefined,
  only: undefined,
  input: 'auto',
  runDir: undefined,
  replay: false,
  json: false,
}

void test('what is asked for', (t) => {
  const cases: readonly (readonly [args: string, wanted: object])[] = [
    ['', {}],
    ['-c /etc/x', { configDir: '/etc/x' }],
    ['--config-dir=/etc/x', { configDir: '/etc/x' }],
    ['--run-dir /run/x', { runDir: '/run/x' }],
    ['--input none', { input: 'none' }],
    ['--only a --replay', { only: ['a'], replay: true }],
    ['--only a', { only: ['a'] }],
    ['--only a b c', { only: ['a', 'b', 'c'] }],
    ['--only a --only b', { only: ['a', 'b'] }],
    ['--only a,b -c /etc/x', { only: ['a', 'b'], configDir: '/etc/x' }],
    ['--check', { verb: 'check' }],
    ['--check --json', { verb: 'check', json: true }],
    ['--dry-run --json -c x', { verb: 'dry-run', json: true, configDir: 'x' }],
    ['--version', { verb: 'version' }],
    ['--check --version', { verb: 'version' }],
    ['-h --version --dry-run', { verb: 'help' }],
  ]
  for (const [args, wanted] of cases) {
    t.same(readOptions(args === '' ? [] : args.split(' ')), { ...DEFAULTS, ...wanted }, args)
  }
  for (const input of INPUTS) t.equal(readOptions(['--input', input]).input, input)
  t.end()
})

void test('what cannot be meant', (t) => {
  const cases: readonly (readonly [args: string, message: RegExp])[] = [
    ['siem', /unexpected argument 'siem'/],
    ['-c /etc/x siem', /unexpected argument 'siem'/],
    ['--input frames', /--input takes auto, none, exact, padded, text, not 'frames'/],
    ['--check --dry-run', /do not go together/],
    ['--chekc', /'--chekc'/],
    ['-x', /'-x'/],
    ['-c', /argument missing/],
    ['--json=yes', /does not take an argument/],
  ]
  for (const [args, message] of cases) t.throws(() => readOptions(args.split(' ')), message, args)
  t.end()
})

void test('the usage names every option, and no other', (t) => {
  const named = [...USAGE.matchAll(/^ {2}(?:-\w, | {4})--([a-z-]+)/gm)].map(([, option = '']) => option)
  const options = ['config-dir', 'only', 'input', 'run-dir', 'replay', 'check', 'dry-run', 'json', 'help', 'version']
  // The launcher takes --jitless and does not pass it on.
  t.same(named.toSorted(), [...options, 'jitless'].toSorted())
  for (const option of options) {
    const value = ['config-dir', 'only', 'input', 'run-dir'].includes(option) ? ['none'] : []
    t.doesNotThrow(() => readOptions([`--${option}`, ...value]), option)
  }
  t.end()
})
