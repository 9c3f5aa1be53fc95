// Plugins that are right in unusual ways, and pass every check.

import { readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'tap'
import { CHECKS } from '../src/ctl/conformance/checks.js'
import { verdictOn } from './ctl/plugin-verdict.js'

void test('a plugin with commands, positions and everything passes, and programs can read that', async (t) => {
  const program = [process.execPath, resolve('test/fixtures/plugins/sends-by-positions.js')]
  const { status, out } = await verdictOn(['--direction', 'both', '--json', '--', ...program])
  t.equal(status, 0, out)
  const parsed: unknown = JSON.parse(out)
  t.match(parsed, {
    verb: 'plugin test',
    command: program,
    format: 'protocol',
    direction: 'both',
    ok: CHECKS.filter(({ formats }) => formats.includes('protocol')).length,
    failed: 0,
    skipped: 0,
    checks: [{ name: 'opening', result: 'ok', why: /^A plugin that/, tookMs: Number }],
    exitStatus: 0,
  })
})

void test('a plugin that takes its time is not wrong', async (t) => {
  const program = [process.execPath, resolve('test/fixtures/plugins/takes-its-time.js')]
  // A third of what either takes as a whole, and more than a busy machine takes to start Node.
  const impatient = ['--timeout', '2s', '--only']
  const slow = await verdictOn([...impatient, 'burst', '--', ...program])
  t.equal(slow.status, 0, slow.out)
  // The kit's own pace is not the plugin's.
  const silent = await verdictOn([...impatient, 'pieces', '--', ...program, 'silent'])
  t.equal(silent.status, 0, silent.out)
})

void test('a plugin that takes whole events is not wrong', async (t) => {
  const dir = t.testdir({ node_modules: {}, 'package.json': '{"type":"module"}' })
  symlinkSync(resolve('.'), join(dir, 'node_modules/audispd'))
  const [, example = ''] =
    /<!-- example: logins.ts -->\s+```ts\n([^]*?)```/.exec(readFileSync('docs/sdk.md', 'utf8')) ?? []
  t.match(example, /events\(/)
  const wholeEvents = 'opening,recorded-stream,unknown-lines,acks-in-time,torn-by-term,redelivery'
  writeFileSync(join(dir, 'logins.js'), example)
  const { status, out } = await verdictOn(['--only', wholeEvents, '--', process.execPath, join(dir, 'logins.js')])
  t.equal(status, 0, out)
})

void test('string plugins that are right pass', async (t) => {
  const print = [process.execPath, resolve('build/plugins/print/main.js')]
  for (const program of [print, ['/bin/sh', '-c', 'exec cat >/dev/null']]) {
    const { status, out } = await verdictOn(['--format', 'string', '--', ...program])
    t.equal(status, 0, out)
  }
})
