import { readFileSync } from 'node:fs'
import { test } from 'tap'
import { DEFAULT_CONFIG, type IptablesConfig } from '../../../plugins/iptables/config.js'
import { loadConfig, readConfig } from '../../../plugins/iptables/config-file.js'
import { formatProblem, readEntries } from '../../../src/config.js'
import { fakeDisk } from '../../dispatcher/fake-disk.js'

const GOOD: readonly (readonly [text: string, changes: Partial<IptablesConfig>])[] = [
  ['', {}],
  ['Source = SYSLOG', { source: 'syslog', file: '/var/log/kern.log' }],
  ['source = logemu', { source: 'logemu', file: '/var/log/ulog/syslogemu.log' }],
  ['source = json\nfile =', { source: 'json', file: '/var/log/ulog/ulogd.json' }],
  ['source = json\nfile = /x', { source: 'json', file: '/x' }],
  ['begin = newest', { isFromNow: true }],
  ['begin = oldest', {}],
  ['prefix = fw-* "a b"', { prefixes: ['fw-*', 'a b'] }],
  ['max_per_second = 7', { maxPerSecond: 7 }],
  ['output = lines', { output: 'lines' }],
  ['output = kernel', { output: 'kernel', maxPerSecond: 10 }],
  ['output = kernel\nmax_per_second = 50', { output: 'kernel', maxPerSecond: 50 }],
  ['position_file = /p', { positionFile: '/p' }],
]

const BAD: readonly (readonly [text: string, problem: string | RegExp])[] = [
  ['source = kmesg', "f:1: source: 'kmesg' is not kmsg, syslog, logemu or json (did you mean 'kmsg'?)"],
  ['sorce = kmsg', "f:1: sorce: unknown key (did you mean 'source'?)"],
  ['file = log', /is not an absolute path/],
  ['begin = now', /oldest or newest/],
  ["prefix = 'a", /is opened and not closed/],
  [`prefix = ${'x'.repeat(129)}`, /more than 128 characters/],
  [`prefix = ${'x '.repeat(101)}`, /more than 100 patterns/],
  ['max_per_second = -1', /is not a whole number/],
  ['output = kernel\nmax_per_second = 0', 'f:2: max_per_second: with output = kernel it is 1 to 50'],
  ['output = kernel\nmax_per_second = 51', 'f:2: max_per_second: with output = kernel it is 1 to 50'],
  ['position_file = /dev/kmsg', 'f:1: position_file: is the file that is read'],
  ['[x]', 'f:1: there are no sections here; take [x] out'],
]

void test('what each key means', (t) => {
  for (const [text, changes] of GOOD)
    t.same(readConfig(text, 'f'), { config: { ...DEFAULT_CONFIG, ...changes }, problems: [] })
  t.end()
})

void test('mistakes are told with their line, all at once', (t) => {
  for (const [text, problem] of BAD) {
    const { config, problems } = readConfig(text, 'f')
    t.equal(config, undefined, text)
    t.match(problems.map(formatProblem), [problem])
  }
  t.equal(readConfig(BAD.map(([text]) => text).join('\n'), 'f').problems.length > 8, true)
  t.end()
})

void test('the shipped file has every key with its default', (t) => {
  const text = readFileSync('etc/iptables.conf', 'utf8')
  t.same(readConfig(text, 'f'), { config: DEFAULT_CONFIG, problems: [] })
  const described = [...readFileSync('man/audispd-iptables.conf.5', 'utf8').matchAll(/^\.It Cm (\w+) No =/gm)]
  t.same(
    readEntries(text, 'f').entries.map(({ key }) => key),
    described.map(([, key]) => key),
  )
  t.end()
})

void test('a file is believed only if it is root’s', (t) => {
  const disk = fakeDisk({ '/c': { text: 'source = json\n' }, '/d': { text: '', mode: 0o666 } })
  t.match(loadConfig('/c', disk).config, { source: 'json' })
  t.equal(loadConfig('/d', disk).config, undefined)
  t.match(loadConfig('/e', disk).problems, [{ text: 'does not exist' }])
  t.end()
})
