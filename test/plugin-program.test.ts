// The command lines of plugins, where all of them are alike.

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'tap'
import { COMMON_OPTIONS, oneFile, verbOf } from '../src/plugin-program.js'

interface Said {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

function run(plugin: string, ...args: readonly string[]): Said {
  const main = resolve(`build/plugins/${plugin}/main.js`)
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    env: {},
    cwd: '/',
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

void test('a wrong command line is told with the usage', (t) => {
  for (const plugin of ['remote-recv', 'iptables']) {
    const { status, stdout, stderr } = run(plugin, '--frobnicate')
    t.match({ status, stdout }, { status: 64, stdout: '' })
    const name = `audispd-${plugin}`
    t.ok(stderr.startsWith(`${name}: Unknown option '--frobnicate'`) && stderr.includes(`\nUsage: ${name} `), stderr)
  }
  t.end()
})

void test('help and version', (t) => {
  const { version }: Record<string, unknown> = JSON.parse(readFileSync('package.json', 'utf8'))
  t.match(run('print', '--help'), { status: 0, stdout: /^Usage: audispd-print .*\(8\)\.\n$/s, stderr: '' })
  t.same(run('print', '--version'), { status: 0, stdout: `${String(version)}\n`, stderr: '' })
  t.end()
})

void test('what cannot be used is told under the name of the plugin, and what --check finds without it', (t) => {
  const problem = '/no/such/file: does not exist\n'
  t.same(run('iptables', '/no/such/file'), { status: 78, stdout: '', stderr: `audispd-iptables: ${problem}` })
  t.same(run('iptables', '--check', '/no/such/file'), { status: 78, stdout: '', stderr: problem })
  const { status, stderr } = run('af-unix', 'string', 'binary', 'x')
  t.equal(status, 78)
  t.match(stderr, /^audispd-af-unix: 'binary' is one format too many\naudispd-af-unix: 'x' is no mode/)
  t.end()
})

void test('one verb, one file', (t) => {
  t.equal(verbOf({ check: true, help: true, version: true }), 'help')
  t.equal(verbOf({ check: true, help: false, version: false }), 'check')
  t.equal(verbOf({ check: false, help: false, version: false }), 'run')
  t.same(Object.keys(COMMON_OPTIONS), ['check', 'help', 'version'])
  t.equal(oneFile([], '/default'), '/default')
  t.equal(oneFile(['/a'], '/default'), '/a')
  t.throws(() => oneFile(['/a', '/b'], '/default'), /'\/b' is one file too many/)
  t.end()
})
