import { readFileSync } from 'node:fs'
import { test } from 'tap'
import { formatProblem } from '../../../src/config.js'
import { DEFAULT_CONFIG, FILTER_KEYS, readConfig, type FilterConfig } from '../../../plugins/filter/config.js'
import { loadAny, loadRuleFile, loadSetup } from '../../../plugins/filter/load.js'
import { readOptions } from '../../../plugins/filter/options.js'
import { fakeDisk } from '../../dispatcher/fake-disk.js'

const GOOD: readonly (readonly [line: string, changes: Partial<FilterConfig>])[] = [
  ['rules = /a /b', { ruleFiles: ['/a', '/b'] }],
  ['unit = Record', { unit: 'record' }],
  ['default = drop', { default: 'drop' }],
  ['child = /bin/cat -u "a b"', { child: { program: '/bin/cat', args: ['-u', 'a b'] } }],
  ['child =', { child: undefined }],
  ['child_restart = 1s..2m', { childRestart: { firstMs: 1000, longestMs: 120_000 } }],
  ['buffer = 1M', { bufferBytes: 1_048_576 }],
  ['sendmail = /m', { sendmail: { program: '/m', args: [] } }],
  ['exec_timeout = 500ms', { execTimeoutMs: 500 }],
  ['exec_max = 64', { execMax: 64 }],
  ['status =', { statusFile: '' }],
  ['status = /s', { statusFile: '/s' }],
]

const BAD: readonly (readonly [line: string, said: RegExp])[] = [
  ['rule = /a', /^f:1: rule: unknown key \(did you mean 'rules'\?\)/],
  ['rules = a', /^f:1: rules: 'a' is not an absolute path/],
  [`rules =${' /a'.repeat(65)}`, /^f:1: rules: 65 files; 64 are the most/],
  ['unit = events', /^f:1: unit: 'events' is not event or record \(did you mean 'event'\?\)/],
  ['default = allow', /^f:1: default: 'allow' is not keep or drop/],
  ['child = cat', /^f:1: child: 'cat' is not an absolute path, and there is no PATH/],
  ['child = /bin/cat "', /^f:1: child: a " is opened and not closed/],
  ['child_restart = 2m..1s', /^f:1: child_restart: 2m is longer than 1s/],
  ['buffer = 1', /^f:1: buffer: '1' is not a size from 256K to 1G/],
  ['exec_max = 65', /^f:1: exec_max: '65' is not a whole number from 1 to 64/],
  ['status = s', /^f:1: status: 's' is not an absolute path/],
  ['[action x]', /^f:1: \[action x\]: this file has no sections/],
]

void test('each key, and each mistake', (t) => {
  t.same(readConfig('', 'f'), { config: DEFAULT_CONFIG, problems: [] })
  for (const [line, changes] of GOOD) {
    t.same(readConfig(`${line}\n`, 'f'), { config: { ...DEFAULT_CONFIG, ...changes }, problems: [] }, line)
  }
  for (const [line, said] of BAD) {
    const { config, problems } = readConfig(`${line}\n`, 'f')
    t.equal(config, undefined, line)
    t.match(problems.map(formatProblem), [said], line)
  }
  t.equal(
    readConfig(BAD.map(([line]) => line).join('\n'), 'f').problems.filter(({ level }) => level === 'error').length,
    BAD.length,
  )
  t.end()
})

void test('the shipped file has every key with its default, and the manual describes it', (t) => {
  const shipped = readFileSync('etc/filter.conf', 'utf8')
  t.same(readConfig(shipped, 'f'), { config: DEFAULT_CONFIG, problems: [] })
  const keys = [...shipped.matchAll(/^(\w+) =/gm)].map(([, key = '']) => key)
  t.same(keys.toSorted(), FILTER_KEYS.toSorted())
  const manual = readFileSync('man/audispd-filter.conf.5', 'utf8')
  t.same([...manual.matchAll(/^\.It Cm (\w+) No =/gm)].map(([, key = '']) => key).toSorted(), FILTER_KEYS.toSorted())
  t.end()
})

void test('the rules that are shipped as examples are rules', (t) => {
  const text = readFileSync('etc/filter.rules', 'utf8')
  t.equal(loadSetup('/c', fakeDisk({ '/c': 'rules = /r\n', '/r': text })).setup?.rules.length, 0)
  const live = text.replaceAll(/^# ([a-z]+ .*)$/gm, '$1').replaceAll(/^# /gm, '#')
  const { setup, problems } = loadSetup('/c', fakeDisk({ '/c': 'rules = /r\n', '/r': live }))
  t.same(problems, [])
  t.equal(setup?.rules.length, 6)
  t.end()
})

void test('what kind of file it is', (t) => {
  const files = {
    '/conf': 'rules = /rules\nunit = record\n',
    '/rules': 'drop when type r= CWD\n',
    '/bare': 'type r= CWD\n',
  }
  t.match(loadAny('/conf', fakeDisk(files)).setup, { config: { unit: 'record' }, rules: [{ verb: { kind: 'drop' } }] })
  t.match(loadAny('/rules', fakeDisk(files)).setup, {
    config: { default: 'keep' },
    rules: [{ verb: { kind: 'drop' } }],
  })
  t.match(loadAny('/bare', fakeDisk(files)).setup, { config: { default: 'drop' }, rules: [{ verb: { kind: 'keep' } }] })
  t.match(loadRuleFile('/none', fakeDisk(files)).problems, [{ file: '/none', text: 'does not exist' }])
  t.match(loadSetup('/conf', fakeDisk({ '/conf': 'rules = /gone\n' })), {
    setup: undefined,
    problems: [{ file: '/gone', text: 'does not exist' }],
  })
  t.end()
})

void test('the command line', (t) => {
  t.same(readOptions([]), { verb: 'run', file: '/etc/audispd/filter.conf' })
  t.same(readOptions(['/c']), { verb: 'run', file: '/c' })
  t.same(readOptions(['test', '/log', '-']), {
    verb: 'test',
    source: { kind: 'config', file: '/etc/audispd/filter.conf' },
    files: ['/log', '-'],
    json: false,
  })
  t.match(readOptions(['test', '-r', '/r', '--json', '/log']), { source: { kind: 'rules', file: '/r' }, json: true })
  t.match(readOptions(['explain', '-c', '/c', '1.000:5', '/log']), {
    verb: 'explain',
    event: '1.000:5',
    files: ['/log'],
  })
  t.same(readOptions(['status', '-c', '/c']), { verb: 'status', file: '/c', json: false })
  for (const wrong of [
    ['test'],
    ['explain', '5'],
    ['/a', '/b'],
    ['-r', '/r'],
    ['--json'],
    ['test', '-r', '/r', '-c', '/c', '/l'],
  ]) {
    t.throws(() => readOptions(wrong), wrong.join(' '))
  }
  t.end()
})
